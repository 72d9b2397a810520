using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>How long the first attempt is waited for before a second is sent beside it.</summary>
/// <param name="latency">What answers take.</param>
/// <param name="after">What is configured.</param>
internal sealed class HedgeDelay(LatencyQuantiles latency, HedgeAfter after)
{
    /// <summary>Nanoseconds; null while too little is known to hedge at all.</summary>
    public long? Now => after.PerMille > 0 ? latency.Quantile(after.PerMille) : Clock.Nanoseconds(after.Fixed);
}
