using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary><c>headgate queues</c>, <c>schedules</c>, <c>batches</c> and <c>events</c> against a running service, as somebody types them.</summary>
public sealed class QueueVerbTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        _cli.Environment["HEADGATE_SERVER"] = _service.Client.BaseAddress!.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_queue_is_bounded_rests_and_goes_on()
    {
        Assert.Equal(["QUEUE", "bulk"], Firsts((await RunAsync(0, "queues", "set", "bulk", "5")).Output));
        Assert.Contains("paused", (await RunAsync(0, "queues", "pause", "bulk")).Output, StringComparison.Ordinal);
        var ids = await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/1","queue":"bulk"}"""]);

        var shown = JsonDocument.Parse((await RunAsync(0, "queues", "show", "bulk", "--json")).Output).RootElement;
        Assert.Equal((5, true, 1), (shown.GetProperty("workers").GetInt32(), shown.GetProperty("paused").GetBoolean(), shown.GetProperty("open").GetInt32()));
        Assert.Superset(new HashSet<string> { "QUEUE", "bulk", "default" }, Firsts((await RunAsync(0, "queues", "ls")).Output).ToHashSet());
        await RunAsync(0, "queues", "set", "bulk", "none");
        Assert.Contains("any number", (await RunAsync(0, "queues", "resume", "bulk")).Output, StringComparison.Ordinal);
        await _service.WaitAsync(ids);

        Assert.Contains("no queue is called \"none\"", (await RunAsync(3, "queues", "show", "none")).Error, StringComparison.Ordinal);
        Assert.Contains("give a whole number, or none", (await RunAsync(2, "queues", "set", "bulk", "-1x")).Error, StringComparison.Ordinal);
        Assert.Contains("workers", (await RunAsync(3, "queues", "set", "bulk", "0")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schedule_is_added_shown_run_paused_and_removed()
    {
        var added = await RunAsync(0, "schedules", "add", "nightly", "30 2 * * *", $"{_api.Url}/nightly", "--timezone", "Europe/Berlin");
        Assert.Equal(["NAME", "nightly"], Firsts(added.Output));
        var file = _cli.Write("request.json", $$"""{ "url": "{{_api.Url}}/post", "method": "POST", "data": { "a": 1 } }""");
        Assert.Contains("POST", (await RunAsync(0, "schedules", "add", "post", "0 0 1 * *", $"@{file}", "--paused")).Output, StringComparison.Ordinal);

        Assert.Equal(["NAME", "nightly", "post"], Firsts((await RunAsync(0, "schedules", "ls")).Output).Order(StringComparer.Ordinal));
        Assert.Contains("\"a\":1", (await RunAsync(0, "schedules", "show", "post")).Output, StringComparison.Ordinal);
        var id = (await RunAsync(0, "schedules", "run", "post")).Output.Trim();
        Assert.True(Assert.Single(await _service.WaitAsync([id])).GetProperty("ok").GetBoolean());
        Assert.Contains("paused", (await RunAsync(0, "schedules", "pause", "nightly")).Output, StringComparison.Ordinal);
        var resumed = JsonDocument.Parse((await RunAsync(0, "schedules", "resume", "post", "--json")).Output).RootElement;
        Assert.Equal((false, "POST"), (resumed.GetProperty("paused").GetBoolean(), resumed.GetProperty("request").GetProperty("method").GetString()));
        Assert.Equal("", (await RunAsync(0, "schedules", "rm", "post")).Output);

        Assert.Contains("Schedule not found", (await RunAsync(3, "schedules", "show", "post")).Error, StringComparison.Ordinal);
        Assert.Contains("every day", (await RunAsync(3, "schedules", "add", "x", "every day", _api.Url)).Error, StringComparison.Ordinal);
        Assert.StartsWith("headgate: REQUEST: ", (await RunAsync(2, "schedules", "add", "x", "0 0 1 * *", "{\"url\":")).Error, StringComparison.Ordinal);
        Assert.Contains("missing.json", (await RunAsync(2, "schedules", "add", "x", "0 0 1 * *", "@missing.json")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_says_how_far_it_has_come()
    {
        var (status, _) = await _service.CallAsync("POST", "/api/v1/requests/bulk", $$"""{"batch":"night","requests":[{"url":"{{_api.Url}}/1"},{"url":"{{_api.Url}}/2","not_before":"1h"}]}""");
        Assert.Equal(202, status);
        for (var look = 0; !(await RunAsync(0, "batches", "show", "night")).Output.Contains("50 %", StringComparison.Ordinal); look++)
            Assert.True(look < 50, "it never got half way");

        var shown = JsonDocument.Parse((await RunAsync(0, "batches", "show", "night", "--json")).Output).RootElement;
        Assert.Equal((2, 1, 1), (shown.GetProperty("total").GetInt32(), shown.GetProperty("open").GetInt32(), shown.GetProperty("ok").GetInt32()));
        Assert.Contains("Batch not found", (await RunAsync(3, "batches", "show", "none")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_are_written_as_they_come_until_there_are_enough()
    {
        await using var listening = _cli.Start("events", "--json", "--events", "request_completed,request_submitted", "--limit", "4");
        // It hears nothing of what was before, so it is told until it does.
        while (!listening.HasEnded)
        {
            await _service.WaitAsync(await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/e"}"""]));
            await Task.Delay(50);
        }
        var heard = await listening.EndAsync();
        Assert.Equal(0, heard.Code);
        var lines = heard.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(4, lines.Count);
        Assert.Equal(["request_completed", "request_submitted"], lines.Select(line => line.GetProperty("event").GetString()).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(lines.Select(line => line.GetProperty("number").GetInt64()).Order(), lines.Select(line => line.GetProperty("number").GetInt64()));

        var before = await RunAsync(0, "events", "--after", $"{lines[0].GetProperty("number").GetInt64() - 1}", "--events", "request_submitted", "--limit", "1");
        Assert.Matches(@"^\S+.*  request_submitted     \S+  GET http://\S+/e\n$", before.Output);
        Assert.Contains("events is a list of", (await RunAsync(3, "events", "--events", "other")).Error, StringComparison.Ordinal);
        await using var cut = _cli.Start("events", "--after", $"{lines[0].GetProperty("number").GetInt64() - 1}");
        await cut.Output.WaitForAsync("request_completed");
        _service.Process.Kill();
        var end = await cut.EndAsync();
        Assert.Equal(8, end.Code);
        Assert.Matches(@"has ended the stream; go on behind it with --after \d+", end.Error);
    }

    private static IEnumerable<string> Firsts(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]);

    private async Task<CliResult> RunAsync(int code, params string[] arguments)
    {
        var result = await _cli.RunAsync(arguments);
        Assert.True(result.Code == code, $"{string.Join(' ', arguments)}\n{result}");
        return result;
    }
}
