using System.Net;

namespace Headgate.Tests;

/// <summary>Many that ask at once for one URL in several variants: each variant is asked for once, and no head is waited for behind another.</summary>
[Collection(Threads.Alone)]
public sealed class CacheVisitVariantsTests
{
    private static readonly string[] _languages = ["en", "de", "fr", "it", "es"];

    [Theory]
    [InlineData("body")]
    [InlineData("nothing")]
    public async Task Fifty_in_five_variants_ask_five_times_and_take_as_long_as_two_heads(string what)
    {
        using var api = Varying((_, answer) =>
        {
            if (what == "nothing")
                (answer.StatusCode, answer.Content) = (HttpStatusCode.NoContent, null);
        });

        var (took, got) = await AllAsync(api, 50);

        Assert.Equal(5, api.Asked.Count);
        Assert.InRange(took, 2_000, 2_100);
        Assert.All(got, pair => Assert.Equal(what == "body" ? pair.Language : "", pair.Got.Body));
        Assert.Equal(45, got.Count(pair => pair.Got.Cache == "hit"));
        Assert.Equal(0, api.Engine.Stored.Flights.Count);
    }

    [Theory]
    [InlineData("a", "a", null)]
    [InlineData("a?q=1&utm=x", "a?q=1&utm=y", "params=(\"utm\")")]
    public async Task Where_a_stored_variant_has_told_the_fields_they_take_as_long_as_one_head(string first, string then, string? search)
    {
        using var api = Varying((_, answer) =>
        {
            if (search is not null)
                answer.Headers.TryAddWithoutValidation("No-Vary-Search", search);
        });
        await api.GetAsync(first, ("Accept-Language", "pt"));

        var (took, got) = await AllAsync(api, 50, then);

        Assert.Equal(6, api.Asked.Count);
        Assert.InRange(took, 1_000, 1_050);
        Assert.All(got, pair => Assert.Equal(pair.Language, pair.Got.Body));
    }

    [Fact]
    public async Task Stale_variants_are_validated_side_by_side_and_each_once()
    {
        using var api = Varying((request, answer) =>
        {
            answer.Headers.TryAddWithoutValidation("ETag", $"\"{request.Headers.AcceptLanguage}\"");
            if (request.Headers.IfNoneMatch.Count > 0)
                (answer.StatusCode, answer.Content) = (HttpStatusCode.NotModified, null);
        });
        await AllAsync(api, 5);
        api.Time.Advance(TimeSpan.FromSeconds(100));

        var (took, got) = await AllAsync(api, 50);

        Assert.Equal(10, api.Asked.Count);
        Assert.InRange(took, 1_000, 1_050);
        Assert.All(got, pair => Assert.Equal(pair.Language, pair.Got.Body));
    }

    [Fact]
    public async Task Who_comes_while_the_body_of_the_first_is_on_its_way_knows_what_its_head_told()
    {
        using var api = Varying((_, _) => { });
        var slow = new TaskCompletionSource();
        var late = new LateContent("en", slow.Task);
        var usual = api.Answer;
        api.Answer = async (number, request, cancellation) =>
        {
            var answer = await usual(number, request, cancellation);
            if (number == 1)
                answer.Content = late;
            return answer;
        };
        var first = api.SendAsync(headers: [("Accept-Language", "en")]);
        await api.UntilAsync(() => late.HasBegun);

        var (begun, all) = (api.Time.Elapsed, Begin(api, 50));
        await api.UntilAsync(() => api.Asked.Count == 5);
        Assert.InRange((api.Time.Elapsed - begun).TotalMilliseconds, 0, 50);
        slow.SetResult();
        await api.UntilAsync(() => all.IsCompleted);

        Assert.Equal(("en", 5), ((await first).Body, api.Asked.Count));
        Assert.All(await all, pair => Assert.Equal(pair.Language, pair.Got.Body));
    }

