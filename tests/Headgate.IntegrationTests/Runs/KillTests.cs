using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>SIGKILL at any moment loses nothing, doubles nothing that could do harm, and opens no window.</summary>
[Collection(Measured.Alone)]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Lines = 5000;
    private const int Concurrency = 100;
    private const string Limit = "1500/s";

    /// <summary>Lines that are cut off the end of a file, at most.</summary>
    private const int CutLines = 3;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_again_and_again_a_run_ends_with_each_line_once(bool cutsFiles)
    {
        var seed = Environment.GetEnvironmentVariable("HEADGATE_TEST_SEED") is { Length: > 0 } given ? int.Parse(given) : Random.Shared.Next();
        var (random, kills) = (new Random(seed), Measured.IsLong ? 30 : 5);
        output.WriteLine($"HEADGATE_TEST_SEED={seed}, {kills} kills");
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "20ms", Limit) with { Seed = seed });
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Enumerable.Range(1, Lines).Select(n => LineOf(api.Url, n)));

        for (var kill = 1; kill <= kills; kill++)
        {
            await using var run = Start(cli);
            await KillAsync(run, random, api, kill, kills);
            if (cutsFiles)
                CutFiles(cli, random);
        }
        await using var last = Start(cli);
        var result = await last.EndAsync();

        var results = cli.Results();
        RunOutput.EachOnce(results, await RunOutput.IdsAsync(input));
        Judge(api, kills);
        Account(cli, api, results, result, kills, cutsFiles);
        await AgainAsync(cli, api, result);
        var verified = await cli.RunAsync("verify", "out.jsonl.ledger");
        output.WriteLine(verified.Output);
        Assert.True(verified.Code == 0, verified.ToString());
    }

    /// <summary>Of ten lines seven are GETs, one is a POST that says it may be repeated, two are POSTs that may not.</summary>
    private static string LineOf(string url, int n) => (n % 10) switch
    {
        3 => Requests.Item(url, n, more: $$""","method":"POST","data":{"n":{{n}}},"idempotency_key":"k{{n}}" """),
        5 or 8 => Requests.Item(url, n, more: $$""","method":"POST","data":{"n":{{n}}}"""),
        _ => Requests.Item(url, n),
    };

    private static bool MayNotRepeat(string? id) => int.Parse(id.AsSpan(1)) % 10 is 5 or 8;

    private static CliProcess Start(Cli cli) =>
        cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", Limit, "--concurrency", $"{Concurrency}", "--json");

    /// <summary>At a random moment of the start, or after a random part of what is left.</summary>
    private static async Task KillAsync(CliProcess run, Random random, SimulatedApi api, int kill, int kills)
    {
        if (random.Next(5) == 0)
            await Task.Delay(random.Next(600));
        else
        {
            var done = api.Report().Items.Distinct;
            var target = done + random.Next(1, Math.Max(2, 2 * (Lines - done) / (kills - kill + 2)));
            var until = DateTime.UtcNow + Cli.Patience;
            while (api.Report().Items.Distinct < target && !run.HasEnded && DateTime.UtcNow < until)
                await Task.Delay(1);
            await Task.Delay(random.Next(20));
        }
        run.Kill();
        await run.EndAsync();
    }

    /// <summary>What a loss of power can do beside: results of the last moment are gone, a record is there in part.</summary>
    private static void CutFiles(Cli cli, Random random)
    {
        var results = cli.PathOf("out.jsonl");
        if (File.Exists(results) && new FileInfo(results).Length is > 0 and var length)
        {
            var tail = string.Join('\n', File.ReadLines(results).TakeLast(CutLines)).Length;
            using var file = new FileStream(results, FileMode.Open);
            file.SetLength(length - random.NextInt64(Math.Min(tail, length)));
        }
        string[] records = [cli.PathOf("out.jsonl.ledger"), .. Directory.Exists(cli.State) ? Directory.GetFiles(cli.State, "*.jsonl", SearchOption.AllDirectories) : []];
        foreach (var file in records.Where(File.Exists))
            File.AppendAllText(file, """{"t":1795229714356150,"m":5750776667,"n":99999999,"line":17,"id":"i17"}"""[..random.Next(70)]);
    }

    private void Judge(SimulatedApi api, int kills)
    {
        var report = api.Report();
        output.WriteLine($"judge: {report.Arrivals} arrivals of {report.Items.Distinct} items, worst window {report.Limits[0].OfferedWorstWindow} of {report.Limits[0].Allowed}, {report.Items.Doubled} items twice");
        Assert.Empty(report.Failures);
        Assert.Equal(0, report.Refused);
        Assert.InRange(report.Limits[0].OfferedWorstPercent, 0, 100);
        Assert.InRange(report.Items.Distinct, Lines - kills * (Concurrency + CutLines), Lines);
    }

    private void Account(Cli cli, SimulatedApi api, List<Outcome> results, CliResult result, int kills, bool cutsFiles)
    {
        var sends = cli.Ledger().GroupBy(send => send.Id!).ToDictionary(group => group.Key, group => group.Count());
        var again = sends.Where(pair => pair.Value > 1).Select(pair => pair.Key).ToHashSet();
        var marked = results.Where(line => line.MaybeSent).ToList();
        var unsent = results.Where(line => line.Class == "maybe_sent").ToList();
        output.WriteLine($"{again.Count} lines sent again, {marked.Count} marked, {unsent.Count} of them not sent again; exit {result.Code}");

        var inFlight = kills * (Concurrency + (cutsFiles ? CutLines : 0));
        Assert.InRange(sends.Values.Sum() - sends.Count, 0, inFlight);
        Assert.InRange(marked.Count, 0, inFlight);
        Assert.Subset(marked.Select(line => line.Id!).ToHashSet(), again);
        Assert.All(results, line => Assert.True(line.Ok || line.Class == "maybe_sent", $"{line}"));
        Assert.All(unsent, line => Assert.True(MayNotRepeat(line.Id), $"{line}"));
        Assert.Equal(unsent.Count > 0 ? 1 : 0, result.Code);
        var arrivals = api.Arrivals().GroupBy(arrival => arrival.Item!).ToDictionary(group => group.Key, group => group.Count());
        Assert.All(arrivals, item => Assert.True(item.Value == 1 || !MayNotRepeat(item.Key), $"{item.Key} arrived {item.Value} times"));
        Assert.All(arrivals, item => Assert.InRange(item.Value, 1, sends[item.Key]));
    }

    private static async Task AgainAsync(Cli cli, SimulatedApi api, CliResult before)
    {
        var (arrivals, results) = (api.Report().Arrivals, await File.ReadAllTextAsync(cli.PathOf("out.jsonl")));
        await using var run = Start(cli);
        Assert.Equal(before.Code, (await run.EndAsync()).Code);
        Assert.Equal(arrivals, api.Report().Arrivals);
        Assert.Equal(results, await File.ReadAllTextAsync(cli.PathOf("out.jsonl")));
    }
}
