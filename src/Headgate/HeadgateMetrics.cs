using Headgate.Telemetry;
using Headgate.Time;

namespace Headgate;

/// <summary>What was sent since the counts began, and how things stand now. Immutable.</summary>
public sealed record HeadgateMetrics
{
    internal HeadgateMetrics() { }

    /// <summary>Requests that have ended.</summary>
    public long Total { get; internal init; }

    /// <summary>Those that ended well: with 2xx.</summary>
    public long Successful { get; internal init; }

    /// <summary>Those that did not.</summary>
    public long Failed => Total - Successful;

    /// <summary>Attempts made after a failure.</summary>
    public long Retries { get; internal init; }

    /// <summary>Attempts that a limit of a server refused.</summary>
    public long RateLimited { get; internal init; }

    /// <summary>The mean time from the hand-over of a request to the end of its answer, waiting included.</summary>
    public TimeSpan AverageLatency { get; internal init; }

    /// <summary>The time that 95 of 100 of the last 1,024 requests took at most.</summary>
    public TimeSpan P95 { get; internal init; }

    /// <summary>The time that 99 of 100 of the last 1,024 requests took at most.</summary>
    public TimeSpan P99 { get; internal init; }

    /// <summary>The share of requests that ended well, from 0 to 1; 1 while there are none.</summary>
    public double SuccessRate => Total == 0 ? 1 : Successful / (double)Total;

    /// <summary>The breaker that is worst off: <c>closed</c>, <c>half_open</c> or <c>open</c>.</summary>
    public string BreakerState { get; internal init; } = "closed";

    /// <summary>How often breakers have opened.</summary>
    public long BreakerOpens { get; internal init; }

    /// <summary>Requests that wait for a permit now.</summary>
    public long Queue { get; internal init; }

    /// <summary>Attempts that are on their way now, each on a connection or stream.</summary>
    public long ActiveConnections { get; internal init; }

    /// <summary>The memory of the process's managed objects now, in bytes.</summary>
    public long MemoryBytes { get; internal init; }

    internal static HeadgateMetrics Of(Counts counts)
    {
        var (totals, latencies) = counts.Read();
        return new HeadgateMetrics
        {
            Total = totals.Requests,
            Successful = totals.Successful,
            Retries = totals.Retries,
            RateLimited = totals.Refusals,
            AverageLatency = totals.Requests == 0 ? TimeSpan.Zero : Clock.Span((long)(totals.Latency / totals.Requests)),
            P95 = At(95),
            P99 = At(99),
        };

        TimeSpan At(int percent) => latencies.Length == 0 ? TimeSpan.Zero : Clock.Span(latencies[(latencies.Length * percent + 99) / 100 - 1]);
    }
}

/// <summary>How the sending does.</summary>
public enum SendingHealth
{
    /// <summary>Nothing is out of the ordinary.</summary>
    Healthy,

    /// <summary>It works, but slowly, or not everywhere.</summary>
    Degraded,

    /// <summary>Too many requests fail.</summary>
    Unhealthy,
}

/// <summary>How the sending does, and why. Immutable.</summary>
/// <param name="Status">How it does.</param>
/// <param name="Reasons">What is out of the ordinary; empty if nothing is.</param>
public sealed record HealthAssessment(SendingHealth Status, IReadOnlyList<string> Reasons)
{
    internal static HealthAssessment Of(HeadgateMetrics metrics, HealthThresholds thresholds)
    {
        List<string> failing = [], slow = [];
        var errors = metrics.Total == 0 ? 0 : metrics.Failed / (double)metrics.Total;
        if (metrics.SuccessRate < thresholds.SuccessRate)
            failing.Add(FormattableString.Invariant($"{metrics.SuccessRate:0.0%} of the requests ended well, less than {thresholds.SuccessRate:0.#%}"));
        if (errors > thresholds.ErrorRate)
            failing.Add(FormattableString.Invariant($"{errors:0.0%} of the requests failed, more than {thresholds.ErrorRate:0.#%}"));
        if (metrics.P95 > thresholds.P95)
            slow.Add(FormattableString.Invariant($"5 of 100 requests take longer than {metrics.P95.TotalSeconds:0.0} s, more than {thresholds.P95.TotalSeconds:0.###} s"));
        if (metrics.BreakerOpens > thresholds.BreakerOpens)
            slow.Add(FormattableString.Invariant($"breakers have opened {metrics.BreakerOpens} times, more than {thresholds.BreakerOpens}"));
        if (metrics.Queue > thresholds.Queue)
            slow.Add(FormattableString.Invariant($"{metrics.Queue} requests wait, more than {thresholds.Queue}"));
        return new HealthAssessment(failing.Count > 0 ? SendingHealth.Unhealthy : slow.Count > 0 ? SendingHealth.Degraded : SendingHealth.Healthy, [.. failing, .. slow]);
    }
}
