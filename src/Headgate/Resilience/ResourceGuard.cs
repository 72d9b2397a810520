using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>What this machine, or its container, uses of what it has, in thousandths; null where nothing tells.</summary>
internal readonly record struct ResourceUse(int? Cpu, int? Memory);

/// <summary>How much less is sent.</summary>
/// <param name="Concurrency">The part of the concurrency that is left, in thousandths.</param>
/// <param name="Gap">What must lie between one send and the next, in nanoseconds; 0 for nothing.</param>
/// <param name="Rate">The part of the rate that is left, in thousandths.</param>
internal readonly record struct ResourceRelief(int Concurrency, long Gap, int Rate)
{
    public static readonly ResourceRelief None = new(1000, 0, 1000);
}

/// <summary>
/// Sends less while the machine is short: above 80 % of the processor fewer at once (0.8 a step, back by 1.25 below 70 %), above 85 % of memory further
/// apart (doubled a step, halved below 75 %), above 10 % errors slower (0.8 a step, back by 1.25 below 5 %). Between the two thresholds all stays
/// as it is, so that it does not flap. Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
internal sealed class ResourceGuard
{
    /// <summary>One step at most in this time: what it changed must show first.</summary>
    public const long Step = Clock.Second;

    /// <summary>Never less than a twentieth, never further apart than 5 s: a guard that stops all never learns that it may end.</summary>
    private const int Least = 50;
    private const long FirstGap = 10 * Clock.Millisecond;
    private const long LongestGap = 5 * Clock.Second;

    private long _lastStep = long.MinValue;

    public ResourceRelief Relief { get; private set; } = ResourceRelief.None;

    /// <summary>Looks at what is used now; most often nothing changes.</summary>
    /// <param name="use">What is used.</param>
    /// <param name="errors">The share of errors of the last time, in thousandths; null where there were too few calls to say.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public ResourceRelief Look(ResourceUse use, int? errors, long now)
    {
        if (_lastStep != long.MinValue && now - _lastStep < Step)
            return Relief;
        _lastStep = now;
        return Relief = new ResourceRelief(
            Part(Relief.Concurrency, use.Cpu, worse: 800, well: 700),
            Apart(Relief.Gap, use.Memory),
            Part(Relief.Rate, errors, worse: 100, well: 50));
    }

    private static int Part(int part, int? measured, int worse, int well) =>
        measured > worse ? Math.Max(Least, part * 4 / 5) : measured < well ? Math.Min(1000, part * 5 / 4 + 1) : part;

    private static long Apart(long gap, int? memory) =>
        memory > 850 ? Math.Clamp(gap * 2, FirstGap, LongestGap) : memory < 750 ? gap <= FirstGap ? 0 : gap / 2 : gap;
}
