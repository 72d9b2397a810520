using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>
/// What headgate.json, the environment and the flags say together, checked and complete. Immutable; equality is by value,
/// so that a reload which changes nothing is seen to change nothing.
/// </summary>
internal sealed record HeadgateConfiguration
{
    /// <summary>Nothing configured: every API is found by its authority and has the default policy.</summary>
    public static readonly HeadgateConfiguration Default = new();

    /// <summary>Limits that all traffic shares.</summary>
    public ValueList<Limit> TotalLimits { get; init; } = [];

    /// <summary>The most connections in use at once to all APIs together; null for no such limit.</summary>
    public int? TotalConnections { get; init; }

    /// <summary>The most that answers take that are kept, in bytes.</summary>
    public long CacheBytes { get; init; } = 64 << 20;

    /// <summary>How an API is treated that says nothing else, configured or not.</summary>
    public UpstreamPolicy Defaults { get; init; } = UpstreamPolicy.Default;

    /// <summary>The most requests in flight at once where no limit says otherwise.</summary>
    public int Concurrency { get; init; } = 100;

    /// <summary>The configured APIs in the order of the file, their policies completed from <see cref="Defaults"/>.</summary>
    public ValueList<UpstreamConfiguration> Upstreams { get; init; } = [];

    /// <summary>The pools of proxies.</summary>
    public ValueList<ProxyPoolConfiguration> ProxyPools { get; init; } = [];

    /// <summary>How the service keeps its jobs.</summary>
    public JobsConfiguration Jobs { get; init; } = JobsConfiguration.Default;

    /// <summary>How the service is reached.</summary>
    public ServeConfiguration Serve { get; init; } = ServeConfiguration.Default;

    /// <summary>What the service logs.</summary>
    public LogConfiguration Log { get; init; } = LogConfiguration.Default;

    /// <summary>Where the service sends traces and metrics.</summary>
    public OtlpConfiguration Otlp { get; init; } = OtlpConfiguration.Default;
}
