using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Memory does not grow with the number of lines.</summary>
[Collection(Measured.Alone)]
public sealed class ManyLinesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Memory_stays_flat_and_progress_is_live()
    {
        var count = Measured.IsLong ? 1_000_000 : 100_000;
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, count));

        await using var process = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none", "--progress", "json", "--json");
        var watch = ProcessWatch.Of(process);
        var result = await process.EndAsync(TimeSpan.FromMinutes(10));
        await watch.Ended;

        var summary = result.Summary();
        output.WriteLine($"{count:#,0} lines in {summary.Seconds("wall"):0.00} s, {count / summary.Seconds("wall"):#,0}/s; peak {watch.PeakMemory >> 20} MiB");
        Assert.Equal(0, result.Code);
        Assert.Equal((count, count), (summary.Number("ok"), api.Report().Items.Succeeded));
        Assert.Equal(0, api.Report().Items.Doubled);
        Assert.InRange(watch.PeakMemory, 1, (Measured.IsLong ? 300L : 200L) << 20);

        var ticks = result.Error.Split('\n').Where(line => line.StartsWith("{\"finished\"", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line).RootElement.Number("finished")).ToList();
        output.WriteLine($"{ticks.Count} ticks of progress: {string.Join(" ", ticks.Take(20))}");
        Assert.InRange(ticks.Count, (int)(summary.Seconds("wall") * 0.7) - 1, (int)summary.Seconds("wall") + 2);
        Assert.Equal(ticks.Order(), ticks);
        Assert.InRange(ticks.Distinct().Count(), ticks.Count * 9 / 10, ticks.Count);
    }
}
