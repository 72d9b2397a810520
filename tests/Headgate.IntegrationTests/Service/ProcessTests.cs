using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary><c>POST /process</c>: a batch whose results come together.</summary>
public sealed class ProcessTests : IAsyncLifetime
{
    private readonly Cli _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task Without_requests_it_makes_the_calls_it_was_set_up_for()
    {
        _cli.Environment["TEST_REQUESTS_COUNT"] = "40";
        _cli.Environment["API_KEYS"] = "one,two";
        _cli.Environment["RATE_LIMIT"] = "500";
        await using var service = await ServiceProcess.StartAsync(_cli, "--profile", "test", "--queue", "memory:");

        using var bare = await service.Client.PostAsync("/process", null);
        var first = JsonNode.Parse(await bare.Content.ReadAsStringAsync())!;
        var (status, second) = await service.CallAsync("POST", "/process", "{}");
        var (_, third) = await service.CallAsync("POST", "/process", """{"requestCount":7}""");
        var (_, health) = await service.CallAsync("GET", "/health");

        Assert.Equal((200, 200), ((int)bare.StatusCode, status));
        foreach (var (answer, count) in ((JsonNode, int)[])[(first, 40), (second, 40), (third, 7)])
        {
            Assert.Equal(["results", "processingTime", "requestCount", "timestamp"], answer.AsObject().Select(member => member.Key));
            Assert.Equal((count, count), ((int)answer["requestCount"]!, answer["results"]!.AsArray().Count));
            Assert.All(answer["results"]!.AsArray(), result => Assert.Equal("success", (string?)result));
            // No call takes less than the API does.
            Assert.True((int)answer["processingTime"]! >= 10);
        }
        Assert.Equal(("test", 40, 2, 500, 10), ((string?)health["mode"], (int)health["requestsPerIncoming"]!, (int)health["apiKeys"]!, (int)health["rateLimit"]!, (int)health["batchSize"]!));
        Assert.Equal("""{"min":10,"max":50}""", health["latency"]!.ToJsonString());
        Assert.Equal("""{"connection_pool":"healthy","rate_limiter":"healthy","queue_manager":"healthy"}""", health["components"]!.ToJsonString());
    }

    [Fact]
    public async Task Requests_are_sent_with_the_keys_of_their_API_and_their_results_come_in_their_order()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        _cli.Write("keys.txt", ["a k1", "b k2", "c k3"]);
        _cli.Write("headgate.json", [$$"""{ "upstreams": { "sim": { "base": ["{{api.Url}}"], "keys": { "from": ["file:keys.txt"], "limits": ["10/min"] } } } }"""]);
        await using var service = await ServiceProcess.StartAsync(_cli);
        var requests = Enumerable.Range(0, 30).Select(n => n == 7 ? """{"nonsense":1}""" : $$"""{"id":"{{n}}","url":"{{api.Url}}/{{n}}"}""");

        var (status, answer) = await service.CallAsync("POST", "/process", $$"""{"requests":[{{string.Join(',', requests)}}]}""");

        Assert.Equal((200, 30), (status, (int)answer["requestCount"]!));
        var results = answer["results"]!.AsArray();
        Assert.Equal("URL is required", (string?)results[7]!["error"]);
        results.RemoveAt(7);
        Assert.Equal(Enumerable.Range(0, 30).Where(n => n != 7), results.Select(job => int.Parse((string)job!["id"]!)));
        Assert.All(results, job => Assert.True((bool)job!["ok"]!));
        // Spread over all, none beyond what it has.
        Assert.Equal(["a", "b", "c"], results.Select(job => (string)job!["key"]!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(results.GroupBy(job => (string)job!["key"]!), key => Assert.InRange(key.Count(), 9, 10));
        Assert.Equal(29, api.Report().Arrivals);
    }

    [Fact]
    public async Task Nothing_is_simulated_by_a_service_that_was_not_told_to()
    {
        await using var service = await ServiceProcess.StartAsync(_cli);

        var (status, problem) = await service.CallAsync("POST", "/process", "{}");
        Assert.Equal(400, status);
        Assert.Contains("--profile test", (string?)problem["error"], StringComparison.Ordinal);
        Assert.Equal(400, (await service.CallAsync("POST", "/process", """{"requests":7}""")).Status);
        Assert.Equal(400, (await service.CallAsync("POST", "/process", "{")).Status);
        Assert.Equal("full-scale", (string?)(await service.CallAsync("GET", "/health")).Json["mode"]);
    }

    [Fact]
    public async Task What_nobody_waits_for_any_more_is_cancelled()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        using var body = new StringContent($$"""{"requests":[{"url":"{{api.Url}}/now"},{"url":"{{api.Url}}/later","not_before":"1h"}]}""", Encoding.UTF8, "application/json");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Client.PostAsync("/process", body, patience.Token));

        using var longest = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        JsonNode requests;
        do
        {
            await Task.Delay(20, longest.Token);
            requests = (await service.CallAsync("GET", "/api/v1/statistics")).Json["requests"]!;
        }
        while ((int)requests["completed"]! + (int)requests["cancelled"]! < 2);
        // On a machine that is slow both may come too late.
        Assert.InRange((int)requests["cancelled"]!, 1, 2);
        Assert.Equal(0, (int)requests["open"]!);
    }
}
