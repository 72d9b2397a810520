using Headgate.App.CommandLine;
using Headgate.App.Commands;
using Headgate.App.Runs;
using Headgate.App.Simulator;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.App.Demo;

/// <summary>
/// <c>headgate demo</c>: a strict API on loopback, a file of requests through the same run that users have, and what both sides say of it
/// afterwards. Nothing of the user's is read or changed, neither configuration nor state.
/// </summary>
/// <param name="output">What the demo says.</param>
/// <param name="talk">What the run says meanwhile.</param>
/// <param name="time">The clock.</param>
internal sealed class Demonstration(TextWriter output, TextWriter talk, TimeProvider time)
{
    private static readonly string[] Keys = ["red", "green", "blue"];

    /// <summary>How many requests are sent; at 300/s the default takes 9 s at best.</summary>
    public int Requests { get; init; } = 3_000;

    /// <summary>What the API allows each key.</summary>
    public Limit Limit { get; init; } = Limit.Parse("100/s");

    /// <summary>Runs it.</summary>
    /// <param name="keep">The folder to keep the files in; null to delete them.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<ExitCode> ExecuteAsync(string? keep, CancellationToken stop)
    {
        // Requests travel for up to 10 ms, each differently: what was sent evenly does not arrive so.
        await using var api = await SimulatedApi.StartAsync(new SimulatorArguments { Per = "key", Uplink = "0-10ms", Latency = "5ms" }.Read(chosenSeed: 1) with { Limits = [Limit] });
        using var files = DemoFiles.Make(keep);
        files.Write(api.Url, Requests, Keys);
        Introduce(api.Url);
        var code = await new Run(Options(api.Url, files), output, talk, time).ExecuteAsync(stop);
        if (code == ExitCode.Interrupted)
            talk.WriteLine(keep is null ? "headgate: the demo was stopped, and its files are deleted" : $"headgate: the demo was stopped; its files are in {files.Directory}");
        if (code != ExitCode.Ok)
            return code;
        code = Judge(api.Report());
        output.WriteLine("What the ledger proves, as headgate verify finds it:");
        var audit = VerifyCommand.Create().Parse([$"{files.Results}.ledger"]).Invoke(new() { Output = new Indented(output), Error = talk });
        output.WriteLine();
        SayWhatNext(keep is null ? null : files.Directory);
        return code == ExitCode.Ok ? (ExitCode)audit : code;
    }

    private RunOptions Options(string url, DemoFiles files) => new()
    {
        Input = files.Requests,
        Results = files.Results,
        Engine = new EngineSettings
        {
            Configuration = HeadgateConfiguration.Default with { Upstreams = [Api(url, files)] },
            Directory = files.Directory,
            State = files.State,
        },
    };

    /// <summary>As headgate.json would have it.</summary>
    private UpstreamConfiguration Api(string url, DemoFiles files) => new()
    {
        Name = "demo",
        Bases = [new UpstreamBase(Authority.Of(new Uri(url)), "")],
        Keys = new KeysConfiguration { From = [files.Keys], Limits = [Limit] },
    };

    private void Introduce(string url)
    {
        var atBest = Math.Max(0, Requests - Keys.Length * Limit.Amount) * Limit.Period.TotalSeconds / (Keys.Length * Limit.Amount);
        output.WriteLine($"A simulated API at {url} allows each key {Limit}, and no more.");
        output.WriteLine(Words.Invariant($"{Words.Count(Requests)} requests go there with {Keys.Length} keys, as fast as that allows: {atBest:0.#} s at best."));
        output.WriteLine();
    }

    /// <summary>Tells what the API saw, which shares no code with what kept its limits.</summary>
    private ExitCode Judge(SimulatorReport report)
    {
        var limit = report.Limits[0];
        output.WriteLine();
        output.WriteLine("What the API saw:");
        output.WriteLine(Words.Invariant($"  {Words.Count(report.Arrivals)} requests arrived, {Words.Count(report.Refused)} refused; {Words.Count(report.Items.Lost)} items lost, {Words.Count(report.Items.Doubled)} doubled"));
        output.WriteLine(Words.Invariant($"  worst second of a key: {limit.OfferedWorstWindow:0} of {limit.Allowed:0}"));
        output.WriteLine();
        return report.Refused == 0 && report.Items is { Lost: 0, Doubled: 0 } && limit.OfferedWorstPercent <= 100 ? ExitCode.Ok : ExitCode.Breach;
    }

    private void SayWhatNext(string? kept)
    {
        if (kept is not null)
            output.WriteLine($"Its files are in {kept}.");
        output.WriteLine("Now yours: a file of URLs, or of lines like {\"url\": \"https://…\", \"data\": {}}");
        output.WriteLine("  headgate run urls.txt -o results.jsonl --limit 100/s");
        output.WriteLine("  headgate run urls.txt -o results.jsonl --keys keys.txt --key-limit 100/s");
        output.WriteLine("  headgate verify results.jsonl.ledger");
    }
}
