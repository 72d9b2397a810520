using System.Net;

namespace Headgate.Tests;

/// <summary>What becomes of requests to an API whose answers are kept.</summary>
[Collection(Threads.Alone)]
public sealed class CacheVisitTests
{
    [Fact]
    public async Task A_stale_answer_is_validated_with_its_tag_and_served_after_304()
    {
        var conditions = new List<string?>();
        using var api = new CachingApi();
        api.Answer = (number, request, _) =>
        {
            conditions.Add(request.Headers.TryGetValues("If-None-Match", out var tags) ? string.Join(',', tags) : null);
            return Task.FromResult(CachingApi.Fresh(number, "max-age=1", "\"v1\"", number == 1 ? HttpStatusCode.OK : HttpStatusCode.NotModified));
        };
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(5));

        var second = await api.GetAsync();

        Assert.Equal(("revalidated 200 answer 1", FailureClass.None, 1), ($"{second}", second.Exchange.Failure, second.Exchange.Attempts));
        Assert.Equal([null, "\"v1\""], conditions);
        Assert.Contains("fwd=stale; fwd-status=304", second.Exchange.Cache!.Header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 200, 100)]
    [InlineData("bytes=20-79", 206, 60)]
    [InlineData("bytes=20-", 206, 80)]
    [InlineData("bytes=0-99", 206, 100)]
    public async Task A_server_that_gives_less_than_the_missing_part_is_asked_again_and_nobody_gets_less_than_he_asked_for(string? range, int status, int length)
    {
        using var api = new CachingApi();
        var whole = string.Concat(Enumerable.Range(0, 100).Select(number => (char)('a' + number % 26)));
        api.Answer = (_, request, _) =>
        {
            // Of what is missing it gives ten bytes, though more was asked for (RFC 9110 §15.3.7); of all else what is asked.
            var asked = request.Headers.Range?.Ranges.Single();
            var (first, last) = ((int)(asked?.From ?? 0), (int)(asked?.To ?? 99));
            if (request.Headers.IfRange is not null)
                last = Math.Min(last, first + 9);
            var answer = CachingApi.Fresh(0, etag: "\"q\"", status: asked is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent);
            answer.Content = new StringContent(whole[first..(last + 1)]);
            if (asked is not null)
                answer.Content.Headers.ContentRange = new(first, last, 100);
            return Task.FromResult(answer);
        };
        await api.GetAsync(headers: ("Range", "bytes=0-49"));

        var got = range is null ? await api.GetAsync() : await api.GetAsync(headers: ("Range", range));

        Assert.Equal((status, length), (got.Status, got.Body.Length));
        Assert.Contains(got.Body, whole, StringComparison.Ordinal);
        Assert.Equal(whole, (await api.GetAsync()).Body);
    }

    [Fact]
    public async Task Of_fifty_that_ask_the_same_one_is_sent_cold_and_one_when_it_is_stale()
    {
        using var api = new CachingApi();
        api.Answer = async (number, request, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            return CachingApi.Fresh(number, "max-age=60", "\"v\"", request.Headers.IfNoneMatch.Count > 0 ? HttpStatusCode.NotModified : HttpStatusCode.OK);
        };

        var cold = await api.EndAsync(Task.WhenAll(Enumerable.Range(0, 50).Select(_ => api.SendAsync())));
        Assert.Single(api.Asked);
        Assert.All(cold, got => Assert.Equal("answer 1", got.Body));
        Assert.Equal((49, 49), (cold.Count(got => got.Cache == "hit"), cold.Count(got => got.Exchange.Cache!.Header.StartsWith("headgate; fwd=uri-miss; ttl=", StringComparison.Ordinal) && got.Exchange.Cache.Header.EndsWith("; collapsed", StringComparison.Ordinal))));

        api.Time.Advance(TimeSpan.FromSeconds(100));
        var stale = await api.EndAsync(Task.WhenAll(Enumerable.Range(0, 50).Select(_ => api.SendAsync())));
        Assert.Equal(2, api.Asked.Count);
        Assert.Equal(1, stale.Count(got => got.Cache == "revalidated"));
    }

    [Theory]
    [InlineData("http", "no-store")]
    [InlineData("shared", "private, max-age=60")]
    public async Task Those_who_wait_for_what_is_for_one_only_are_let_go_as_soon_as_that_is_known(string cache, string control)
    {
        using var api = new CachingApi(cache);
        var body = new TaskCompletionSource();
        api.Answer = async (number, _, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            var answer = CachingApi.Fresh(number, control);
            if (number == 1)
                answer.Content = new LateContent(body.Task);
            return answer;
        };
        var all = Enumerable.Range(0, 10).Select(_ => api.SendAsync()).ToList();

        // The first one's body does not come: nobody waits for that.
        await api.UntilAsync(() => all.Count(task => task.IsCompleted) == 9);
        Assert.Equal(10, api.Asked.Count);
        body.SetResult();
        await api.EndAsync(Task.WhenAll(all));
    }

    [Fact]
    public async Task Who_would_be_given_another_variant_waits_for_nobody_else_s()
    {
        using var api = new CachingApi();
        api.Answer = async (number, request, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            var answer = CachingApi.Fresh(number);
            answer.Headers.TryAddWithoutValidation("Vary", "Accept");
            answer.Content = new StringContent($"as {request.Headers.Accept}");
            return answer;
        };

        var got = await api.EndAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(async number => (Wanted: number % 2 == 0 ? "a/a" : "b/b", Got: await api.SendAsync(headers: [("Accept", number % 2 == 0 ? "a/a" : "b/b")])))));

        Assert.All(got, pair => Assert.Equal($"as {pair.Wanted}", pair.Got.Body));
        Assert.Equal(2, api.Asked.Count);
    }

    [Fact]
    public async Task When_the_one_that_asks_goes_away_the_next_one_asks()
    {
        using var api = new CachingApi();
        using var gone = new CancellationTokenSource();
        api.Answer = async (number, _, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), api.Time, cancellation);
            return CachingApi.Fresh(number);
        };
        var driver = api.SendAsync(cancellation: gone.Token);
        await api.UntilAsync(() => api.Asked.Count == 1);
        var others = Enumerable.Range(0, 10).Select(_ => api.SendAsync()).ToList();
        await Task.Yield();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.EndAsync(driver));
        Assert.All(await api.EndAsync(Task.WhenAll(others)), got => Assert.Equal("answer 2", got.Body));
        Assert.Equal(2, api.Asked.Count);
    }

    [Fact]
    public async Task Each_that_waits_keeps_its_own_deadline_and_cancellation()
    {
        using var api = new CachingApi();
        using var gone = new CancellationTokenSource();
        api.Answer = async (number, _, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(30), api.Time, cancellation);
            return CachingApi.Fresh(number);
        };
        var driver = api.SendAsync();
        await api.UntilAsync(() => api.Asked.Count == 1);
        var (cancelled, late) = (api.SendAsync(cancellation: gone.Token), api.SendAsync(within: TimeSpan.FromSeconds(5)));
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.EndAsync(cancelled));
        Assert.Equal(FailureClass.Deadline, (await Assert.ThrowsAsync<HeadgateException>(() => api.EndAsync(late))).FailureClass);
        Assert.False(driver.IsCompleted);
        Assert.Equal("answer 1", (await api.EndAsync(driver)).Body);
    }

    [Fact]
    public async Task What_is_more_urgent_does_not_wait_for_what_is_less()
    {
        using var api = new CachingApi();
        api.Answer = async (number, _, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(number == 1 ? 60 : 1), api.Time, cancellation);
            return CachingApi.Fresh(number);
        };
        var background = api.SendAsync(priority: RequestPriority.Background);
        await api.UntilAsync(() => api.Asked.Count == 1);

        Assert.Equal("answer 2", (await api.EndAsync(api.SendAsync(priority: RequestPriority.Critical))).Body);
        Assert.False(background.IsCompleted);
        await api.EndAsync(background);
    }

    [Fact]
    public async Task A_stale_answer_that_may_be_given_is_given_at_once_and_validated_once_behind_it()
    {
        using var api = new CachingApi();
        api.Answer = async (number, _, cancellation) =>
        {
            if (number > 1)
                await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            return CachingApi.Fresh(number, "max-age=10, stale-while-revalidate=600");
        };
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(20));

        var at = api.Time.Elapsed;
        var all = Enumerable.Range(0, 10).Select(_ => api.SendAsync()).ToList();
        Assert.All(await Task.WhenAll(all), got => Assert.Equal("hit 200 answer 1", $"{got}"));
        Assert.Equal(at, api.Time.Elapsed);

        await api.UntilAsync(() => api.Engine.Upstreams.Single().CacheCounts.Stored == 2);
        Assert.Equal(2, api.Asked.Count);
        Assert.Equal("hit 200 answer 2", $"{await api.GetAsync()}");
    }

    [Theory]
    [InlineData("max-age=1, stale-if-error=60", 1)]
    [InlineData("max-age=1", 4)]
    public async Task What_is_stored_stands_in_for_an_api_that_cannot_be_reached_at_once_only_where_it_says_so(string control, int tries)
    {
        using var api = new CachingApi();
        api.Answer = (number, _, _) => number == 1 ? Task.FromResult(CachingApi.Fresh(number, control)) : throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(5));

        var got = await api.GetAsync();

        Assert.Equal(("stale 200 answer 1", FailureClass.None, 1 + tries), ($"{got}", got.Exchange.Failure, api.Asked.Count));
    }

    [Fact]
    public async Task A_refusal_is_not_kept_although_it_looks_like_an_answer()
    {
        using var api = new CachingApi("ttl=60", """, "throttled": { "status": 200, "pointer": "/e", "equals": "slow" }""");
        api.Answer = (number, _, _) => Task.FromResult(new HttpResponseMessage
        {
            Headers = { { "x-should-retry", number == 1 ? "false" : "true" } },
            Content = new StringContent(number == 1 ? """{"e":"slow"}""" : "{}", System.Text.Encoding.UTF8, "application/json"),
        });

        Assert.Equal(("""{"e":"slow"}""", FailureClass.RateLimit), ((await api.GetAsync()) is { } first ? (first.Body, first.Exchange.Failure) : default));
        Assert.Equal("{}", (await api.GetAsync()).Body);
    }

    [Fact]
    public async Task What_must_be_validated_stands_in_for_nothing()
    {
        using var api = new CachingApi(more: """, "retries": 0""");
        api.Answer = (number, _, _) => number == 1 ? Task.FromResult(CachingApi.Fresh(number, "max-age=1, must-revalidate")) : throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(FailureClass.Network, (await Assert.ThrowsAsync<HeadgateException>(() => api.GetAsync())).FailureClass);
    }

    [Fact]
    public async Task An_error_of_the_server_is_covered_where_the_answer_says_so_and_costs_no_retry()
    {
        using var api = new CachingApi();
        api.Answer = (number, _, _) => Task.FromResult(number == 1 ? CachingApi.Fresh(number, "max-age=1, stale-if-error=60") : CachingApi.Fresh(number, "no-store", status: HttpStatusCode.BadGateway));
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(("stale 200 answer 1", 2), ($"{await api.GetAsync()}", api.Asked.Count));
    }

    [Fact]
    public async Task What_changes_something_makes_what_is_stored_of_it_useless()
    {
        using var api = new CachingApi();
        await api.GetAsync();
        await api.EndAsync(api.SendAsync(method: "POST"));

        Assert.Equal("miss 200 answer 3", $"{await api.GetAsync()}");
    }

    [Fact]
    public async Task A_redirect_is_followed_to_what_is_stored_and_is_not_stored_as_that()
    {
        using var api = new CachingApi();
        api.Answer = (number, request, _) =>
        {
            var answer = CachingApi.Fresh(number);
            if (request.RequestUri!.AbsolutePath == "/old")
            {
                answer.StatusCode = HttpStatusCode.Found;
                answer.Headers.Location = new Uri("/a", UriKind.Relative);
            }
            return Task.FromResult(answer);
        };
        await api.GetAsync("a");
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync("old")}");
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync("a")}");
        Assert.Equal(["GET /a", "GET /old"], api.Asked);
    }

    [Fact]
    public async Task Only_if_cached_is_answered_without_asking()
    {
        using var api = new CachingApi();
        Assert.Equal(504, (await api.GetAsync("a", ("Cache-Control", "only-if-cached"))).Status);
        Assert.Empty(api.Asked);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_not_stored_as_a_whole_one()
    {
        using var api = new CachingApi();
        api.Answer = (number, _, _) =>
        {
            var answer = CachingApi.Fresh(number);
            if (number == 1)
                answer.Content = new LateContent(Task.FromException(new HttpIOException(HttpRequestError.ResponseEnded)));
            return Task.FromResult(answer);
        };

        Assert.Equal("answer 2", (await api.GetAsync()).Body);
        Assert.Equal("hit 200 answer 2", $"{await api.GetAsync()}");
    }

    [Fact]
    public async Task A_body_larger_than_is_kept_is_passed_on_whole_and_those_who_wait_go_on()
    {
        using var api = new CachingApi();
        var large = new byte[10 << 20];
        api.Answer = async (number, _, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            var answer = CachingApi.Fresh(number);
            answer.Content = new StreamContent(new MemoryStream(large));
            return answer;
        };

        var got = await api.EndAsync(Task.WhenAll(api.SendAsync(), api.SendAsync()));

        Assert.All(got, one => Assert.Equal(large.Length, one.Body.Length));
        Assert.Equal((2, 0), (api.Asked.Count, api.Engine.Stored.Answers.Count));
    }

    /// <summary>A body whose length nobody says, and which comes when it comes.</summary>
    private sealed class LateContent(Task comes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("begun"u8.ToArray());
            await comes;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
