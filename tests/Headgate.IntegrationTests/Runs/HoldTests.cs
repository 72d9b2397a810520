using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Runs;

/// <summary>A pause the server asks for holds everybody, and ends without a herd.</summary>
[Collection(Measured.Alone)]
public sealed class HoldTests(ITestOutputHelper output)
{
    private const long Second = 1_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_stricter_than_we_were_told_loses_nothing(bool hasKey)
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-5ms", "5ms", "60/2s"));
        await using var cli = new Cli();
        cli.Write("keys.txt", "s3cret\n");
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 240));
        string[] keys = hasKey ? ["--keys", "keys.txt", "--key-limit", "100/s"] : ["--limit", "100/s"];

        var result = await cli.RunAsync(["run", input, "-o", "out.jsonl", "--json", .. keys]);

        var (report, results, summary) = (api.Report(), cli.Results(), result.Summary());
        output.WriteLine(result.Error);
        output.WriteLine($"{report.Refused} refused of {report.Arrivals}; {summary.Seconds("held"):0.00} s held of {summary.Seconds("wall"):0.00} s; best possible {summary.Seconds("bound"):0.00} s");
        Assert.Equal(0, result.Code);
        RunOutput.EachOnce(results, await RunOutput.IdsAsync(input));
        Assert.Equal((240, 0, 0), (report.Items.Succeeded, report.Items.Lost, report.Items.Doubled));
        Assert.Equal(report.Refused, summary.Number("refused"));
        Assert.Equal(report.Arrivals, cli.Ledger().Count);
        Assert.InRange(summary.Seconds("held"), 1, summary.Seconds("wall"));
        HeldFor(api, cli);
    }

    [Fact]
    public async Task Those_in_flight_at_a_refusal_may_be_refused_too_and_then_nobody_goes()
    {
        await using var server = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("10/3s")], Latency = new(TimeSpan.FromMilliseconds(50)) });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(server.Url, 30));

        // No limit is known: the first sign of one is the refusal.
        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--json");

        output.WriteLine($"{server.Report().Refused} refused of {server.Report().Arrivals}; {result.Error}");
        Assert.Equal((0, 30), (result.Code, server.Report().Items.Succeeded));
        HeldFor(server, cli);
    }

    /// <summary>
    /// After each refusal nothing arrives until its Retry-After has passed, but for what was under way. Then it goes on at the allowed pace, 10 in
    /// a tenth of a second, and not with the 100 of a window that stands open. On a busy machine some threads wake late and together.
    /// </summary>
    private void HeldFor(SimulatedApi api, Cli cli)
    {
        const long underWay = Second / 5;
        var arrivals = api.Arrivals();
        long[] sends = [.. cli.Ledger().Select(send => send.SentUs).Order()];
        var (holds, herd) = (0, 0);
        for (var i = 0; i < arrivals.Count; i++)
        {
            if (arrivals[i].Status != 429 || (i > 0 && arrivals[i - 1].Status == 429))
                continue;
            holds++;
            // Retry-After is told in whole seconds, rounded up, and is at least one.
            var early = arrivals.Skip(i).Where(arrival => arrival.TUs > arrivals[i].TUs + underWay && arrival.TUs < arrivals[i].TUs + Second).ToList();
            Assert.True(early.Count == 0, $"{early.Count} arrived within a second of the refusal at {arrivals[i].TUs}, the last at {early.LastOrDefault()?.TUs}");
            var first = Array.Find(sends, sent => sent >= arrivals[i].TUs + Second);
            herd = Math.Max(herd, PaceTests.WorstWindow([.. sends.Where(sent => sent >= first && sent < first + Second)], Second / 10));
        }
        output.WriteLine($"{holds} holds; after them at most {herd} sends in 100 ms");
        Assert.InRange(herd, 1, Measured.IsLong ? 12 : 35);
        Assert.InRange(holds, 1, 100);
    }
}
