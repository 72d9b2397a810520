using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>What the server counts is what the ledger says, whatever the server does.</summary>
public sealed class CountingTests(ITestOutputHelper output)
{
    private const string Quick = "\"retry_delay\":0.01";

    [Fact]
    public async Task Every_request_the_server_sees_is_an_attempt_in_the_ledger()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        string[] lines = [.. Enumerable.Range(1, 5).SelectMany(n => (string[])
        [
            Requests.Line($"redirect-{n}", $"{api.Url}/redirect/3"),
            Requests.Line($"redirect-post-{n}", $"{api.Url}/redirect/1", "\"method\":\"POST\",\"data\":\"x\""),
            Requests.Line($"unauthorized-{n}", $"{api.Url}/unauthorized"),
            Requests.Line($"fin-{n}", $"{api.Url}/fin", Quick),
            Requests.Line($"fin-post-{n}", $"{api.Url}/fin", $"\"method\":\"POST\",\"data\":\"x\",{Quick}"),
            Requests.Line($"fin-post-empty-{n}", $"{api.Url}/fin", $"\"method\":\"POST\",{Quick}"),
            Requests.Line($"reset-{n}", $"{api.Url}/reset", Quick),
            Requests.Line($"close-{n}", $"{api.Url}/close"),
            Requests.Line($"error-{n}", $"{api.Url}/status/500", Quick),
            Requests.Line($"error-post-{n}", $"{api.Url}/status/500", $"\"method\":\"POST\",{Quick}"),
            Requests.Line($"missing-{n}", $"{api.Url}/status/404"),
            Requests.Line($"plain-{n}", $"{api.Url}/x"),
        ])];
        var input = cli.Write("in.jsonl", lines);
        // So many failures in a row would open it.
        cli.Environment["HEADGATE_DEFAULTS__BREAKER"] = "off";

        var result = await cli.RunAsync("run", input, "-o", "out.jsonl", "--limit", "1000/s", "--concurrency", "4", "--json");

        var (report, ledger, results) = (api.Report(), cli.Ledger(), cli.Results());
        output.WriteLine($"{report.Arrivals} arrivals: {string.Join(", ", report.Methods)}; {ledger.Count} attempts in the ledger");
        Assert.Equal(1, result.Code);
        RunOutput.EachOnce(results, await RunOutput.IdsAsync(input));
        Assert.Equal(report.Arrivals, ledger.Count);
        Assert.Equal(report.Arrivals, result.Summary().Number("sent"));
        Assert.Equal(report.Arrivals, results.Sum(line => line.Attempts));
        Assert.All(ledger, send => Assert.NotNull(send.End));
        var expected = new Dictionary<string, (int Attempts, string? Class, bool MaybeSent)>
        {
            ["redirect"] = (4, null, false), ["redirect-post"] = (2, null, false), ["unauthorized"] = (1, "client", false),
            ["fin"] = (4, "network", true), ["fin-post"] = (1, "network", true), ["fin-post-empty"] = (1, "network", true),
            ["reset"] = (4, "network", true), ["close"] = (1, null, false), ["error"] = (4, "server", false),
            ["error-post"] = (1, "server", false), ["missing"] = (1, "client", false), ["plain"] = (1, null, false),
        };
        Assert.All(results, line => Assert.Equal(expected[line.Id![..line.Id!.LastIndexOf('-')]], (line.Attempts, line.Class, line.MaybeSent)));
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger")).Code);
    }

    [Fact]
    public async Task A_redirect_loop_ends_after_ten_hops()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", [Requests.Line("loop", $"{api.Url}/redirect-loop")]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        var line = Assert.Single(cli.Results());
        Assert.Equal((1, 11L), (result.Code, api.Report().Arrivals));
        Assert.Equal((302, "completed", "client", 11), (line.StatusCode, line.Status, line.Class, line.Attempts));
    }

    [Fact]
    public async Task A_timeout_counts_from_the_first_byte_and_is_tried_again()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl",
        [
            Requests.Line("get", $"{api.Url}/hang", "\"timeout\":0.3,\"retries\":1"),
            Requests.Line("post", $"{api.Url}/hang", "\"timeout\":0.3,\"method\":\"POST\""),
            Requests.Line("deadline", $"{api.Url}/hang", "\"deadline\":\"1500ms\""),
        ]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        var results = cli.Results().ToDictionary(line => line.Id!);
        Assert.Equal((1, 4L), (result.Code, api.Report().Arrivals));
        Assert.Equal(("timeout", "timeout", 2), (results["get"].Status, results["get"].Class, results["get"].Attempts));
        Assert.Equal(("timeout", "timeout", 1, true), (results["post"].Status, results["post"].Class, results["post"].Attempts, results["post"].MaybeSent));
        Assert.Equal(("timeout", "deadline", 1), (results["deadline"].Status, results["deadline"].Class, results["deadline"].Attempts));
    }

    [Fact]
    public async Task A_host_that_is_never_reached_fails_its_lines_quickly_and_says_so()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var closed = $"http://127.0.0.1:{Ports.Free()}";
        var input = cli.Write("in.jsonl", [.. Requests.Items(closed, 500), .. Enumerable.Range(501, 20).Select(n => Requests.Item(api.Url, n))]);

        var result = await cli.RunAsync("run", input, "-o", "out.jsonl", "--limit", "50/s");

        output.WriteLine(result.ToString());
        var results = cli.Results();
        Assert.Equal(1, result.Code);
        RunOutput.EachOnce(results, await RunOutput.IdsAsync(input));
        Assert.Equal(20, results.Count(line => line.Ok));
        Assert.All(results.Where(line => !line.Ok), line => Assert.Equal(("network", 0, false), (line.Class, line.Attempts, line.MaybeSent)));
        Assert.Contains(results, line => line.Detail == $"{closed} was never reached in 3 tries: no connection: connection refused");
        Assert.InRange(result.Elapsed.TotalSeconds, 0, 8);
        Assert.Equal(20, cli.Ledger().Count);
    }
}
