using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Queues that rest, schedules, attempts, and jobs whose time is over wherever they stand; also after a restart.</summary>
public sealed class NamedQueueTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    [Fact]
    public async Task A_paused_queue_rests_over_a_restart_and_then_goes_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        string id, aside;
        await using (var service = await StartAsync(api))
        {
            Assert.Equal(200, (await service.CallAsync("POST", "/api/v1/queues/bulk:pause")).Status);
            id = (await service.SubmitAsync([$$"""{"url":"{{api.Url}}/bulk","queue":"bulk"}"""]))[0];
            aside = (await service.SubmitAsync([$$"""{"url":"{{api.Url}}/aside"}"""]))[0];
            Assert.Equal("completed", (await service.WaitAsync([aside])).Single().GetProperty("status").GetString());
        }
        await using (var service = await StartAsync(api))
        {
            var (_, queues) = await service.CallAsync("GET", "/api/v1/queues");
            Assert.Equal((true, 1), ((bool)Queue(queues, "bulk")["paused"]!, (int)Queue(queues, "bulk")["open"]!));
            Assert.Empty(await service.WaitAsync([id], timeout: 0.3));

            await service.CallAsync("POST", "/api/v1/queues/bulk:resume");
            Assert.Equal("completed", (await service.WaitAsync([id])).Single().GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task A_queue_has_at_most_its_workers_in_flight()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Latency = LatencyShape.TryParse("50ms")! });
        await using var service = await StartAsync(api);
        Assert.Equal(200, (await service.CallAsync("PUT", "/api/v1/queues/narrow", """{"workers":2}""")).Status);
        Assert.Equal(400, (await service.CallAsync("PUT", "/api/v1/queues/narrow", """{"workers":0}""")).Status);
        Assert.Equal(400, (await service.CallAsync("PUT", "/api/v1/queues/a%20b", """{"workers":1}""")).Status);

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 20).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","queue":"narrow"}""")));

        Assert.Equal(2, api.Report().MaxInFlight);
    }

    [Fact]
    public async Task A_job_says_that_it_waits_for_the_limit_of_its_queue_or_a_place_in_it()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        _cli.Write("headgate.json", """{ "jobs": { "queues": { "narrow": { "limits": ["1/min"] }, "small": { "workers": 1 } } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, ["--up", $"one={api.Url}"]);
        var narrow = await service.SubmitAsync(Enumerable.Range(0, 3).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","queue":"narrow"}"""));
        var small = await service.SubmitAsync(Enumerable.Range(0, 2).Select(n => $$"""{"url":"{{api.Url}}/delay/6000","queue":"small"}"""));
        await service.WaitAsync([narrow[0]]);

        var (_, last) = await service.CallAsync("GET", $"/api/v1/request/{narrow[2]}/explain");
        var (_, second) = await service.CallAsync("GET", $"/api/v1/request/{small[1]}/explain");

        Assert.Contains("1/min", (string?)last["waiting_for"], StringComparison.Ordinal);
        Assert.InRange((double)last["starts_in_seconds"]!, 100, 125);
        Assert.Equal("one of the 1 places of queue small", (string?)second["waiting_for"]);
    }

    [Fact]
    public async Task A_queue_is_kept_to_limits_of_its_own_over_all_APIs_also_to_others_that_are_set_while_it_runs()
    {
        await using var one = await SimulatedApi.StartAsync(new());
        await using var other = await SimulatedApi.StartAsync(new());
        _cli.Write("headgate.json", """{ "jobs": { "queues": { "bulk": { "limits": ["20/s"], "match": { "tags": ["bulk"] } }, "rest": {} } } }""");
        await using (var service = await ServiceProcess.StartAsync(_cli, ["--up", $"one={one.Url}", "--up", $"other={other.Url}"]))
        {
            var (_, queues) = await service.CallAsync("GET", "/api/v1/queues");
            Assert.Equal("20/s", (string?)Queue(queues, "bulk")["limits"]!.AsArray().Single());
            var ids = await service.SubmitAsync(Enumerable.Range(0, 60).Select(n => $$"""{"url":"{{(n % 2 == 0 ? one : other).Url}}/{{n}}","tags":["bulk"]}"""));
            var aside = await service.SubmitAsync(Enumerable.Range(0, 100).Select(n => $$"""{"url":"{{one.Url}}/{{n}}"}"""));
            Assert.Equal(100, (await service.WaitAsync(aside)).Count);
            Assert.InRange((await service.WaitAsync(ids, timeout: 0.1)).Count, 0, 59);

            Assert.Equal(200, (await service.CallAsync("PUT", "/api/v1/limits/queue:bulk", """{"limits":["30/s"]}""")).Status);
            Assert.Equal(200, (await service.CallAsync("PUT", "/api/v1/limits/queue:rest", """{"limits":["5/s"]}""")).Status);
            Assert.Equal(60, (await service.WaitAsync(ids, timeout: 30)).Count);
            Assert.Equal(10, (await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 10).Select(n => $$"""{"url":"{{one.Url}}/{{n}}","queue":"rest"}""")), timeout: 30)).Count);
            Assert.Equal("5/s", (string?)(await service.CallAsync("GET", "/api/v1/limits/queue:rest")).Json["limits"]!.AsArray().Single());
        }
        foreach (var ledger in Directory.GetFiles(_cli.PathOf("data/ledgers")))
        {
            var verdict = await _cli.RunAsync("verify", ledger);
            Assert.Equal(0, verdict.Code);
            Assert.Contains("queue:bulk", verdict.Output, StringComparison.Ordinal);
            Assert.Contains("queue:rest", verdict.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_names_a_queue_by_no_name_or_by_one_of_ours_is_refused()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync(api);

        foreach (var queue in (string[])["a b", "callbacks", "x/y"])
            Assert.Equal(400, (await service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{api.Url}}/x","queue":"{{queue}}"}""")).Status);
    }

    [Fact]
    public async Task Jobs_deep_in_a_lane_end_when_their_time_is_over()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync(api, "--limit", "1/min");
        var ids = await service.SubmitAsync(Enumerable.Range(0, 1500).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","start_by":"3s"}"""));

        var ended = await service.WaitAsync(ids, timeout: 30);

        Assert.Equal(1500, ended.Count);
        Assert.Equal(1499, ended.Count(job => job.GetProperty("status").GetString() == "timeout"));
    }

    [Fact]
    public async Task A_schedule_submits_its_request_at_each_time_and_goes_on_after_a_restart()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using (var service = await StartAsync(api))
        {
            var (status, made) = await service.CallAsync("PUT", "/api/v1/schedules/tick", $$"""{"cron":"* * * * * *","timezone":"Europe/Berlin","request":{"url":"{{api.Url}}/tick","tags":["tick"]} }""");
            Assert.Equal((201, "Europe/Berlin"), (status, (string?)made["timezone"]));
            await SeenAsync(api, 2);
            Assert.Equal(202, (await service.CallAsync("POST", "/api/v1/schedules/tick:run")).Status);
        }
        var before = api.Report().Arrivals;
        await using (var service = await StartAsync(api))
        {
            await SeenAsync(api, before + 1);
            Assert.Equal("tick", (string?)(await service.CallAsync("GET", "/api/v1/schedules")).Json["schedules"]!.AsArray().Single()!["name"]);
            using var deleted = await service.Client.DeleteAsync("/api/v1/schedules/tick");
            Assert.Equal(204, (int)deleted.StatusCode);
            Assert.Equal(404, (await service.CallAsync("GET", "/api/v1/schedules/tick")).Status);
        }
    }

    [Fact]
    public async Task A_schedule_that_was_taken_is_read_at_the_next_start_however_deep_its_request()
    {
        // Found: the service did not start any more.
        await using var api = await SimulatedApi.StartAsync(new());
        await using (var service = await StartAsync(api))
        using (var made = await service.Client.PutAsync("/api/v1/schedules/deep", new StringContent($$"""{"cron":"0 0 1 1 *","request":{"url":"{{api.Url}}/x","context":{{new string('[', 250)}}{{new string(']', 250)}} } }""")))
            Assert.Equal(201, (int)made.StatusCode);

        await using var next = await StartAsync(api);

        Assert.Equal(202, (await next.CallAsync("POST", "/api/v1/schedules/deep:run")).Status);
    }

    [Theory]
    [InlineData("""{"cron":"* * * * *","request":{"url":"http://a.example","queue":"callbacks"} }""", "callbacks")]
    [InlineData("""{"request":{"url":"http://a.example"} }""", "cron")]
    [InlineData("""{"cron":"61 * * * *","request":{"url":"http://a.example"} }""", "Minutes")]
    [InlineData("""{"cron":"0 0 30 2 *","request":{"url":"http://a.example"} }""", "no such time ever comes")]
    [InlineData("""{"cron":"* * * * *"}""", "request")]
    [InlineData("""{"cron":"* * * * *","timezone":"Mars","request":{"url":"http://a.example"} }""", "Mars")]
    [InlineData("""{"cron":"* * * * *","request":{"url":"nowhere"} }""", "url")]
    public async Task A_schedule_that_makes_no_sense_is_refused_with_the_reason(string body, string reason)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync(api);

        var (status, problem) = await service.CallAsync("PUT", "/api/v1/schedules/s", body);

        Assert.Equal(400, status);
        Assert.Contains(reason, (string?)problem["error"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Every_attempt_of_a_job_is_told()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync(api, "--up", "gone=http://127.0.0.1:1");
        var id = (await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/nobody","retries":2,"retry_delay":0.01}"""]))[0];
        await service.WaitAsync([id]);

        var (_, attempts) = await service.CallAsync("GET", $"/api/v1/request/{id}/attempts");

        var history = attempts["history"]!.AsArray();
        Assert.Equal(3, history.Count);
        Assert.All(history, attempt => Assert.Equal((false, (int?)null), ((bool)attempt!["sent"]!, (int?)attempt["status_code"])));
        Assert.All(history, attempt => Assert.NotNull((string?)attempt!["error"]));
        Assert.Null((await service.CallAsync("GET", $"/api/v1/request/{id}")).Json["history"]);
    }

    [Fact]
    public async Task A_job_is_told_as_a_command_for_a_shell_that_sends_the_same_without_its_secrets()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync(api);
        var id = (await service.SubmitAsync([$$$"""{"url":"{{{api.Url}}}/x","params":{"q":"it's","api_key":"very-secret"},"method":"POST","headers":{"X-Kind":"a b","Authorization":"Bearer very-secret","Referer":"http://h/?token=very-secret"},"data":{"a":"ü$(id)"} }"""]))[0];

        var command = await service.Client.GetStringAsync($"/api/v1/request/{id}/curl");

        Assert.DoesNotContain("very-secret", command, StringComparison.Ordinal);
        Assert.Contains("-H 'Authorization: …'", command, StringComparison.Ordinal);
        Assert.Contains("&api_key=…", command, StringComparison.Ordinal);
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", command.Replace("/x?", "/echo?", StringComparison.Ordinal).Replace("api_key=…", "api_key=x", StringComparison.Ordinal)]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var echo = await shell.StandardOutput.ReadToEndAsync();
        Assert.Contains("ü$(id)", (string?)JsonNode.Parse(echo)!["body"], StringComparison.Ordinal);
        Assert.Contains("q=it%27s", echo, StringComparison.Ordinal);
        Assert.Equal(404, (await service.CallAsync("GET", "/api/v1/request/nobody/curl")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<ServiceProcess> StartAsync(SimulatedApi api, params string[] more) => ServiceProcess.StartAsync(_cli, ["--up", $"sim={api.Url}", .. more]);

    private static JsonNode Queue(JsonNode queues, string name) => queues["queues"]!.AsArray().Single(queue => (string?)queue!["queue"] == name)!;

    private static async Task SeenAsync(SimulatedApi api, long arrivals)
    {
        for (var tries = 0; api.Report().Arrivals < arrivals; tries++)
        {
            Assert.True(tries < 300, "nothing came");
            await Task.Delay(100);
        }
    }
}
