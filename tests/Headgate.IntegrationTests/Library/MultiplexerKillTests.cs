using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Library;

/// <summary>Jobs that a program has handed to a multiplexer with a file, whenever that program is killed.</summary>
[Collection(Measured.Alone)]
public sealed class MultiplexerKillTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int Concurrency = 20;
    private const string Limit = "300/s";

    /// <summary>Submits batches until it is killed, or none, and then waits for all there are: what was taken and what has ended stands in its output.</summary>
    private const string Source = """
        using Headgate;
        using Headgate.Backends;
        using Headgate.Jobs;

        var (api, file, first) = (args[0], args[1], int.Parse(args[2]));
        await using var mux = new Multiplexer(o => { o.UseSqlite(file); o.MaxConcurrency = 20; o.Limits = ["300/s"]; o.KeepFinished = 1_000_000; });
        mux.RequestCompleted += (_, job) => Say("completed " + job.Id);
        mux.RequestFailed += (_, job) => Say("failed " + job.Id);
        await mux.StartAsync();
        for (var next = first; first >= 0; next += 10)
        {
            var requests = Enumerable.Range(next, 10).Select(n => new JobRequest(api + "/x?item=i" + n) { Id = "i" + n, Method = n % 5 == 4 ? "POST" : "GET" });
            foreach (var verdict in await mux.SubmitManyAsync(requests))
                Say("taken " + verdict.Id);
            await Task.Delay(20);
        }
        var ids = args[3..];
        foreach (var job in await mux.WaitAsync(ids, TimeSpan.FromMinutes(2)))
            Say($"found {job.Id} {job.Status} {job.FailureClass} {job.MaybeSent}");

        static void Say(string line)
        {
            lock (Console.Out)
                Console.Out.WriteLine(line);
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-jobs-").FullName;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_taken_ends_once_whenever_the_program_is_killed()
    {
        var seed = Environment.GetEnvironmentVariable("HEADGATE_TEST_SEED") is { Length: > 0 } given ? int.Parse(given) : Random.Shared.Next();
        var (random, kills) = (new Random(seed), Measured.IsLong ? 30 : 4);
        output.WriteLine($"HEADGATE_TEST_SEED={seed}, {kills} kills");
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "20ms", Limit) with { Seed = seed });
        await using var program = await SmallProgram.CompileAsync(Source);
        var file = Path.Combine(_folder, "jobs.db");
        List<string> said = [];
        for (var kill = 0; kill < kills; kill++)
        {
            var process = program.Start(api.Url, file, $"{kill * 100_000}");
            await process.Output.WaitForAsync(text => text.Contains("taken", StringComparison.Ordinal), Cli.Patience);
            await Task.Delay(random.Next(1000));
            process.Kill();
            // The last line may be torn.
            said.AddRange((await process.EndAsync()).Output.Split('\n')[..^1]);
        }
        List<string> taken = [.. Told(said, "taken")];
        var last = await program.Start([api.Url, file, "-1", .. taken]).EndAsync(TimeSpan.FromMinutes(3));
        Assert.True(last.Code == 0, last.ToString());
        said.AddRange(last.Output.Split('\n'));

        Judge(api, said, taken, kills);
        await using var cli = new Cli();
        foreach (var ledger in Directory.GetFiles(Path.Combine($"{file}.sends", "ledgers")))
        {
            var verdict = await cli.RunAsync("verify", ledger);
            Assert.True(verdict.Code == 0, $"{ledger}\n{verdict}");
        }
    }

    private void Judge(SimulatedApi api, List<string> said, List<string> taken, int kills)
    {
        var arrivals = api.Arrivals().GroupBy(arrival => arrival.Item!).ToDictionary(group => group.Key, group => group.Count());
        var found = said.Where(line => line.StartsWith("found ", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToList();
        var ended = Told(said, "completed").Concat(Told(said, "failed")).ToList();
        output.WriteLine($"{taken.Count} taken, {ended.Count} ends told, {arrivals.Values.Sum() - arrivals.Count} sent again, {found.Count(job => job[4] == "True")} marked");
        Assert.True(taken.Count > 20 * kills, "too few to mean anything");
        Assert.Equal(taken.Order(), found.Select(job => job[1]).Order());
        // No end is told twice; one that was kept as the program died may never have been.
        Assert.Equal(ended.Distinct().Count(), ended.Count);
        Assert.InRange(ended.Count, taken.Count - kills * Concurrency, int.MaxValue);
        Assert.All(found, job => Assert.True(job[2] == "Completed" ? arrivals.ContainsKey(job[1]) : IsPost(job[1]) && job[3] == "MaybeSent", string.Join(' ', job)));
        Assert.All(arrivals, item => Assert.True(item.Value == 1 || !IsPost(item.Key), $"{item.Key} arrived {item.Value} times"));
        Assert.InRange(arrivals.Values.Sum() - arrivals.Count, 0, kills * Concurrency);
        Assert.Equal(0, api.Report().Refused);
        Assert.InRange(api.Report().Limits[0].OfferedWorstPercent, 0, 100);
    }

    private static IEnumerable<string> Told(IEnumerable<string> lines, string what) => lines.Where(line => line.StartsWith(what + " ", StringComparison.Ordinal)).Select(line => line[(what.Length + 1)..]);

    private static bool IsPost(string item) => int.Parse(item.AsSpan(1)) % 5 == 4;
}
