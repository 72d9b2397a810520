using System.Diagnostics;
using System.Globalization;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.Benchmarks;

/// <summary>From the moment a request is due to the decision that it goes, at several rates; beside what the timers of the runtime make of the same waits.</summary>
internal static class GrantLateness
{
    private const double Most = 300; // µs

    public static async Task RunAsync(Session session)
    {
        var it = session.Report;
        var idle = await IdleAsync(session.Either(5, 2));
        it.Hold("a limiter that nobody uses, and one where 1,000 wait: CPU", string.Create(CultureInfo.InvariantCulture, $"{idle:0.00} % of a core"), "< 1 %", idle < 1);
        foreach (var perSecond in new[] { 50, 200, 500, 1000, 2000 })
        {
            var (late, cpu) = await GateAsync(perSecond, session.Either(perSecond <= 200 ? 12 : 4, 1));
            it.HoldTime($"gate, {perSecond:#,0} grants a second: p99", string.Create(CultureInfo.InvariantCulture, $"{Quantile(late, 0.99):0} µs"), "< 300 µs", Quantile(late, 0.99) < Most);
            it.Add($"gate, {perSecond:#,0} grants a second", $"{Text(late)}, {cpu:0.0} % of a core");
        }
        it.Add("Task.Delay of 10 ms", Text(await DelayAsync(session.Either(200, 50))));
        it.Add("PeriodicTimer of 10 ms", Text(await PeriodicAsync(session.Either(200, 50))));
    }

    /// <summary>
    /// Everybody waits from the start at a limit that lets one go at a time, so each is due a period after the grant before it, and nothing
    /// that happens after a grant can make the next one late.
    /// </summary>
    private static async Task<(double[] Late, double Cpu)> GateAsync(int perSecond, int seconds)
    {
        var period = Headgate.Time.Clock.Second / perSecond;
        using var dispatcher = new Dispatcher(TimeProvider.System);
        var limit = Limit.Parse($"{perSecond}/s spaced guard=0ms");
        var gate = new Gate("api", [new Scope("api", [limit], ArrivalTerms.Nominal, dispatcher.Ours)], sendsAtGrant: true);
        var key = new LaneKey(Cost.One, RequestPriority.Medium, null, null);
        var waiters = new Permit[perSecond * seconds + 20];
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        for (var index = 0; index < waiters.Length; index++)
            dispatcher.Acquire(waiters[index] = new Permit(Cost.One, LimitState.Never), gate, key, CancellationToken.None);
        await waiters[^1].Task;
        var part = (Environment.CpuUsage.TotalTime - cpu) / Stopwatch.GetElapsedTime(start);
        // The first few pay for the thread and for code that is compiled when it is first needed.
        return ([.. waiters.Zip(waiters.Skip(1), (before, after) => (after.GrantedAt - before.GrantedAt - period) / 1000.0).Skip(19)], part * 100);
    }

    private static async Task<double[]> DelayAsync(int count)
    {
        var late = new double[count];
        for (var index = 0; index < count; index++)
        {
            var start = Stopwatch.GetTimestamp();
            await Task.Delay(10);
            late[index] = Stopwatch.GetElapsedTime(start).TotalMicroseconds - 10_000;
        }
        return late;
    }

    // Counted from the tick before, as for the gate: a timer that keeps to its grid is as often early.
    private static async Task<double[]> PeriodicAsync(int count)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var late = new double[count];
        await timer.WaitForNextTickAsync();
        var before = Stopwatch.GetTimestamp();
        for (var index = 0; index < count; index++)
        {
            await timer.WaitForNextTickAsync();
            var now = Stopwatch.GetTimestamp();
            (late[index], before) = (Stopwatch.GetElapsedTime(before, now).TotalMicroseconds - 10_000, now);
        }
        return late;
    }

    private static async Task<double> IdleAsync(int seconds)
    {
        using var unused = new GateLimiter(["100/s"]);
        using var full = new GateLimiter(["1/day"]);
        using var end = new CancellationTokenSource();
        full.TryAcquire();
        var waiters = Enumerable.Range(0, 1000).Select(_ => full.AcquireAsync(1, end.Token).AsTask()).ToList();
        // Code that is compiled behind our back for what ran before is not what is asked about.
        await Task.Delay(3000);
        var (cpu, start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var part = (Environment.CpuUsage.TotalTime - cpu) / Stopwatch.GetElapsedTime(start);
        await end.CancelAsync();
        await Task.WhenAll(waiters).ContinueWith(static _ => { }, TaskScheduler.Default);
        return part * 100;
    }

    private static string Text(double[] late) => string.Create(CultureInfo.InvariantCulture,
        $"least {late.Min():0}, p50 {Quantile(late, 0.5):0}, p99 {Quantile(late, 0.99):0}, most {late.Max():0} µs");

    private static double Quantile(double[] values, double part) => values.Order().ElementAt((int)Math.Min(values.Length - 1, values.Length * part));
}
