using Headgate.App.CommandLine;
using Headgate.App.Simulator;
using Headgate.App.Simulator.Models;
using Headgate.Limits;

namespace Headgate.Tests.Simulator;

/// <summary>What the simulator is started with, and what it reads of requests, whatever it is.</summary>
public sealed class ArgumentFuzzTests
{
    private static readonly CostTable Costs = new([Limit.Parse("10/s"), Limit.Parse("100 tokens/s"), Limit.Parse("5 points/s")]);

    private static readonly FuzzedParser[] Parsers =
    [
        new("latency", ["50ms", "lognormal:50ms,2", "lognormal:1s,0.5", "uniform:10ms-50ms", "uniform:0-3s"], text => LatencyShape.TryParse(text.Text) is { } shape ? () => Assert.InRange(shape.Draw(text.Random), TimeSpan.Zero, LatencyShape.Longest) : null),
        new("uplink", ["0-30ms", "5ms-0.2s", "10ms"], text => UplinkDelay.TryParse(text.Text) is { } delay ? () => Assert.InRange(delay.Draw(text.Random), delay.From, delay.To) : null),
        new("errors", ["500=1%,reset=0.1%,hang=0.1%,fin=0.1%", "599=100%"], ReadFaults) { OnceFailed = ["500=NaN%", "500=Infinity%", "500=-Infinity%,reset=Infinity%"] },
        new("model", ["counter", "segments=10", "bucket=20"], text => ModelChoice.TryParse(text.Text) is { } choice ? () => Assert.True(choice.Kind == ModelKind.Counter || choice.Number > 0) : null),
        new("arguments", ["127.0.0.1:8080|key|counter|50ms|0-30ms|500=1%|github|42|10/s", "localhost:0|ip|bucket=2|lognormal:50ms,2|10ms|reset=1%|none|7|5 tokens/s", "http://[::1]:80/|all|||||||"], ReadArguments)
        {
            Batch = 300,
            Refusals = [typeof(CommandException)],
        },
        new("declared costs", ["tokens=120,points=5", "requests=2", "tokens=1000000000000"], text => Costs.TryRead(text.Text, out var cost) ? () => Assert.All(cost.ByLimit, amount => Assert.InRange(amount, 0, 1_000_000_000_000)) : null),
        new("paths", ["/redirect/3", "/status/503", "/delay/250", "/bytes/1073741824", "/echo", "/", "/close"], text => Route.Of(text.Text) is { Kind: not RouteKind.Plain } route ? () => Assert.InRange(route.Number, 0, Route.MostBytes) : null),
        new("queries", ["?item=a%20b&api_key=k", "?a&item=", "?item=%C3%A4+x"], text => PleaReader.FromQuery(text.Text, "item") is { } item ? () => Assert.True(item.Length <= text.Text.Length) : null),
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? ReadFaults(Fuzzed text)
    {
        var isRead = FaultShares.TryParse(text.Text, out var shares, out var error);
        text.Say(error);
        if (!isRead)
            return null;
        return () =>
        {
            shares.Draw(text.Random);
            Assert.False(text.Text.Contains('N', StringComparison.Ordinal) || text.Text.Contains('I', StringComparison.Ordinal), "a share is a number");
        };
    }

    private static Action? ReadArguments(Fuzzed text)
    {
        var parts = text.Text.Split('|').Concat(Enumerable.Repeat("", 9)).Select(part => part.Length == 0 ? null : part).ToList();
        var options = new SimulatorArguments
        {
            Listen = parts[0],
            Per = parts[1],
            Model = parts[2],
            Latency = parts[3],
            Uplink = parts[4],
            Errors = parts[5],
            Style = parts[6],
            Seed = parts[7],
            Limits = parts[8] is { } limit ? [limit] : [],
        }.Read(1);
        return () => Assert.True(System.Net.IPAddress.IsLoopback(options.Listen.Address));
    }
}
