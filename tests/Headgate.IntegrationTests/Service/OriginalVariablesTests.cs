using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>The effect of each variable of the programs that the service replaces.</summary>
public sealed class OriginalVariablesTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "60ms", "10000/s"));

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    private Task<ServiceProcess> StartAsync(params string[] variables)
    {
        Set(variables);
        return ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
    }

    private void Set(params string[] variables)
    {
        foreach (var variable in variables)
            _cli.Environment[variable.Split('=')[0]] = variable.Split('=', 2)[1];
    }

    private string Later(string more = "") => $$"""{"url":"{{_api.Url}}/x","not_before":"1h"{{more}}}""";

    [Theory]
    [InlineData("MAX_CONCURRENCY")]
    [InlineData("MAX_CONNECTIONS")]
    [InlineData("MAX_CONNECTIONS_PER_HOST")]
    [InlineData("WORKER_COUNT")]
    [InlineData("BATCH_SIZE")]
    public async Task So_many_go_at_once(string name)
    {
        await using var service = await StartAsync($"{name}=2");

        var jobs = await service.WaitAsync(await service.SubmitAsync(Requests.Items(_api.Url, 12)));

        Assert.Equal((12, 2), (jobs.Count, _api.Report().MaxInFlight));
    }

    [Theory]
    [InlineData("GLOBAL_LIMIT", "GLOBAL_WINDOW")]
    [InlineData("PER_HOST_LIMIT", "PER_HOST_WINDOW")]
    [InlineData("BURST_LIMIT", "BURST_WINDOW")]
    [InlineData("API_RATE_LIMIT", "API_RATE_WINDOW")]
    public async Task So_many_go_in_a_window(string limit, string window)
    {
        await using var service = await StartAsync($"{limit}=3", $"{window}=3");

        var jobs = await service.WaitAsync(await service.SubmitAsync(Requests.Items(_api.Url, 6)));

        Assert.Equal(6, jobs.Count);
        // The fourth waits for the first to be three seconds old.
        Assert.InRange(_api.Report().SpanSeconds, 2.9, 30);
    }

    [Fact]
    public async Task An_attempt_takes_no_longer()
    {
        await using var service = await StartAsync("REQUEST_TIMEOUT=0.3", "RETRY_ATTEMPTS=0");

        var job = Assert.Single(await service.WaitAsync(await service.SubmitAsync([$$"""{"url":"{{_api.Url}}/delay/60000"}"""]), timeout: 20));

        Assert.Equal("timeout", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task It_is_tried_again_so_often()
    {
        await using var failing = Failing();
        Set("RETRY_ATTEMPTS=1");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"failing={failing.Url}");

        await service.WaitAsync(await service.SubmitAsync([$$"""{"url":"{{failing.Url}}/x"}"""]));

        Assert.Equal(2, failing.Requests);
    }

    [Fact]
    public async Task A_connection_takes_no_longer_to_be_made()
    {
        // Whoever comes after the first few gets no answer at all.
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var second = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        await first.ConnectAsync(deaf.LocalEndPoint!);
        Assert.Throws<SocketException>(() => second.Connect(deaf.LocalEndPoint!));
        Set("CONNECTION_TIMEOUT=0.2", "RETRY_ATTEMPTS=0");
        await using var service = await ServiceProcess.StartAsync(_cli, "--allow-private");

        var ids = await service.SubmitAsync([$$"""{"url":"http://{{deaf.LocalEndPoint}}/x"}"""]);

        // Without the variable it would be ten seconds.
        Assert.Equal("failed", Assert.Single(await service.WaitAsync(ids, timeout: 8)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("0.5", 2)]
    [InlineData("60", 1)]
    public async Task An_idle_connection_is_kept_so_long(string seconds, int connections)
    {
        await using var server = new ByteServer(async request =>
        {
            await request.SayAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            return true;
        });
        Set($"IDLE_TIMEOUT={seconds}");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"server={server.Url}");

        Assert.Equal("ok", await service.Client.GetStringAsync("/up/server/x"));
        await Task.Delay(2000);
        Assert.Equal("ok", await service.Client.GetStringAsync("/up/server/x"));

        Assert.Equal(connections, server.Connections);
    }

    [Fact]
    public async Task The_breaker_opens_after_so_many_failures_and_for_so_long()
    {
        await using var failing = Failing();
        Set("CIRCUIT_BREAKER_THRESHOLD=2", "CIRCUIT_BREAKER_TIMEOUT=2", "RETRY_ATTEMPTS=0");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"failing={failing.Url}");

        await FailAsync();
        await FailAsync();
        var watch = Stopwatch.StartNew();
        await FailAsync();

        // Without the variables it would be at once, or after a minute.
        Assert.InRange(watch.Elapsed.TotalSeconds, 1.5, 40);

        async Task FailAsync() => Assert.Single(await service.WaitAsync(await service.SubmitAsync([$$"""{"url":"{{failing.Url}}/x"}"""])));
    }

    [Theory]
    [InlineData("low", 429, "MAX_QUEUE_SIZE=1")]
    [InlineData("critical", 429, "MAX_QUEUE_SIZE=1", "ENABLE_BACKPRESSURE=false")]
    [InlineData("critical", 429, "BACKPRESSURE_THRESHOLD=1")]
    [InlineData("low", 429, "BACKPRESSURE_THRESHOLD=1", "BACKPRESSURE_STRATEGY=drop_low_priority")]
    [InlineData("high", 202, "BACKPRESSURE_THRESHOLD=1", "BACKPRESSURE_STRATEGY=drop_low_priority")]
    [InlineData("low", 202, "BACKPRESSURE_THRESHOLD=1", "ENABLE_BACKPRESSURE=false")]
    public async Task A_full_queue_refuses(string priority, int status, params string[] variables)
    {
        await using var service = await StartAsync(variables);
        await service.SubmitAsync([Later()]);

        Assert.Equal(status, (await service.CallAsync("POST", "/api/v1/request", Later($$""","priority":"{{priority}}" """))).Status);
    }

    [Fact]
    public async Task Each_key_has_so_many_requests_a_minute()
    {
        await using var service = await StartAsync("API_KEYS=k1,k2", "RATE_LIMIT=3");

        var jobs = await service.WaitAsync(await service.SubmitAsync(Requests.Items(_api.Url, 8)), timeout: 3);

        Assert.Equal((6, 2), (jobs.Count, _api.Report().KeyCount));
    }

    [Fact]
    public async Task It_listens_there_keeps_jobs_in_memory_and_tells_what_it_cannot_do()
    {
        var port = Ports.Free();
        Set("HOST=127.0.0.2", $"PORT={port}", "QUEUE_TYPE=memory", "ENABLE_CACHING=true", "CACHE_TTL=300", "REDIS_URL=redis://x");
        await using var process = _cli.Start("serve");

        Assert.Equal($"http://127.0.0.2:{port}", (await process.Output.WaitForAsync("\n")).Trim());
        Assert.Contains("set, and without effect in this version: REDIS_URL", await process.Error.WaitForAsync("memory"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_cli.PathOf("data")));
    }

    [Theory]
    [InlineData("env HOST: listen http://0.0.0.0:8015: it would be reached from other machines", "HOST=0.0.0.0")]
    [InlineData("env QUEUE_TYPE: /jobs/queue: \"kafka\" is no place for jobs in this version", "QUEUE_TYPE=kafka")]
    [InlineData("env API_KEYS: nothing says which API these keys are for", "API_KEYS=sk-1")]
    public async Task What_cannot_be_is_refused_with_3(string words, params string[] variables)
    {
        Set(variables);

        var result = await _cli.RunAsync("serve");

        Assert.Equal(3, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_variables_is_read_those_that_are_set_win_and_it_can_all_be_seen()
    {
        _cli.Write(".env", "export PORT=7001 # of the file\nMAX_CONCURRENCY='5'\nHEADGATE_JOBS__DRAIN=\"3\"\nREDIS_URL=redis://redis\n");
        Set("PORT=7002");

        var shown = await _cli.RunAsync("config", "show", "--serve", "--env-file", ".env", "--json");

        Assert.Equal(0, shown.Code);
        Assert.Equal("headgate: set, and without effect in this version: REDIS_URL\n", shown.Error);
        var values = JsonNode.Parse(shown.Output)!["values"]!.AsArray().ToDictionary(value => (string)value!["path"]!, value => ($"{value!["value"]}", (string)value["origin"]!));
        Assert.Equal(("http://127.0.0.1:7002", "env PORT"), values["/serve/listen/0"]);
        Assert.Equal(("5 concurrent", "env MAX_CONCURRENCY"), values["/total/limits/0"]);
        Assert.Equal(("3", "env HEADGATE_JOBS__DRAIN"), values["/jobs/drain"]);
        Assert.Equal(3, (await _cli.RunAsync("serve", "--env-file", "absent")).Code);
        // Other verbs have nothing to do with it.
        Assert.DoesNotContain("7002", (await _cli.RunAsync("config", "show")).Output, StringComparison.Ordinal);
    }

    /// <summary>An API that fails always.</summary>
    private static ByteServer Failing() => new(async request =>
    {
        await request.SayAsync("HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n");
        return true;
    });
}
