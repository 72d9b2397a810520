using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Exactly as fast as allowed, and never over: judged by a server, in real time.</summary>
[Collection(Measured.Alone)]
public sealed class PaceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Over_a_jittery_uplink_nothing_is_refused_and_no_time_is_lost()
    {
        await using var api = await SimulatedApi.StartAsync(Options("0-30ms", "5ms", "200/s"));
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 2000));

        var (result, summary) = await RunAsync(cli, "run", input, "-o", "out.jsonl", "--limit", "200/s", "--json");

        Assert.Equal(0, result.Code);
        Judge(api, 2000);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.Equal(0, summary.Number("refused"));
    }

    /// <summary>The second takes more than two minutes.</summary>
    public static TheoryData<string, string, int> Pairs => Measured.IsLong ? new() { { "30/s", "40/2s", 300 }, { "30/s", "400/min", 1000 } } : new() { { "30/s", "40/2s", 300 } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Two_limits_hold_together_and_the_slower_is_used_to_its_end(string one, string other, int count)
    {
        await using var api = await SimulatedApi.StartAsync(Options("0-10ms", "5ms", one, other));
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, count));

        var (result, _) = await RunAsync(cli, TimeSpan.FromMinutes(5), 1.02, "run", input, "-o", "out.jsonl", "--limit", one, "--limit", other, "--json");

        Assert.Equal(0, result.Code);
        Judge(api, count);
    }

    [Fact]
    public async Task A_fixed_window_goes_by_the_clock_of_the_server_and_the_ledger_tells_it()
    {
        await using var api = await SimulatedApi.StartAsync(Options("0-10ms", "5ms", "60/10s fixed"));
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 150));

        var result = await cli.RunAsync("run", input, "-o", "out.jsonl", "--limit", "60/10s fixed");

        output.WriteLine(result.ToString());
        Assert.Equal(0, result.Code);
        Judge(api, 150);
        Assert.Contains(cli.Read("out.jsonl.ledger"), record => record.Contains("server_us", StringComparison.Ordinal));
        var verdict = await cli.RunAsync("verify", "out.jsonl.ledger");
        output.WriteLine(verdict.ToString());
        Assert.Equal(0, verdict.Code);
    }

    [Fact]
    public async Task A_real_nginx_never_refuses()
    {
        await using var nginx = await Nginx.StartAsync("10r/s", burst: 1);
        await using var cli = new Cli();
        var input = cli.Write("urls.txt", Enumerable.Range(1, 200).Select(n => $"{nginx.Url}item/{n}"));

        var (result, summary) = await RunAsync(cli, "run", input, "-o", "out.jsonl", "--limit", "10/s burst=2", "--json");

        Assert.Equal(0, result.Code);
        var log = nginx.ReadLog();
        Assert.Equal(200, log.Count);
        Assert.All(log, request => Assert.Equal(200, request.Status));
        Assert.Equal(200, log.Select(request => request.Path).Distinct().Count());
        Assert.InRange(summary.Seconds("wall"), 19.8, 1.03 * 19.8 + 1);
    }

    [Fact]
    public async Task A_limit_of_everything_holds_over_several_apis()
    {
        await using var one = await SimulatedApi.StartAsync(Options("0-10ms", "5ms"));
        await using var other = await SimulatedApi.StartAsync(Options("0-10ms", "5ms"));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(one.Url, 200).Zip(Requests.Items(other.Url, 200), (a, b) => new[] { a, b.Replace("\"id\":\"", "\"id\":\"other-", StringComparison.Ordinal) }).SelectMany(pair => pair));

        var (result, _) = await RunAsync(cli, "run", "in.jsonl", "-o", "out.jsonl", "--total-limit", "100/s", "--json");

        Assert.Equal(0, result.Code);
        Assert.Equal((200, 200), (one.Report().Arrivals, other.Report().Arrivals));
        long[] arrivals = [.. one.Arrivals().Concat(other.Arrivals()).Select(arrival => arrival.TUs).Order()];
        Assert.InRange(WorstWindow(arrivals, 1_000_000), 90, 100);
    }

    internal static SimulatorOptions Options(string uplink, string latency, params string[] limits) => new()
    {
        Limits = [.. limits.Select(Limit.Parse)],
        Uplink = UplinkDelay.TryParse(uplink)!,
        Latency = LatencyShape.TryParse(latency)!,
    };

    /// <summary>The most in any window of a length.</summary>
    internal static int WorstWindow(long[] sorted, long length)
    {
        var (worst, first) = (0, 0);
        for (var last = 0; last < sorted.Length; last++)
        {
            while (sorted[first] <= sorted[last] - length)
                first++;
            worst = Math.Max(worst, last - first + 1);
        }
        return worst;
    }

    private void Judge(SimulatedApi api, int count)
    {
        var report = api.Report();
        foreach (var limit in report.Limits)
            output.WriteLine($"judge: {limit.Limit}: worst window {limit.OfferedWorstWindow} of {limit.Allowed}, {report.Rate:0.0}/s over {report.SpanSeconds:0.00} s");
        Assert.Empty(report.Failures);
        Assert.Equal((count, 0), (report.Arrivals, report.Refused));
        Assert.Equal((count, 0, 0), (report.Items.Distinct, report.Items.Lost, report.Items.Doubled));
        Assert.All(report.Limits, limit => Assert.InRange(limit.OfferedWorstPercent, 0, 100));
    }

    private Task<(CliResult Result, System.Text.Json.JsonElement Summary)> RunAsync(Cli cli, params string[] arguments) => RunAsync(cli, Cli.Patience, 1.03, arguments);

    /// <summary>
    /// Runs, and asserts that the run took no longer than a factor of the best possible. Where the machine had no core for the program that
    /// long is allowed beside: other processes are not what is measured. With HEADGATE_TEST_LONG nothing is.
    /// </summary>
    private async Task<(CliResult Result, System.Text.Json.JsonElement Summary)> RunAsync(Cli cli, TimeSpan patience, double factor, params string[] arguments)
    {
        await using var process = cli.Start(arguments);
        var watch = ProcessWatch.Of(process);
        var result = await process.EndAsync(patience);
        await watch.Ended;
        var summary = result.Summary();
        var (wall, bound) = (summary.Seconds("wall"), summary.Seconds("bound"));
        output.WriteLine($"wall {wall:0.000} s, best possible {bound:0.000} s ({bound / wall:0.0%}), nominal {summary.Seconds("nominal_bound"):0.000} s; waited for a core {watch.WaitedForCore.TotalSeconds:0.000} s; process {result.Elapsed.TotalSeconds:0.00} s");
        Assert.InRange(wall, 0, factor * bound + (Measured.IsLong ? 0 : watch.WaitedForCore.TotalSeconds));
        return (result, summary);
    }
}
