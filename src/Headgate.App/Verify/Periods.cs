using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>The length of a limit's period in microseconds.</summary>
internal static class Periods
{
    public static long Us(Limit limit) => Us(limit.IsMonthly ? TimeSpan.FromDays(31) : limit.Period);

    /// <summary>How long something that has arrived counts at most.</summary>
    public static long CountedFor(Limit limit) => limit.Algorithm switch
    {
        LimitAlgorithm.Concurrent => 0,
        LimitAlgorithm.Bucket => (long)Int128.Min(long.MaxValue / 4, (Int128)Us(limit) * limit.Burst / limit.Amount),
        LimitAlgorithm.Spaced => Us(limit) / limit.Amount,
        LimitAlgorithm.Counter => 2 * Us(limit),
        _ => Us(limit),
    };

    public static long Us(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}
