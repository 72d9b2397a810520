using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>The client of a service where the service fails it, in virtual time.</summary>
[Collection(Threads.Alone)]
public sealed class HeadgateServiceClientTests
{
    private static readonly JobRequest Request = new("https://api.example.com/1");

    private readonly VirtualTime _time = new();
    private readonly FakeService _service = new();

    [Fact]
    public async Task A_submission_whose_answer_was_lost_is_told_again_under_the_same_key()
    {
        await using var client = await StartAsync();
        _service.Script.Enqueue(_ => throw new HttpRequestException(HttpRequestError.ResponseEnded));
        _service.Script.Enqueue(_ => Answer(503, "{}"));
        _service.Script.Enqueue(_ => Answer(202, """{"request_id":"r-1"}"""));

        Assert.Equal("r-1", await EndAsync(client.SubmitAsync(Request)));
        Assert.Equal(3, _service.Calls.Count(call => call.Path == "/api/v1/request"));
        Assert.Single(_service.Calls.Where(call => call.Path == "/api/v1/request").Select(call => call.Key).Distinct());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(507)]
    public async Task A_service_without_room_is_asked_again_when_it_says_for_as_long_as_it_takes(int status)
    {
        await using var client = await StartAsync();
        for (var times = 0; times < 10; times++)
            _service.Script.Enqueue(_ => Answer(status, """{"error":"no room"}""", "1"));
        _service.Script.Enqueue(_ => Answer(202, """{"request_id":"r-1"}"""));

        Assert.Equal("r-1", await EndAsync(client.SubmitAsync(Request)));
        Assert.InRange(_time.Elapsed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task The_callers_token_ends_the_wait_for_room()
    {
        await using var client = await StartAsync();
        using var stop = new CancellationTokenSource();
        _service.Script.Enqueue(_ =>
        {
            stop.CancelAfter(50);
            return Answer(429, "{}", "3600");
        });

        var ended = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SubmitAsync(Request, stop.Token));
        Assert.Equal(stop.Token, ended.CancellationToken);
    }

    [Fact]
    public async Task A_service_that_stays_away_is_given_up_after_the_patience()
    {
        await using var client = await StartAsync(o => o.Patience = TimeSpan.FromSeconds(10));
        _service.Always = _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");

        var failure = await EndAsync(Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(Request)));

        Assert.Equal((FailureClass.Network, false), (failure.FailureClass, failure.MaybeSent));
        Assert.Contains("http://service.example", failure.Message, StringComparison.Ordinal);
        Assert.InRange(_time.Elapsed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(16));
    }

