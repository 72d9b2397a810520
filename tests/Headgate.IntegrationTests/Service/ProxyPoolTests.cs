using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>The proxies of a service that runs are looked at, paused, and follow their files.</summary>
public sealed class ProxyPoolTests
{
    private const string Dead = "http://127.0.0.1:1";

    [Fact]
    public async Task A_pause_holds_over_a_restart_until_it_is_ended_and_no_password_is_shown()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        Write(cli, api.Url, "http://me:hunter2@127.0.0.1:1");
        await using (var service = await ServiceProcess.StartAsync(cli))
        {
            var server = service.Client.BaseAddress!.ToString();
            var paused = await cli.RunAsync("proxies", "pause", "pool-a", $"{Dead}#2744cc", "--server", server);
            Assert.Matches($@"(?m)^pool-a +{Dead}#2744cc +paused .* paused by anybody$", paused.Output);
            service.Process.Kill();
            await service.Process.EndAsync();
        }
        await using var again = await ServiceProcess.StartAsync(cli);
        var (_, json) = await again.CallAsync("GET", "/api/v1/proxies");
        Assert.Equal(("paused", "paused by anybody", "DE"), ((string?)json["proxies"]![0]!["state"], (string?)json["proxies"]![0]!["reason"], (string?)json["proxies"]![0]!["country"]));
        Assert.Equal("""[{"pool":"pool-a","choose":"round-robin","proxies":1,"trouble":null}]""", json["pools"]!.ToJsonString());

        var (status, resumed) = await again.CallAsync("POST", $"/api/v1/proxies/pool-a/{Uri.EscapeDataString($"{Dead}#2744cc")}/resume");
        Assert.Equal((200, "new"), (status, (string?)resumed["state"]));
        Assert.Contains("\"action\":\"proxy.pause\"", File.ReadAllText(cli.PathOf("data/audit.log")), StringComparison.Ordinal);
        again.Process.Terminate();
        await again.Process.EndAsync();
        foreach (var file in Directory.GetFiles(cli.PathOf("data"), "*", SearchOption.AllDirectories))
            Assert.DoesNotContain("hunter2", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", json.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_proxy_rests_and_costs_the_caller_nothing_but_time_and_a_better_file_is_followed()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var way = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        Write(cli, api.Url, Dead);
        await using var service = await ServiceProcess.StartAsync(cli);
        var ids = await service.SubmitAsync([$$"""{"url":"{{api.Url}}/x"}"""]);
        var resting = await UntilAsync(service, proxies => (string?)proxies[0]!["state"] is "resting" or "probation");
        Assert.Equal("no connection to the proxy: connection refused", (string?)resting[0]!["reason"]);

        // What answers to whole URLs is a proxy.
        Write(cli, api.Url, way.Url.ToString().TrimEnd('/'));
        await UntilAsync(service, proxies => proxies.Count == 1 && (string?)proxies[0]!["proxy"] == way.Url.ToString().TrimEnd('/'));

        var job = (await service.WaitAsync(ids)).Single();
        Assert.Equal(("completed", way.Url.ToString().TrimEnd('/')), (job.GetProperty("status").GetString(), job.GetProperty("proxy").GetString()));
        Assert.Equal(1, job.GetProperty("attempts").GetInt32());
        var figures = (await service.CallAsync("GET", "/api/v1/statistics")).Json["components"]!["connection_pool"]!;
        Assert.Equal((1, 1), ((int)figures["performance"]!["proxy_rotations"]!, (int)figures["proxy_stats"]![way.Url.ToString().TrimEnd('/')]!["requests"]!));
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        Write(cli, api.Url, Dead);
        await using var service = await ServiceProcess.StartAsync(cli);

        var (status, json) = await service.CallAsync("POST", "/api/v1/proxies/pool-b/x/pause");
        Assert.Equal((404, true), (status, $"{json["error"]}".Contains("there are: pool-a", StringComparison.Ordinal)));
        (status, json) = await service.CallAsync("POST", "/api/v1/proxies/pool-a/http://x/pause");
        Assert.Equal((404, true), (status, $"{json["error"]}".Contains($"it has: {Dead}", StringComparison.Ordinal)));
    }

    private static void Write(Cli cli, object api, string proxy)
    {
        cli.Write("proxies.txt", $$"""[ { "url": "{{proxy}}", "country": "de" } ]""");
        cli.Write("headgate.json", $$"""{ "proxies": { "pool-a": { "from": ["file:proxies.txt"], "choose": "round-robin" } }, "upstreams": { "sim": { "base": ["{{api}}"], "proxies": "pool-a" } } }""");
    }

    private static async Task<JsonArray> UntilAsync(ServiceProcess service, Func<JsonArray, bool> isSo)
    {
        for (var looks = 0; ; looks++)
        {
            var proxies = (await service.CallAsync("GET", "/api/v1/proxies")).Json["proxies"]!.AsArray();
            if (isSo(proxies))
                return proxies;
            Assert.True(looks < 300, $"it never came: {proxies.ToJsonString()}");
            await Task.Delay(100);
        }
    }
}
