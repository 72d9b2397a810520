using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>How an API is treated. The initial values here are the defaults of the whole program; nothing else states them.</summary>
internal sealed record UpstreamPolicy
{
    public static readonly UpstreamPolicy Default = new();

    /// <summary>The limits of each API that has this policy; they are not shared between APIs.</summary>
    public ValueList<Limit> Limits { get; init; } = [];

    /// <summary>Whether a limit is learned at the first sign of one; false for a list of limits and for "none".</summary>
    public bool Learns { get; init; } = true;

    public TimingChoice Timing { get; init; } = new(LimitTiming.Bounded);

    /// <summary>How long after we gave up a request may still arrive.</summary>
    public TimeSpan Straggle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the first byte of an attempt to the end of its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a request is tried again; holds by limits are not counted.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The base of the backoff, doubled by every retry, with full jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan RetryCap { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request may wait for its permit; null for as long as its deadline allows.</summary>
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>When it is left alone because it fails; null for never.</summary>
    public BreakerConfiguration? Breaker { get; init; } = BreakerConfiguration.Default;

    /// <summary>How long a request waits while the breaker is open; null for what whoever asked for it usually waits.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>The largest answer that is kept, in bytes.</summary>
    public long MaxBody { get; init; } = 16 << 20;

    /// <summary>The largest answer that is passed on to a caller who reads it himself; null where no largest one was given.</summary>
    public long? MaxPassed { get; init; }

    /// <summary>Which answers are kept; null for what is usual where they are asked for.</summary>
    public CacheConfiguration? Cache { get; init; }

    public ConnectionsConfiguration Connections { get; init; } = ConnectionsConfiguration.Default;

    /// <summary>The name of the pool of proxies through which the API is reached; null for none.</summary>
    public string? Proxies { get; init; }
}
