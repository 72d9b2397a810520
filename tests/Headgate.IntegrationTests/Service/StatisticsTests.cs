using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Service;

/// <summary>Each member of the statistics object against what really happened.</summary>
public sealed class StatisticsTests : IAsyncLifetime
{
    private readonly Cli _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task The_object_has_every_member_of_the_original()
    {
        await using var service = await ServiceProcess.StartAsync(_cli);

        var statistics = await StatisticsAsync(service);

        foreach (var path in Members)
            Assert.True(At(statistics, path) is not null, path);
        Assert.Equal(statistics.AsObject().Select(member => member.Key), (await service.CallAsync("GET", "/status")).Json.AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task Connections_are_those_the_server_had()
    {
        var (open, most, gate) = (0, 0, new Lock());
        await using var server = new Loopback(async (socket, number) =>
        {
            lock (gate)
                most = Math.Max(most, ++open);
            await AnswerAsync(socket);
            lock (gate)
                open--;
        });
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"own=http://127.0.0.1:{server.Port}", "--concurrency", "4");
        var url = $"http://127.0.0.1:{server.Port}";

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 40).Select(n => $$"""{"url":"{{url}}/{{(n % 10 == 0 ? "close" : "keep")}}"}""")));
        await UntilAsync(async () => (int)At(await StatisticsAsync(service), "components.connection_pool.pool_stats.connections_closed")! == 4);
        var pool = At(await StatisticsAsync(service), "components.connection_pool")!;

        Assert.Equal(server.Connections, (int)At(pool, "pool_stats.connections_created")!);
        Assert.Equal(open, (int)At(pool, "pool_stats.total_connections")!);
        Assert.Equal((0, open), ((int)At(pool, "pool_stats.active_connections")!, (int)At(pool, "pool_stats.idle_connections")!));
        Assert.Equal(Math.Round((40.0 - server.Connections) / 40, 6), (double)At(pool, "pool_stats.hit_rate")!);
        Assert.Equal((40, open), ((int)At(pool, "performance.total_requests")!, (int)pool["host_distribution"]!["own"]!));
        Assert.InRange(most, 1, 4);
    }

    [Fact]
    public async Task A_connection_that_cannot_be_made_is_an_error_and_one_in_use_is_active()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Latency = LatencyShape.TryParse("3s")! });
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", "gone=http://127.0.0.1:1", "--up", $"sim={api.Url}", "--retries", "0");

        await service.WaitAsync(await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/"}""", """{"url":"http://127.0.0.1:1/"}"""]));
        var slow = await service.SubmitAsync([$$"""{"url":"{{api.Url}}/a"}""", $$"""{"url":"{{api.Url}}/b"}"""]);
        await UntilAsync(() => Task.FromResult(api.Report().Arrivals == 2));
        var statistics = await StatisticsAsync(service);

        Assert.True((int)At(statistics, "components.connection_pool.pool_stats.error_connections")! >= 1);
        Assert.Equal((2, 0), ((int)At(statistics, "components.connection_pool.pool_stats.active_connections")!, (int)At(statistics, "components.connection_pool.pool_stats.idle_connections")!));
        Assert.Equal((2, 2), ((int)At(statistics, "performance.current_concurrency")!, (int)At(statistics, "components.queue_manager.global_stats.active_consumers")!));
        Assert.Equal(2, (int)statistics["components"]!["queue_manager"]!["queue_stats"]!["default"]!["active_consumers"]!);
        await service.WaitAsync(slow);
        statistics = await StatisticsAsync(service);
        Assert.Equal((0, 2), ((int)At(statistics, "performance.current_concurrency")!, (int)At(statistics, "performance.peak_concurrency")!));
        Assert.Equal(2, (int)At(statistics, "requests.failed")!);
    }

    [Fact]
    public async Task Latencies_are_those_of_the_answers_and_not_of_the_waits()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Latency = LatencyShape.TryParse("200ms")! });
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--limit", "10/s");

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 25).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        var statistics = await StatisticsAsync(service);

        var latencies = statistics["components"]!["connection_pool"]!["host_latencies"]!["sim"]!;
        // Never shorter than the server takes; how much longer is for the machine to say.
        Assert.InRange((double)latencies["average"]!, 0.2, 5);
        Assert.InRange((double)latencies["median"]!, 0.2, (double)latencies["p95"]!);
        var processing = (double)At(statistics, "components.queue_manager.global_stats.total_processing_time")!;
        Assert.InRange(processing, 25 * 0.2, 25 * 0.2 + 60);
        Assert.Equal(processing, (double)At(statistics, "components.queue_manager.queue_stats.default.total_processing_time")!);
        // Jobs wait for their limit, too.
        Assert.True((double)At(statistics, "performance.average_latency")! > (double)latencies["average"]!);
    }

    [Fact]
    public async Task Limits_tell_whom_they_held_and_whom_they_refused()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--limit", "20/min", "--limit", "1000 bucket 1000/s", "--total-limit", "5000/h");

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 20).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        var late = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 3).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","start_by":"1s"}""")));
        var statistics = await StatisticsAsync(service);

        Assert.All(late, job => Assert.Equal("timeout", job.GetProperty("status").GetString()));
        var limiter = statistics["components"]!["rate_limiter"]!;
        Assert.Equal((20, 3, 23), ((int)At(limiter, "global_stats.allowed_requests")!, (int)At(limiter, "global_stats.denied_requests")!, (int)At(limiter, "global_stats.total_requests")!));
        Assert.Equal((Math.Round(3 / 23.0, 6), Math.Round(20 / 23.0, 6)), ((double)At(limiter, "global_stats.denial_rate")!, (double)At(limiter, "global_stats.success_rate")!));
        Assert.Equal("""{"sliding_window":40,"token_bucket":20}""", limiter["algorithm_usage"]!.ToJsonString());
        Assert.Equal(["1000/s burst=1000 (sim)", "20/min (sim)", "5000/h (everything)"], limiter["active_rules"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));
        var minute = limiter["limiter_stats"]!["20/min (sim)"]!;
        Assert.Equal(("sliding_window", 20, 60.0, 20, 0), ((string?)minute["algorithm"], (int)minute["limit"]!, (double)minute["window"]!, (int)minute["granted"]!, (int)minute["available"]!));
        Assert.Equal(4980, (int)limiter["limiter_stats"]!["5000/h (everything)"]!["available"]!);
        Assert.Equal(3, (int)At(statistics, "requests.timeout")!);
    }

    [Fact]
    public async Task Whoever_waited_and_went_was_held_by_his_limit()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--limit", "20/2s");

        var ended = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 30).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        var limiter = (await StatisticsAsync(service))["components"]!["rate_limiter"]!;

        Assert.Equal(ended.Count(job => job.GetProperty("wait").GetProperty("holding").GetString() == "20/2s (sim)"), (int)limiter["rules_triggered"]!["20/2s (sim)"]!);
        Assert.InRange((int)limiter["rules_triggered"]!["20/2s (sim)"]!, 10, 29);
    }

    [Fact]
    public async Task Keys_with_the_same_limit_are_told_together()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        _cli.Write("keys.txt", ["a k1", "b k2", "c k3"]);
        _cli.Write("headgate.json", [$$"""{ "upstreams": { "sim": { "base": ["{{api.Url}}"], "keys": { "from": ["file:keys.txt"], "limits": ["10/min"] } } } }"""]);
        await using var service = await ServiceProcess.StartAsync(_cli);

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 12).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        var keys = (await StatisticsAsync(service))["components"]!["rate_limiter"]!["limiter_stats"]!["10/min (each key of sim)"]!;

        Assert.Equal((12, 18), ((int)keys["granted"]!, (int)keys["available"]!));
    }

    [Fact]
    public async Task Retries_and_refusals_are_counted_and_a_breaker_tells_of_its_failures()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("5/2s")], Style = AnswerStyle.Plain });
        _cli.Write("headgate.json", [$$"""{ "upstreams": { "sim": { "base": ["{{api.Url}}"], "retryDelay": "10ms" }, "gone": { "base": ["http://127.0.0.1:1"], "retries": 2, "retryDelay": "10ms", "breaker": { "failureThreshold": 3, "recoveryTimeout": "1h" } } } }"""]);
        await using var service = await ServiceProcess.StartAsync(_cli);
        var before = DateTimeOffset.UtcNow;

        var refused = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 12).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        await service.WaitAsync(await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/"}"""]), timeout: 10);
        var statistics = await StatisticsAsync(service);

        var refusals = (int)api.Report().Refused;
        Assert.True(refusals > 0);
        Assert.Equal(refusals, (int)At(statistics, "requests.rate_limited")!);
        // Beside the 12 that were answered, the 3 of the one that nobody answers were let go.
        var denied = statistics["components"]!["rate_limiter"]!["global_stats"]!;
        Assert.Equal((refusals, 12 + 3, 12 + 3 + refusals), ((int)denied["denied_requests"]!, (int)denied["allowed_requests"]!, (int)denied["total_requests"]!));
        Assert.Equal(Math.Round(refusals / (12.0 + 3 + refusals), 6), (double)denied["denial_rate"]!);
        Assert.Equal(refused.Sum(job => job.GetProperty("attempts").GetInt32()), 12 + refusals);
        var gone = statistics["circuit_breakers"]!["gone"]!;
        Assert.Equal(("open", 1, 3), ((string?)gone["state"], (int)gone["opens"]!, (int)gone["failures"]!));
        Assert.InRange(DateTimeOffset.Parse((string)gone["last_failure"]!), before.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1));
        var sim = statistics["circuit_breakers"]!["sim"]!;
        Assert.Equal(("closed", 0), ((string?)sim["state"], (int)sim["failures"]!));
        Assert.Null(sim["last_failure"]);
    }

    [Fact]
    public async Task The_queue_tells_of_every_job_also_of_those_of_before_the_start()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using (var first = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}"))
        {
            await first.SubmitAsync(Enumerable.Range(0, 7).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","not_before":"1h"}"""));
            first.Process.Terminate();
            await first.Process.EndAsync();
        }
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}");

        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 5).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}""")));
        var waiting = await service.SubmitAsync([$$"""{"url":"{{api.Url}}/x","not_before":"1h"}""", $$"""{"url":"{{api.Url}}/y","not_before":"1h"}"""]);
        await service.CallAsync("DELETE", $"/api/v1/request/{waiting[0]}");
        using (await service.Client.GetAsync("/up/sim/z"))
        {
        }
        var queue = (await StatisticsAsync(service))["components"]!["queue_manager"]!;

        Assert.Equal("sqlite", (string?)queue["queue_type"]);
        Assert.Equal("""{"open":8,"open_at_start":7}""", queue["backend_stats"]!.ToJsonString());
        Assert.Equal("""["default"]""", queue["active_consumers"]!.ToJsonString());
        foreach (var stats in (JsonNode[])[queue["global_stats"]!, queue["queue_stats"]!["default"]!])
        {
            Assert.Equal((7, 5, 5), ((int)stats["messages_enqueued"]!, (int)stats["messages_dequeued"]!, (int)stats["messages_processed"]!));
            Assert.Equal((0, 0, 0), ((int)stats["messages_failed"]!, (int)stats["messages_retried"]!, (int)stats["messages_dead_lettered"]!));
            Assert.Equal((8, 0), ((int)stats["queue_size"]!, (int)stats["active_consumers"]!));
        }
        // What was passed through was sent, too, and is none of the jobs.
        var statistics = await StatisticsAsync(service);
        Assert.Equal((6, 0), ((int)At(statistics, "components.connection_pool.performance.total_requests")!, (int)At(statistics, "performance.current_concurrency")!));
    }

    private static readonly string[] Members =
    [
        .. "total completed failed retried rate_limited cached success_rate requests_per_second".Split(' ').Select(name => $"requests.{name}"),
        .. "average_latency current_concurrency peak_concurrency uptime".Split(' ').Select(name => $"performance.{name}"),
        .. "total_connections active_connections idle_connections stale_connections error_connections hit_rate connections_created connections_closed".Split(' ').Select(name => $"components.connection_pool.pool_stats.{name}"),
        .. "total_requests average_latency proxy_rotations".Split(' ').Select(name => $"components.connection_pool.performance.{name}"),
        .. "host_distribution host_latencies proxy_stats".Split(' ').Select(name => $"components.connection_pool.{name}"),
        .. "total_requests allowed_requests denied_requests denial_rate success_rate".Split(' ').Select(name => $"components.rate_limiter.global_stats.{name}"),
        .. "rules_triggered algorithm_usage limiter_stats active_rules".Split(' ').Select(name => $"components.rate_limiter.{name}"),
        .. "messages_enqueued messages_dequeued messages_processed messages_failed messages_retried messages_dead_lettered total_processing_time queue_size active_consumers".Split(' ').Select(name => $"components.queue_manager.global_stats.{name}"),
        .. "queue_stats backend_stats active_consumers queue_type".Split(' ').Select(name => $"components.queue_manager.{name}"),
        "cache.entries", "cache.hit_rate", "circuit_breakers",
    ];

    private static async Task<JsonNode> StatisticsAsync(ServiceProcess service) => (await service.CallAsync("GET", "/api/v1/statistics")).Json;

    private static JsonNode? At(JsonNode node, string path) => path.Split('.').Aggregate((JsonNode?)node, static (found, name) => found?[name]);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Answers one request after the other; after one for /close it closes.</summary>
    private static async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        var (buffer, text) = (new byte[8192], new StringBuilder());
        try
        {
            while (await socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
                if (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    continue;
                var closes = text.ToString().StartsWith("GET /close", StringComparison.Ordinal);
                text.Clear();
                await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{(closes ? "Connection: close\r\n" : "")}\r\nok"));
                if (closes)
                    return;
            }
        }
        catch (SocketException)
        {
            // The other side is gone.
        }
    }
}
