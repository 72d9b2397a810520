using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>The effect of each setting of <c>serve</c> and <c>jobs</c>, and of its option.</summary>
public sealed class ServiceSettingsTests
{
    /// <summary>Jobs are accepted, and wait: one is sent in an hour.</summary>
    private static string Waiting(string url, string jobs) =>
        $$"""{ "upstreams": { "sim": { "base": ["{{url}}"], "limits": ["1/h"] } }, "jobs": {{jobs}} }""";

    [Theory]
    [InlineData("""{ "backpressure": { "threshold": 3 } }""", "critical", 429)]
    [InlineData("""{ "backpressure": { "threshold": 3, "act": "drop_low_priority" } }""", "low", 429)]
    [InlineData("""{ "backpressure": { "threshold": 3, "act": "drop_low_priority" } }""", "medium", 202)]
    [InlineData("""{ "backpressure": { "threshold": 3, "act": "delay" } }""", "background", 202)]
    [InlineData("""{ "backpressure": "off" }""", "background", 202)]
    [InlineData("""{ "backpressure": "off", "most": 3 }""", "critical", 429)]
    public async Task Over_the_threshold_new_jobs_are_refused_as_far_as_it_says(string jobs, string priority, int status)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("headgate.json", Waiting(api.Url, jobs));
        await using var service = await ServiceProcess.StartAsync(cli);
        // The first is sent, and has ended.
        await service.WaitAsync(await service.SubmitAsync(Requests.Items(api.Url, 1)));
        await service.SubmitAsync(Requests.Items(api.Url, 3));

        using var answer = await service.Client.PostAsync("/api/v1/request", new StringContent($$"""{"url":"{{api.Url}}/x","priority":"{{priority}}"}"""));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 429, answer.Headers.RetryAfter is not null);
    }

    [Fact]
    public async Task Of_many_told_at_once_those_of_low_priority_are_refused_each_by_itself()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("headgate.json", Waiting(api.Url, """{ "backpressure": { "threshold": 1, "act": "drop_low_priority" } }"""));
        await using var service = await ServiceProcess.StartAsync(cli);
        await service.SubmitAsync(Requests.Items(api.Url, 2));

        var (status, json) = await service.CallAsync("POST", "/api/v1/requests/bulk", $$"""{"requests":[{"url":"{{api.Url}}/a","priority":5},{"url":"{{api.Url}}/b"}]}""");

        Assert.Equal((202, 1, 0), (status, (int)json["count"]!, (int)json["errors"]!.AsArray().Single()!["index"]!));
    }

    [Fact]
    public async Task A_delayed_job_is_begun_later_and_not_forgotten()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("headgate.json", $$"""{ "jobs": { "backpressure": { "threshold": 1, "act": "delay" } } }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        await service.SubmitAsync([$$"""{"url":"{{api.Url}}/x","not_before":"1h"}"""]);

        var ids = await service.SubmitAsync(Requests.Items(api.Url, 1));

        Assert.Empty(await service.WaitAsync(ids, timeout: 4));
        Assert.Equal("completed", Assert.Single(await service.WaitAsync(ids)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task So_many_jobs_are_under_way_as_there_are_workers()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "100ms", "1000/s"));
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "jobs": { "workers": 2 } }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        var jobs = await service.WaitAsync(await service.SubmitAsync(Requests.Items(api.Url, 12)));

        Assert.Equal((12, 2), (jobs.Count, api.Report().MaxInFlight));
    }

    [Theory]
    [InlineData("1ms", 0)]
    [InlineData("1B", 1)]
    [InlineData("1d", 3)]
    public async Task What_has_ended_is_forgotten_by_its_age_and_by_its_size(string retention, int left)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        List<string> ids;
        await using (var first = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}"))
        {
            ids = await first.SubmitAsync(Requests.Items(api.Url, 3));
            await first.WaitAsync(ids);
            first.Process.Terminate();
            await first.Process.EndAsync();
        }

        await using var second = await ServiceProcess.StartAsync(cli, "--retention", retention);

        var jobs = await second.WaitAsync(ids, timeout: 1);
        for (var tries = 0; jobs.Count != left && tries < 100; tries++)
        {
            await Task.Delay(100);
            jobs = await second.WaitAsync(ids, timeout: 1);
        }
        Assert.Equal(left, jobs.Count);
    }

    [Fact]
    public async Task Jobs_are_where_queue_and_store_say()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using (var first = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--queue", "memory:", "--store", "sqlite:elsewhere.db", "--data", "here"))
        {
            await first.SubmitAsync([$$"""{"id":"later","url":"{{api.Url}}/x","not_before":"3s"}"""]);
            first.Process.Kill();
            await first.Process.EndAsync();
        }
        Assert.True(File.Exists(cli.PathOf("elsewhere.db")));
        Assert.False(File.Exists(cli.PathOf("here/headgate.db")));

        // The queue is gone, and made anew of what the store has.
        await using var second = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--queue", "sqlite:queue.db", "--store", "sqlite:elsewhere.db", "--data", "here");
        var (_, page) = await second.CallAsync("GET", "/api/v1/requests");
        await second.WaitAsync([(string)page["requests"]!.AsArray().Single()!["request_id"]!]);
        Assert.True(File.Exists(cli.PathOf("queue.db")));
        Assert.Equal(1, api.Report().Arrivals);
    }

    [Fact]
    public async Task A_call_is_held_no_longer_than_it_says()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "1/h", "--hold", "300ms");
        Assert.Equal(200, (await service.CallAsync("GET", "/up/sim/x")).Status);

        Assert.Equal(429, (await service.CallAsync("GET", "/up/sim/x")).Status);
    }

    [Fact]
    public async Task What_is_in_flight_has_as_long_to_end_as_it_says()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--drain", "200ms");
        await service.SubmitAsync([$$"""{"url":"{{api.Url}}/delay/20000"}"""]);
        while (api.Report().Arrivals == 0)
            await Task.Delay(20);

        service.Process.Terminate();

        Assert.InRange((await service.Process.EndAsync()).Elapsed.TotalSeconds, 0, 15);
    }

    [Fact]
    public async Task Private_addresses_are_reached_where_they_are_allowed_and_no_others()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "allowAddresses": ["127.0.0.1"] } }""");
        await using var service = await ServiceProcess.StartAsync(cli);

        Assert.Equal(200, (await service.CallAsync("GET", $"/api/v1/get?url={api.Url}/x")).Status);
        Assert.Equal("blocked", (string?)(await service.CallAsync("GET", $"/api/v1/get?url=http://127.0.0.2:{new Uri(api.Url).Port}/x")).Json["class"]);
    }
}