    [Fact]
    public async Task What_may_have_arrived_is_said_so()
    {
        await using var client = await StartAsync(o => o.Patience = TimeSpan.Zero);
        _service.Always = _ => throw new IOException("reset");

        Assert.True((await Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(Request))).MaybeSent);
    }

    [Fact]
    public async Task A_refusal_is_not_asked_again()
    {
        await using var client = await StartAsync();
        _service.Script.Enqueue(_ => Answer(403, """{"error":"this needs the scope submit"}"""));

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(Request));

        Assert.Equal(FailureClass.Auth, failure.FailureClass);
        Assert.Contains("this needs the scope submit", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_go_in_parts_and_each_has_its_verdict()
    {
        await using var client = await StartAsync();
        _service.Always = call =>
        {
            var requests = JsonDocument.Parse(call.Body).RootElement.GetProperty("requests").EnumerateArray().Select(request => request.GetProperty("id").GetString()!).ToList();
            var taken = requests.Where(id => id != "id-1500");
            var errors = requests.IndexOf("id-1500") is >= 0 and var index ? $$"""{"index":{{index}},"error":"there is one already"}""" : "";
            return Answer(202, $$"""{"request_ids":[{{string.Join(',', taken.Select(id => $"\"r-{id}\""))}}],"errors":[{{errors}}]}""");
        };

        var verdicts = await client.SubmitManyAsync(Enumerable.Range(0, 2500).Select(number => number == 7 ? null! : new JobRequest("http://h") { Id = $"id-{number}" }));

        Assert.Equal(2500, verdicts.Count);
        Assert.Equal([7, 1500], Enumerable.Range(0, 2500).Where(number => !verdicts[number].IsAccepted));
        Assert.Equal("there is one already", verdicts[1500].Error!.Message);
        Assert.All(Enumerable.Range(0, 2500).Where(number => verdicts[number].IsAccepted), number => Assert.Equal($"r-id-{number}", verdicts[number].Id));
        Assert.Equal(3, _service.Calls.Select(call => call.Key).OfType<string>().Distinct().Count());
    }

    [Fact]
    public async Task When_the_service_goes_away_what_it_has_taken_is_known_all_the_same()
    {
        await using var client = await StartAsync(o => o.Patience = TimeSpan.Zero);
        _service.Script.Enqueue(_ => Answer(202, $$"""{"request_ids":[{{string.Join(',', Enumerable.Range(0, 1000).Select(number => $"\"r-{number}\""))}}],"errors":[]}"""));
        _service.Always = _ => throw new HttpRequestException(HttpRequestError.ResponseEnded);

        var verdicts = await client.SubmitManyAsync(Enumerable.Range(0, 2500).Select(number => new JobRequest("http://h")));

        Assert.Equal((2500, 1000), (verdicts.Count, verdicts.Count(verdict => verdict.IsAccepted)));
        Assert.Equal((true, false), (verdicts[1500].Error!.MaybeSent, verdicts[2400].Error!.MaybeSent));
    }

    [Fact]
    public async Task A_long_wait_is_made_of_short_ones_and_tells_in_the_end_how_things_stand()
    {
        await using var client = await StartAsync();
        _service.Always = call =>
        {
            var asked = JsonDocument.Parse(call.Body).RootElement;
            Assert.True(Duration.TryParse(asked.GetProperty("timeout").GetString(), out var wait) && wait <= TimeSpan.FromSeconds(45));
            _time.Advance(wait);
            var open = asked.GetProperty("include_open").GetBoolean() ? """{"request_id":"b","url":"http://h","status":"retrying","attempts":3}""" : "";
            return Answer(200, $$"""{"results":[{{open}}],"pending":["b"],"unknown":[]}""");
        };

        var jobs = await EndAsync(client.WaitAsync(["b", "b"], TimeSpan.FromSeconds(100)));

        Assert.Equal([(JobStatus.Retrying, 3), (JobStatus.Retrying, 3)], jobs.Select(job => (job.Status, job.Attempts)));
        Assert.Equal(TimeSpan.FromSeconds(100), _time.Elapsed);
        Assert.Equal(4, _service.Calls.Count(call => call.Path == "/api/v1/requests/wait"));
    }

    [Fact]
    public async Task A_job_that_nobody_knows_is_said_before_any_is_waited_for()
    {
        await using var client = await StartAsync();
        _service.Always = _ => Answer(200, """{"results":[],"pending":["a"],"unknown":["gone"]}""");

        var failure = await Assert.ThrowsAsync<KeyNotFoundException>(() => client.WaitAsync(["a", "gone"], Timeout.InfiniteTimeSpan));

        Assert.Contains("gone", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_was_replaced_in_its_file_is_read_anew()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "hg_old\n");
            await using var client = await StartAsync(o => o.TokenFile = file);
            _service.Always = call => call.Token == "hg_new" ? Answer(202, """{"request_id":"r-1"}""") : Answer(401, """{"error":"unknown token"}""");

            Assert.Equal(FailureClass.Auth, (await Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(Request))).FailureClass);
            await File.WriteAllTextAsync(file, "  hg_new\r\n");
            Assert.Equal("r-1", await client.SubmitAsync(Request));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_token_never_shows_in_what_went_wrong()
    {
        await using var client = await StartAsync(o => (o.Token, o.Patience) = ("hg_secret", TimeSpan.Zero));
        _service.Script.Enqueue(_ => throw new HttpRequestException("x"));
        _service.Script.Enqueue(_ => Answer(401, "{}"));

        for (var times = 0; times < 2; times++)
            Assert.DoesNotContain("hg_secret", (await Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(Request))).ToString(), StringComparison.Ordinal);
        Assert.Equal("hg_secret", _service.Calls.Last().Token);
    }

    [Fact]
    public async Task What_is_no_service_is_said_at_the_start()
    {
        await using var client = new HeadgateServiceClient(new Uri("http://service.example"), new HeadgateServiceClientOptions { Inner = _service }, _time);
        _service.Always = _ => Answer(200, "<html>welcome</html>");

        await Assert.ThrowsAsync<InvalidOperationException>(() => client.SubmitAsync(Request));
        Assert.Contains("does not answer as a Headgate service", (await Assert.ThrowsAsync<HeadgateException>(() => client.StartAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_begun_once_it_was_stopped()
    {
        await using var client = await StartAsync();
        var isAsked = new TaskCompletionSource();
        _service.Always = _ =>
        {
            isAsked.TrySetResult();
            return Answer(503, "{}", "60");
        };
        var waiting = client.SubmitAsync(Request);
        await isAsked.Task;

        await client.StopAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync("a"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.StartAsync());
    }

    private async Task<HeadgateServiceClient> StartAsync(Action<HeadgateServiceClientOptions>? configure = null)
    {
        var options = new HeadgateServiceClientOptions { Inner = _service };
        configure?.Invoke(options);
        var client = new HeadgateServiceClient(new Uri("http://service.example"), options, _time);
        _service.Script.Enqueue(_ => Answer(200, """{"status":"healthy"}"""));
        await client.StartAsync();
        return client;
    }

    private Task<T> EndAsync<T>(Task<T> task) => FakeWorld.EndAsync(_time, task);

    private static HttpResponseMessage Answer(int status, string body, string? retryAfter = null)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) };
        if (retryAfter is not null)
            answer.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return answer;
    }

    private sealed record Call(string Path, string? Key, string? Token, string Body);

    private sealed class FakeService : HttpMessageHandler
    {
        public ConcurrentQueue<Call> Calls { get; } = new();

        public ConcurrentQueue<Func<Call, HttpResponseMessage>> Script { get; } = new();

        public Func<Call, HttpResponseMessage> Always { get; set; } = _ => throw new InvalidOperationException("nothing is expected any more");

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var call = new Call(
                request.RequestUri!.AbsolutePath,
                request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null,
                request.Headers.Authorization?.Parameter,
                request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : "");
            Calls.Enqueue(call);
            return (Script.TryDequeue(out var answer) ? answer : Always)(call);
        }
    }
}
