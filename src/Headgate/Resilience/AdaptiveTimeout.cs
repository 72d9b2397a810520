using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>The time an attempt has, from what answers take: three times the 99th percentile, once enough is known.</summary>
/// <param name="latency">What answers take.</param>
/// <param name="configured">The most, and what holds until enough is known, in nanoseconds.</param>
internal sealed class AdaptiveTimeout(LatencyQuantiles latency, long configured)
{
    /// <summary>Nobody is given less: a pause of a network or a collector is no failure.</summary>
    public const long Least = 500 * Clock.Millisecond;

    public long Now => latency.Quantile(990) is { } slow ? Math.Min(configured, Math.Max(Least, 3 * slow)) : configured;
}
