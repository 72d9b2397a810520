using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Limits, APIs and keys of a service that runs become others: over HTTP, by the command line, and by its files.</summary>
public sealed class OperationTests
{
    [Fact]
    public async Task Limits_that_are_changed_under_load_are_never_exceeded_and_verify_proves_it()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Headgate.Limits.Limit.Parse("40/s")] });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--limit", "40/s");
        var ids = await service.SubmitAsync(Enumerable.Range(0, 200).Select(number => $$"""{"url":"{{api.Url}}/{{number}}"}"""));
        foreach (var limits in (string[])["""["10/s"]""", """["40/s","300/h"]""", """["5 concurrent","20/s"]""", """["40/s"]"""])
        {
            await Task.Delay(700);
            var (status, json) = await service.CallAsync("PUT", "/api/v1/limits/sim", $$"""{"limits":{{limits}}}""");
            Assert.Equal((200, JsonNode.Parse(limits)!.ToJsonString()), (status, json["limits"]!.ToJsonString()));
        }

        Assert.Equal(200, (await service.WaitAsync(ids)).Count(job => job.GetProperty("status").GetString() == "completed"));
        Assert.Equal(0, api.Report().Refused);
        service.Process.Terminate();
        await service.Process.EndAsync();
        var verdict = await cli.RunAsync("verify", Directory.GetFiles(cli.PathOf("data/ledgers")).Single());
        Assert.True(verdict.Code == 0, $"{verdict}");
    }

    [Fact]
    public async Task What_is_set_is_shown_with_who_and_when_holds_at_the_next_start_and_ends_with_a_reset()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("headgate.json", $$"""{"upstreams":{"sim":{"base":["{{api.Url}}"],"limits":["50/s"],"routes":{"search":{"match":"/search/**","limits":["5/s"]} } } } }""");
        await using (var service = await ServiceProcess.StartAsync(cli))
        {
            var server = service.Client.BaseAddress!.ToString();
            Assert.Equal(0, (await cli.RunAsync("limits", "set", "sim/route:search", "2/s", "30/min", "--server", server)).Code);
            var shown = await cli.RunAsync("limits", "ls", "--server", server);
            Assert.Matches(@"(?m)^sim +50/s ", shown.Output);
            Assert.Matches(@"(?m)^sim/route:search +30/min .* anybody, \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$", shown.Output);
            Assert.Matches(@"(?m)^/upstreams/sim/routes/search/limits/0 +2/s +set by anybody, ", (await cli.RunAsync("config", "show", "--server", server)).Output);
            service.Process.Kill();
            await service.Process.EndAsync();
        }
        Assert.Matches(@"(?m)^/upstreams/sim/routes/search/limits/0 +2/s +set by anybody, ", (await cli.RunAsync("config", "show", "--data", "data")).Output);

        await using var again = await ServiceProcess.StartAsync(cli);
        var json = JsonNode.Parse((await cli.RunAsync("limits", "ls", "sim/route:search", "--json", "--server", again.Client.BaseAddress!.ToString())).Output)!;
        Assert.Equal(("""["2/s","30/min"]""", """["5/s"]"""), (json["limits"]!.ToJsonString(), json["set"]!["was"]!.ToJsonString()));
        var (status, reset) = await again.CallAsync("POST", "/api/v1/limits/sim/route:search:reset");
        Assert.Equal((200, """["5/s"]""", null), (status, reset["limits"]!.ToJsonString(), reset["set"]));
        Assert.Contains("\"action\":\"limits.reset\"", File.ReadAllText(cli.PathOf("data/audit.log")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUT", "/api/v1/limits/sim", """{"limits":["5/parsec"]}""", 400, "unknown period \"parsec\"")]
    [InlineData("PUT", "/api/v1/limits/sim", """{"limits":5}""", 400, "limits must be a list of texts")]
    [InlineData("PUT", "/api/v1/limits/sim", """{}""", 400, "limits field is required")]
    [InlineData("PUT", "/api/v1/limits/nobody", """{"limits":["5/s"]}""", 404, "they are of: total, defaults, sim")]
    [InlineData("PUT", "/api/v1/limits/total", """{"limits":"learn"}""", 400, "\"learn\"")]
    [InlineData("POST", "/api/v1/limits/sim", "", 404, ":reset")]
    [InlineData("POST", "/api/v1/upstreams/nobody/pause", "", 404, "there are: sim")]
    [InlineData("POST", "/api/v1/upstreams/sim", "", 404, "/pause")]
    [InlineData("POST", "/api/v1/keys/sim/nobody/pause", "", 404, "has no key")]
    [InlineData("DELETE", "/api/v1/limits/sim", "", 405, "")]
    public async Task What_cannot_be_is_told_and_changes_nothing(string method, string path, string body, int expected, string words)
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", "sim=http://127.0.0.1:9", "--limit", "50/s");

        var (status, json) = await service.CallAsync(method, path, body);

        Assert.Equal(expected, status);
        Assert.Contains(words, (string?)json["error"], StringComparison.Ordinal);
        Assert.Equal("""["50/s"]""", (await service.CallAsync("GET", "/api/v1/limits/sim")).Json["limits"]!.ToJsonString());
        Assert.False(File.Exists(cli.PathOf("data/overrides.json")));
    }

    [Fact]
    public async Task A_paused_API_keeps_its_jobs_and_refuses_calls_when_their_patience_ends_over_a_kill()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        string id;
        await using (var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}"))
        {
            var paused = await cli.RunAsync("limits", "pause", "sim", "--server", service.Client.BaseAddress!.ToString());
            Assert.Equal((0, "sim: paused, 0 waiting\n"), (paused.Code, paused.Output));
            id = (await service.SubmitAsync([$$"""{"url":"{{api.Url}}/job"}"""])).Single();
            service.Process.Kill();
            await service.Process.EndAsync();
        }
        await using var again = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--hold", "1");
        using var call = await again.Client.GetAsync("/up/sim/call");
        // Nobody knows when it ends.
        Assert.Equal((429, TimeSpan.FromMinutes(1)), ((int)call.StatusCode, call.Headers.RetryAfter?.Delta));
        Assert.Contains("a pause by hand (sim)", await call.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(("paused", "anybody"), await StateAsync(again));
        Assert.Equal(0, api.Report().Arrivals);

        Assert.Equal("ok", (string?)(await again.CallAsync("POST", "/api/v1/upstreams/sim/resume")).Json["state"]);
        Assert.Equal("completed", (await again.WaitAsync([id])).Single().GetProperty("status").GetString());

        static async Task<(string?, string?)> StateAsync(ServiceProcess service)
        {
            var view = (await service.CallAsync("GET", "/api/v1/upstreams")).Json["upstreams"]![0]!;
            return ((string?)view["state"], (string?)view["paused_by"]);
        }
    }

    [Fact]
    public async Task A_call_held_by_a_paused_key_is_told_to_come_again_as_one_held_by_a_paused_API()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("keys.txt", "one first-value\ntwo second-value\n");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--keys", "keys.txt", "--key-as", "X-Api-Key: {key}", "--hold", "1");
        foreach (var key in (string[])["one", "two"])
            Assert.Equal(0, (await cli.RunAsync("keys", "pause", "sim", key, "--server", service.Client.BaseAddress!.ToString())).Code);

        using var call = await service.Client.GetAsync("/up/sim/call");

        Assert.Equal((429, TimeSpan.FromMinutes(1)), ((int)call.StatusCode, call.Headers.RetryAfter?.Delta));
    }

    [Fact]
    public async Task Keys_on_the_command_line_go_to_the_one_API_they_are_for_whatever_others_come_later()
    {
        await using var mine = await SimulatedApi.StartAsync(new());
        await using var other = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("keys.txt", "one first-value\n");
        cli.Write("headgate.json", "{}");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={mine.Url}", "--keys", "keys.txt", "--key-as", "X-Api-Key: {key}", "--key-limit", "1000/s");
        cli.Write("headgate.json", $$"""{ "upstreams": { "other": { "base": ["{{other.Url}}"] } } }""");
        cli.Write("keys.txt", "one first-value\ntwo second-value\n");

        await service.Client.GetAsync("/up/sim/first");
        for (var look = 0; look < 400 && ((await service.CallAsync("GET", "/api/v1/keys")).Json["keys"]!.AsArray().Count < 2 || (await service.CallAsync("GET", "/api/v1/upstreams")).Json["upstreams"]!.AsArray().Count < 2); look++)
            await Task.Delay(50);
        foreach (var api in (string[])["sim", "other"])
            for (var n = 0; n < 4; n++)
                Assert.Equal(200, (int)(await service.Client.GetAsync($"/up/{api}/{n}")).StatusCode);

        Assert.Equal(2, mine.Report().Keys.Count(key => key.Fingerprint is not null));
        Assert.DoesNotContain(other.Report().Keys, key => key.Fingerprint is not null);

        await using var twice = new Cli();
        twice.Write("keys.txt", "one first-value\n");
        var several = await twice.RunAsync("serve", "--listen", "127.0.0.1:0", "--up", $"a={mine.Url}", "--up", $"b={other.Url}", "--keys", "keys.txt");
        Assert.Equal(3, several.Code);
        Assert.Contains("--keys: these keys are for one API, and there are 2", several.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edit_applies_while_it_runs_an_invalid_one_does_not_and_metrics_tell()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        Write("\"5/h\"");
        await using var service = await ServiceProcess.StartAsync(cli);
        var ids = await service.SubmitAsync(Enumerable.Range(0, 8).Select(number => $$"""{"url":"{{api.Url}}/{{number}}"}"""));
        await service.WaitAsync(ids.Take(5));

        Write("\"8/parsec\", \"1/x\"");
        await service.Process.Error.WaitForAsync("what held before holds on");
        Assert.Contains("/upstreams/sim/limits/0", service.Process.Error.Text, StringComparison.Ordinal);
        Assert.Contains("/upstreams/sim/limits/1", service.Process.Error.Text, StringComparison.Ordinal);
        Assert.Contains("\nheadgate_config_last_reload_success 0\n", await service.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(5, api.Report().Arrivals);

        Write("\"8/h\"");
        Assert.Equal(8, (await service.WaitAsync(ids)).Count);
        await service.Process.Error.WaitForAsync("the configuration was read anew");
        Assert.Contains("\nheadgate_config_last_reload_success 1\n", await service.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        // An API that is taken away goes on under the defaults of its address, which may not be private.
        cli.Write("headgate.json", "{}");
        using var hangup = Process.Start("kill", ["-HUP", $"{service.Process.Id}"]);
        await service.Process.Error.WaitForAsync("sim is not configured any more");
        using var gone = await service.Client.GetAsync("/up/sim/x");
        Assert.Equal(404, (int)gone.StatusCode);

        void Write(string limits) => cli.Write("headgate.json", $$"""{"upstreams":{"sim":{"base":["{{api.Url}}"],"limits":[{{limits}}]} } }""");
    }

    [Fact]
    public async Task Keys_of_a_file_come_and_go_rest_and_are_told_by_their_names_only()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("keys.txt", "one hunter1\ntwo hunter2\n");
        cli.Write("headgate.json", $$"""{"upstreams":{"sim":{"base":["{{api.Url}}"],"keys":{"from":["file:keys.txt"],"limits":["100/h"]} } } }""");
        await using var service = await ServiceProcess.StartAsync(cli);
        var server = service.Client.BaseAddress!.ToString();
        Assert.Equal("Bearer hunter1", await KeyAsync());
        Assert.Equal(0, (await cli.RunAsync("keys", "pause", "sim", "one", "--server", server)).Code);
        Assert.Equal("Bearer hunter2", await KeyAsync());

        cli.Write("keys.txt", "one hunter1\nthree hunter3\n");
        await service.Process.Error.WaitForAsync("key two of sim is not used any more");
        Assert.Equal("Bearer hunter3", await KeyAsync());
        var shown = await cli.RunAsync("keys", "ls", "--server", server);
        Assert.Matches(@"(?m)^sim +one +paused .*paused by anybody$", shown.Output);
        Assert.Matches(@"(?m)^sim +three +ok +- +100/h \(99 left\) +-$", shown.Output);
        Assert.DoesNotContain("hunter", shown.Output + File.ReadAllText(cli.PathOf("data/overrides.json")) + service.Process.Error.Text, StringComparison.Ordinal);

        async Task<string?> KeyAsync() => (string?)JsonNode.Parse(await service.Client.GetStringAsync("/up/sim/echo"))!["headers"]!["authorization"];
    }

    [Fact]
    public async Task Keys_are_shown_before_their_API_was_asked_for_and_paused_ones_are_counted_as_that()
    {
        await using var cli = new Cli();
        cli.Write("keys.txt", """[{"name":"one","value":"hunter1"},{"name":"two","value":"hunter2","limits":["7/h"]}]""");
        cli.Write("headgate.json", """{"upstreams":{"sim":{"base":["http://127.0.0.1:9"],"keys":{"from":["file:keys.txt"],"limits":["100/h"]} } } }""");
        await using var service = await ServiceProcess.StartAsync(cli);
        var server = service.Client.BaseAddress!.ToString();

        var shown = await cli.RunAsync("keys", "ls", "--server", server);
        Assert.True(shown.Code == 0, $"{shown}");
        Assert.Matches(@"(?m)^sim +one +unused +- +100/h +-$", shown.Output);
        Assert.Matches(@"(?m)^sim +two +unused +- +7/h +-$", shown.Output);
        Assert.Equal("unused", (string?)(await service.CallAsync("GET", "/api/v1/upstreams")).Json["upstreams"]![0]!["state"]);

        Assert.Equal(0, (await cli.RunAsync("keys", "pause", "sim", "two", "--server", server)).Code);
        Assert.Equal(["one ok", "two paused"], (await service.CallAsync("GET", "/api/v1/keys")).Json["keys"]!.AsArray().Select(key => $"{key!["key"]} {key["state"]}"));
        var figures = await service.Client.GetStringAsync("/metrics");
        foreach (var (state, count) in ((string, int)[])[("ok", 1), ("paused", 1), ("held", 0)])
            Assert.Contains($"\nheadgate_keys{{upstream=\"sim\",state=\"{state}\"}} {count}\n", figures, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_look_may_not_change_and_who_shows_no_token_may_neither()
    {
        await using var cli = new Cli();
        cli.Write("reader", (await cli.RunAsync("tokens", "add", "reader", "--scope", "read")).Output);
        cli.Write("ops", (await cli.RunAsync("tokens", "add", "ops", "--scope", "operate")).Output);
        await using var service = await ServiceProcess.StartAsync(cli, "--up", "sim=http://127.0.0.1:9", "--limit", "50/s");
        var server = service.Client.BaseAddress!.ToString();

        await FailsAsync(3, "a token is needed", "limits", "ls");
        await FailsAsync(3, "the token is not known", "limits", "ls", "--token-file", cli.Write("other", "hg_nothing"));
        await FailsAsync(3, "not allowed", "limits", "set", "sim", "5/s", "--token-file", "reader");
        await FailsAsync(3, "not allowed", "limits", "pause", "sim", "--token-file", "reader");
        Assert.Equal(0, (await cli.RunAsync("limits", "ls", "--server", server, "--token-file", "reader")).Code);
        Assert.Matches(@"(?m)^sim +5/s .* ops, ", (await cli.RunAsync("limits", "set", "sim", "5/s", "--server", server, "--token-file", "ops")).Output);
        server = "http://127.0.0.1:1";
        await FailsAsync(8, "cannot be reached", "limits", "ls");
        await using var other = await SimulatedApi.StartAsync(new());
        server = other.Url.ToString();
        await FailsAsync(8, "does not answer as a Headgate service", "keys", "ls");

        async Task FailsAsync(int code, string words, params string[] arguments)
        {
            var run = await cli.RunAsync([.. arguments, "--server", server]);
            Assert.True(run.Code == code && run.Error.Contains(words, StringComparison.Ordinal), $"{run}");
        }
    }
}
