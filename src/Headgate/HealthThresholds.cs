namespace Headgate;

/// <summary>When the sending counts as unwell: each is a reason by itself.</summary>
public sealed class HealthThresholds
{
    /// <summary>The least share of requests that end well, from 0 to 1. 0.95 by default; below it the sending is unhealthy.</summary>
    public double SuccessRate { get; set; } = 0.95;

    /// <summary>The most that failed requests may be of all, from 0 to 1. 0.05 by default.</summary>
    public double ErrorRate { get; set; } = 0.05;

    /// <summary>The longest latency that 95 of 100 requests may have. 5 s by default.</summary>
    public TimeSpan P95 { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The most requests that may wait. 1,000 by default.</summary>
    public int Queue { get; set; } = 1000;

    /// <summary>How often a breaker may have opened since the counts began. 0 by default.</summary>
    public long BreakerOpens { get; set; }
}
