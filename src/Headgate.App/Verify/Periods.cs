using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>The length of a limit's period in microseconds.</summary>
internal static class Periods
{
    public static long Us(Limit limit) => Us(limit.IsMonthly ? TimeSpan.FromDays(31) : limit.Period);

    public static long Us(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}
