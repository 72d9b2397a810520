using System.Diagnostics;
using System.Globalization;

namespace Headgate.Benchmarks;

/// <summary>
/// What the engine adds to each request where no limit is in the way: requests come at half the rate at which they begin to
/// pile up, whether earlier ones are back or not, and each is measured from the moment it should have been sent. Rounds of both in turn.
/// </summary>
internal static class Overhead
{
    private const int Batches = 1000;

    public static async Task RunAsync(Session session)
    {
        var (seconds, rounds) = (session.Either(5, 2), session.Either(7, 3));
        using var origin = await OriginProcess.StartAsync();
        using var bare = new HttpMessageInvoker(new SocketsHttpHandler { UseCookies = false, UseProxy = false, AllowAutoRedirect = false });
        using var engine = new Engine(EngineThroughput.EveryStage(origin.Uri), new EngineOptions { Concurrency = 10_000 });
        var line = new StraightLine(engine);
        Func<ValueTask> direct = () => EngineThroughput.BareAsync(bare, origin.Uri), gated = () => EngineThroughput.LineAsync(line, origin.Uri);
        for (var warm = 0; warm < 3; warm++)
        {
            await EngineThroughput.LoopAsync(40_000, direct);
            await EngineThroughput.LoopAsync(40_000, gated);
        }
        var saturation = await SaturationAsync(gated);
        var rate = saturation / 2;
        List<(double Half, double Most)> added = [], plain = [];
        for (var round = 0; round < rounds; round++)
        {
            var (without, with) = (await OpenAsync(rate, seconds, direct), await OpenAsync(rate, seconds, gated));
            plain.Add((without.Half, without.Most));
            added.Add((with.Half - without.Half, with.Most - without.Most));
        }
        var (half, most) = (Round.Middle(added.Select(it => it.Half)), Round.Middle(added.Select(it => it.Most)));
        session.Report.Add("rate, half of what can be had through the engine", string.Create(CultureInfo.InvariantCulture, $"{rate:#,0}/s"));
        session.Report.Add("bare: p50, p99", $"{Text(Round.Middle(plain.Select(it => it.Half)))}, {Text(Round.Middle(plain.Select(it => it.Most)))}");
        session.Report.HoldTime("every stage on: p50 more", Text(half), "< 1 ms", half < 1);
        session.Report.HoldTime("every stage on: p99 more", Text(most), "< 10 ms", most < 10);
    }

    /// <summary>The highest rate, in steps of a fifth, at which requests are not ever later: the median of a second's is back within 5 ms.</summary>
    private static async Task<int> SaturationAsync(Func<ValueTask> send)
    {
        var reached = 5_000;
        for (var rate = reached; rate < 500_000; rate += rate / 5)
        {
            if ((await OpenAsync(rate, 1, send)).Half > 5)
                break;
            reached = rate;
        }
        return reached;
    }

    /// <summary>The median and the 99th percentile, in ms from the moment a request should have been sent.</summary>
    private static async Task<(double Half, double Most)> OpenAsync(int rate, int seconds, Func<ValueTask> send)
    {
        var took = new double[rate * seconds];
        var (tasks, start) = (new List<Task>(took.Length), Stopwatch.GetTimestamp());
        await Task.Factory.StartNew(() =>
        {
            for (var next = 0; next < took.Length;)
            {
                var due = (int)Math.Min(took.Length, Stopwatch.GetElapsedTime(start).TotalSeconds * rate);
                for (; next < due; next++)
                    tasks.Add(OneAsync(next));
                // The load must come whatever becomes of the requests: from a thread of its own, not from the pool that serves them.
                Thread.Sleep(TimeSpan.FromSeconds(1.0 / Batches));
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll(tasks);
        Array.Sort(took);
        return (took[took.Length / 2], took[took.Length * 99 / 100]);

        async Task OneAsync(int number)
        {
            await send();
            took[number] = Stopwatch.GetElapsedTime(start).TotalMilliseconds - number * 1000.0 / rate;
        }
    }

    private static string Text(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.00} ms");
}
