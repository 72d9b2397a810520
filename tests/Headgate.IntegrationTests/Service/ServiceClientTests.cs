using System.Collections.Concurrent;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Jobs;

namespace Headgate.IntegrationTests.Service;

/// <summary>The library's client against a real service.</summary>
public sealed class ServiceClientTests : IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Cli _cli = new();
    private readonly int _port = Ports.Free();
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _service = await StartServiceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Two_thousand_jobs_are_submitted_and_waited_for()
    {
        await using var client = await StartAsync();

        var verdicts = await client.SubmitManyAsync(Enumerable.Range(0, 2000).Select(number => new JobRequest($"{_api.Url}/items/{number}") { Id = $"j{number}", Tags = ["many"] }));
        var jobs = await client.WaitAsync(verdicts.Select(verdict => verdict.Id!), Minute);

        Assert.Equal(Enumerable.Range(0, 2000).Select(number => $"j{number}"), jobs.Select(job => job.Request.Id));
        Assert.All(jobs, job => Assert.Equal((JobStatus.Completed, true, 200), (job.Status, job.Ok, job.Result!.StatusCode)));
        Assert.Contains("\"path\":\"/items/7\"", jobs[7].Result!.Text, StringComparison.Ordinal);
        Assert.Equal(("many", "application/json"), (Assert.Single(jobs[7].Request.Tags), jobs[7].Result!.Headers["content-type"]));
        var statistics = await client.GetStatisticsAsync();
        Assert.Equal((2000, 2000, 0), (statistics.Submitted, statistics.Ok, statistics.Queued + statistics.Processing));
    }

    [Fact]
    public async Task The_sample_does_what_it_says() =>
        Assert.Equal((100, 100), await global::Library.ServiceJobs.RunAsync(new Uri($"http://127.0.0.1:{_port}"), $"{_api.Url}/"));

    [Fact]
    public async Task A_service_that_is_killed_and_started_anew_is_waited_for_and_nothing_is_done_twice()
    {
        await using var client = await StartAsync();
        // While it is down they are submitted, before and after it they are too.
        var before = await client.SubmitManyAsync(Enumerable.Range(0, 300).Select(number => new JobRequest($"{_api.Url}/before/{number}")));
        var waiting = client.WaitAsync(before.Select(verdict => verdict.Id!), Minute);

        _service.Process.Kill();
        await _service.Process.EndAsync();
        var submitting = client.SubmitManyAsync(Enumerable.Range(0, 1500).Select(number => new JobRequest($"{_api.Url}/while/{number}") { Method = "POST" }));
        await Task.Delay(500);
        Assert.False(submitting.IsCompleted);
        await using var again = await StartServiceAsync();

        var jobs = await client.WaitAsync((await submitting).Select(verdict => verdict.Id!), Minute);
        Assert.All(jobs.Concat(await waiting), job => Assert.True(job.Ok, $"{job.Request.Url} {job.Error}"));
        Assert.Equal(1500, _api.Arrivals().Count(arrival => arrival.Path.StartsWith("/while/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Each_request_of_many_has_a_verdict_of_its_own()
    {
        await using var client = await StartAsync();

        var verdicts = await client.SubmitManyAsync([new JobRequest($"{_api.Url}/1"), new JobRequest($"{_api.Url}/2") { BodyFile = "/etc/hostname" }, new JobRequest($"{_api.Url}/3")]);

        Assert.Equal([true, false, true], verdicts.Select(verdict => verdict.IsAccepted));
        Assert.Contains("body_base64", verdicts[1].Error!.Message, StringComparison.Ordinal);
        var failure = await Assert.ThrowsAsync<HeadgateException>(() => client.SubmitAsync(new JobRequest($"{_api.Url}/2") { BodyFile = "/etc/hostname" }));
        Assert.Equal((FailureClass.Invalid, 400), (failure.FailureClass, (int)failure.StatusCode!));
    }

    [Fact]
    public async Task What_has_not_ended_is_told_as_it_stands_and_can_be_cancelled()
    {
        await using var client = await StartAsync();
        var id = await client.SubmitAsync(new JobRequest($"{_api.Url}/later") { NotBefore = TimeSpan.FromHours(1), Method = "PUT" });

        var waited = Assert.Single(await client.WaitAsync([id], TimeSpan.FromMilliseconds(300)));
        Assert.True(waited.Status is JobStatus.Pending or JobStatus.Queued, $"{waited.Status}");
        Assert.Equal((false, "PUT"), (waited.HasEnded, waited.Request.Method));
        Assert.True(await client.CancelAsync(id));
        Assert.True(await client.CancelAsync(id));
        Assert.Equal((JobStatus.Cancelled, FailureClass.Cancelled), ((await client.GetAsync(id))!.Status, (await client.GetAsync(id))!.FailureClass));
        Assert.False(await client.CancelAsync("nobody/../x"));
        Assert.Null(await client.GetAsync("nobody"));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => client.WaitAsync([id, "nobody"], Minute));
    }

    [Fact]
    public async Task Bodies_come_as_they_are()
    {
        await using var client = await StartAsync();
        byte[] bytes = [0, 0xFF, 0xC3, 0x28, 10];

        var id = await client.SubmitAsync(new JobRequest($"{_api.Url}/echo") { Method = "POST", Body = bytes, Headers = { { "X-Two", "a" }, { "X-Two", "b" } } });
        var job = Assert.Single(await client.WaitAsync([id], Minute));

        Assert.True(job.Ok, job.Error);
        using var echo = System.Text.Json.JsonDocument.Parse(job.Result!.Content);
        Assert.Equal(bytes, echo.RootElement.GetProperty("body_base64").GetBytesFromBase64());
        Assert.Contains("\"x-two\":[\"a\",\"b\"]", job.Result.Text!.Replace("\"a, b\"", "[\"a\",\"b\"]"), StringComparison.Ordinal);
        Assert.True(job.CompletedAt >= job.StartedAt && job.StartedAt >= job.CreatedAt && job.Latency > TimeSpan.Zero);
    }

    [Fact]
    public async Task Events_are_heard_also_after_the_service_was_started_anew()
    {
        var (heard, missed) = (new ConcurrentQueue<(string What, Job Job)>(), 0);
        await using var client = new HeadgateServiceClient(new Uri($"http://127.0.0.1:{_port}"));
        client.RequestSubmitted += (_, job) => heard.Enqueue(("submitted", job));
        client.RequestCompleted += (_, job) => heard.Enqueue(("completed", job));
        client.RequestCancelled += (_, _) => throw new InvalidOperationException("a handler that throws breaks nothing");
        client.EventsMissed += (_, _) => Interlocked.Increment(ref missed);
        await client.StartAsync();

        var first = await client.SubmitAsync(new JobRequest($"{_api.Url}/1") { Id = "mine" });
        await client.CancelAsync(await client.SubmitAsync(new JobRequest($"{_api.Url}/x") { NotBefore = TimeSpan.FromHours(1) }));
        await UntilAsync(() => heard.Any(told => told.What == "completed" && told.Job.Id == first));
        Assert.Equal(["submitted", "completed"], heard.Where(told => told.Job.Id == first).Select(told => told.What));
        Assert.Equal((200, "mine"), (heard.Single(told => told.What == "completed").Job.Result!.StatusCode, heard.First().Job.Request.Id));

        _service.Process.Kill();
        await _service.Process.EndAsync();
        await using var again = await StartServiceAsync();
        await UntilAsync(() => Volatile.Read(ref missed) > 0);
        var second = await client.SubmitAsync(new JobRequest($"{_api.Url}/2"));
        await UntilAsync(() => heard.Any(told => told.What == "completed" && told.Job.Id == second));
    }

    [Fact]
    public async Task A_service_with_tokens_lets_in_who_has_one()
    {
        var token = (await _cli.RunAsync("tokens", "add", "worker", "--scope", "submit,read")).Output.Trim();
        while ((int)(await _service.Client.GetAsync("/api/v1/requests")).StatusCode != 401)
            await Task.Delay(100);

        await using var stranger = new HeadgateServiceClient(new Uri($"http://127.0.0.1:{_port}"));
        await using var worker = new HeadgateServiceClient(new Uri($"http://127.0.0.1:{_port}"), new HeadgateServiceClientOptions { TokenFile = _cli.Write("token", $"{token}\n") });
        await worker.StartAsync();

        Assert.Equal(FailureClass.Auth, (await Assert.ThrowsAsync<HeadgateException>(() => stranger.StartAsync())).FailureClass);
        Assert.True((await worker.WaitAsync([await worker.SubmitAsync(new JobRequest($"{_api.Url}/1"))], Minute))[0].Ok);
    }

    [Fact]
    public async Task Nobody_there_is_said_at_once_at_the_start()
    {
        await using var client = new HeadgateServiceClient(new Uri($"http://127.0.0.1:{Ports.Free()}"));

        Assert.Equal(FailureClass.Network, (await Assert.ThrowsAsync<HeadgateException>(() => client.StartAsync())).FailureClass);
    }

    private Task<ServiceProcess> StartServiceAsync() => ServiceProcess.StartAsync(_cli, "--listen", $"127.0.0.1:{_port}", "--up", $"sim={_api.Url}");

    private async Task<HeadgateServiceClient> StartAsync()
    {
        var client = new HeadgateServiceClient(new Uri($"http://127.0.0.1:{_port}"));
        await client.StartAsync();
        return client;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var times = 0; !isSo(); times++)
        {
            Assert.True(times < 1200, "it never came");
            await Task.Delay(50);
        }
    }
}