    [Fact]
    public async Task Where_a_later_head_names_other_fields_those_of_its_variant_alone_are_parted_again()
    {
        using var api = Varying((request, answer) =>
        {
            if ($"{request.Headers.AcceptLanguage}" == "de")
            {
                answer.Headers.Remove("Vary");
                answer.Headers.TryAddWithoutValidation("Vary", "accept, Accept-Language");
                answer.Content = new StringContent($"de as {request.Headers.Accept}");
            }
        });

        var (took, got) = await AllAsync(api, 60, accept: number => $"a/{number / 5 % 3}");

        // Four languages once each, German in its three forms.
        Assert.Equal(7, api.Asked.Count);
        Assert.InRange(took, 3_000, 3_150);
        Assert.All(got, pair => Assert.StartsWith(pair.Language, pair.Got.Body, StringComparison.Ordinal));
        Assert.Equal(3, got.Select(pair => pair.Got.Body).Where(body => body.StartsWith("de", StringComparison.Ordinal)).Distinct().Count());
    }

    /// <summary>Each head names a field of which every request says something else, and another one each time.</summary>
    [Fact]
    public async Task Nobody_waits_for_ever_for_an_api_that_never_says_the_same()
    {
        var named = 0;
        using var api = Varying((_, answer) =>
        {
            answer.Headers.Remove("Vary");
            answer.Headers.TryAddWithoutValidation("Vary", $"X-{Interlocked.Increment(ref named) % 10}");
        });

        var (took, got) = await AllAsync(api, 50, more: number => [.. Enumerable.Range(0, 10).Select(field => ($"X-{field}", $"{(field % 2 == 0 ? number / 2 : number / 3)}"))]);

        Assert.Equal(50, got.Count(pair => pair.Got.Status == 200));
        Assert.InRange(took, 2_000, 6_000);
        Assert.Equal(0, api.Engine.Stored.Flights.Count);
    }

    [Fact]
    public async Task When_the_one_that_asks_for_a_variant_goes_away_the_next_of_that_variant_asks()
    {
        using var api = Varying((_, _) => { });
        await api.GetAsync(headers: [("Accept-Language", "pt")]);
        using var gone = new CancellationTokenSource();
        var driver = api.SendAsync(headers: [("Accept-Language", "en")], cancellation: gone.Token);
        await api.UntilAsync(() => api.Asked.Count == 2);
        var (begun, all) = (api.Time.Elapsed, Begin(api, 50));
        await api.UntilAsync(() => api.Asked.Count == 6);
        await gone.CancelAsync();
        await api.UntilAsync(() => all.IsCompleted);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => driver);
        Assert.Equal(7, api.Asked.Count);
        Assert.InRange((api.Time.Elapsed - begun).TotalMilliseconds, 1_000, 1_100);
        Assert.All(await all, pair => Assert.Equal(pair.Language, pair.Got.Body));
        Assert.Equal(0, api.Engine.Stored.Flights.Count);
    }

    /// <summary>Whose head takes a second, and whose answer is the language that was asked for.</summary>
    private static CachingApi Varying(Action<HttpRequestMessage, HttpResponseMessage> change)
    {
        var api = new CachingApi();
        api.Answer = async (number, request, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), api.Time, cancellation);
            var answer = CachingApi.Fresh(number);
            answer.Headers.TryAddWithoutValidation("Vary", "Accept-Language");
            answer.Content = new StringContent($"{request.Headers.AcceptLanguage}");
            change(request, answer);
            return answer;
        };
        return api;
    }

    /// <summary>That many ask at once; how long it took, in milliseconds, and what each got.</summary>
    private static async Task<(double Took, (string Language, Got Got)[] All)> AllAsync(CachingApi api, int count, string path = "a", Func<int, string>? accept = null, Func<int, (string, string)[]>? more = null)
    {
        var begun = api.Time.Elapsed;
        var all = Begin(api, count, path, accept, more);
        await api.UntilAsync(() => all.IsCompleted);
        return ((api.Time.Elapsed - begun).TotalMilliseconds, await all);
    }

    /// <summary>One language after the other.</summary>
    private static Task<(string Language, Got Got)[]> Begin(CachingApi api, int count, string path = "a", Func<int, string>? accept = null, Func<int, (string, string)[]>? more = null) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
        {
            var language = _languages[number % _languages.Length];
            return (language, await api.SendAsync(path, [("Accept-Language", language), ("Accept", accept?.Invoke(number) ?? "*/*"), .. more?.Invoke(number) ?? []]));
        }));

    /// <summary>A body that comes when it comes.</summary>
    private sealed class LateContent(string text, Task comes) : HttpContent
    {
        private volatile bool _hasBegun;

        public bool HasBegun => _hasBegun;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            _hasBegun = true;
            await comes;
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
