using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Parts of an API that have limits of their own, judged by what arrives.</summary>
public sealed class RouteTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Routes_and_countries_keep_their_own_limits_beside_those_of_the_api_and_verify_proves_it()
    {
        await using var api = await SimulatedApi.StartAsync(new SimulatorOptions());
        await using var cli = new Cli();
        cli.Write("headgate.json",
            $$"""
            { "upstreams": { "shop": { "base": ["{{api.Url}}/v1"], "limits": ["100/s"],
              "routes": { "search": { "match": "/search/**", "limits": ["20/s"] }, "write": { "methods": ["POST"], "limits": ["10/s"] } },
              "geo": { "DE": ["15/s"] } } } }
            """);
        cli.Write("in.jsonl",
        [
            .. Lines(50, n => $$"""{"url":"{{api.Url}}/v1/search/{{n}}"}"""),
            .. Lines(25, n => $$"""{"url":"{{api.Url}}/v1/items/write-{{n}}","method":"POST","data":1}"""),
            .. Lines(40, n => $$"""{"url":"{{api.Url}}/v1/items/{{n}}","country":"DE"}"""),
            .. Lines(100, n => $$"""{"url":"{{api.Url}}/v1/items/{{n}}"}"""),
            .. Lines(5, n => $$"""{"url":"{{api.Url}}/v1/search/write-{{n}}","method":"POST","data":1}"""),
        ]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json");
        output.WriteLine(result.ToString());

        Assert.Equal(0, result.Code);
        var arrivals = api.Arrivals();
        Assert.Equal(220, arrivals.Count);
        var search = PaceTests.WorstWindow([.. arrivals.Where(arrival => arrival.Path.StartsWith("/v1/search", StringComparison.Ordinal)).Select(arrival => arrival.TUs).Order()], 1_000_000);
        var write = PaceTests.WorstWindow([.. arrivals.Where(arrival => arrival.Path.Contains("write-", StringComparison.Ordinal)).Select(arrival => arrival.TUs).Order()], 1_000_000);
        Assert.InRange(search, 15, 20);
        Assert.InRange(write, 8, 10);
        Assert.InRange(PaceTests.WorstWindow([.. arrivals.Select(arrival => arrival.TUs).Order()], 1_000_000), 40, 100);
        var verdict = await cli.RunAsync("verify", "out.jsonl.ledger");
        output.WriteLine(verdict.ToString());
        Assert.Equal(0, verdict.Code);
        Assert.Contains("20/s: worst window 20 of 20", verdict.Output, StringComparison.Ordinal);
        Assert.All(["shop/route:search", "shop/route:write", "shop/geo:DE"], part => Assert.Contains(part, verdict.Output, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Lines(int count, Func<int, string> line) => Enumerable.Range(1, count).Select(line);
}
