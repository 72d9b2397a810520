using System.Net;

namespace Headgate.Configuration;

/// <summary>How <c>headgate serve</c> is reached, and whom it sends for. The initial values here are the defaults.</summary>
internal sealed record ServeConfiguration
{
    public static readonly ServeConfiguration Default = new();

    /// <summary>Where the API listens.</summary>
    public ValueList<ListenUrl> Listen { get; init; } = [ListenUrl.Usual];

    /// <summary>Where the figures are, alone; null for nowhere but at <see cref="Listen"/>.</summary>
    public ListenUrl? MetricsListen { get; init; }

    /// <summary>The directory of jobs, of what was sent, and of what is remembered of limits: an absolute path, but where none was given.</summary>
    public string Data { get; init; } = "data";

    /// <summary>How long a call to the gateway waits for its turn; then it is answered 429.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>What callers may reach although it is private.</summary>
    public ValueList<IPNetwork> AllowAddresses { get; init; } = [];

    /// <summary>The API that all paths belong to that are not the service's own; null for none.</summary>
    public string? UpRoot { get; init; }

    /// <summary>Where the forward proxy listens; null for nowhere.</summary>
    public ListenUrl? ProxyListen { get; init; }

    /// <summary>Hosts, with a port or without, to which the forward proxy sends http:// URLs as https://.</summary>
    public ValueList<string> ProxyUpgrade { get; init; } = [];

    /// <summary>How long a tunnel of the forward proxy stays open through which nothing passes.</summary>
    public TimeSpan ProxyIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The size of the file behind the memory of the cache, in bytes; 0 for none.</summary>
    public long CacheDisk { get; init; } = 256 << 20;

    /// <summary>Who may call it.</summary>
    public AccessConfiguration Access { get; init; } = AccessConfiguration.Default;
}

/// <summary>How the service keeps jobs. The initial values here are the defaults.</summary>
internal sealed record JobsConfiguration
{
    public static readonly JobsConfiguration Default = new();

    /// <summary>Where jobs wait.</summary>
    public JobPlace Queue { get; init; } = JobPlace.Sqlite;

    /// <summary>Where jobs, and what became of them, are kept.</summary>
    public JobPlace Store { get; init; } = JobPlace.Sqlite;

    /// <summary>So many are under way at once, whether they wait in the gate, for a retry, or for their answer.</summary>
    public int Workers { get; init; } = 20_000;

    /// <summary>Beyond so many that have not ended, none is accepted.</summary>
    public long Most { get; init; } = 10_000_000;

    /// <summary>What is done with new ones while many wait; null for nothing.</summary>
    public BackpressureConfiguration? Backpressure { get; init; } = BackpressureConfiguration.Default;

    /// <summary>How long those that have ended are kept.</summary>
    public RetentionConfiguration Retention { get; init; } = RetentionConfiguration.Default;

    /// <summary>The named queues, in the order of the file.</summary>
    public ValueList<NamedQueue> Queues { get; init; } = [];

    /// <summary>What the record of sends outlives.</summary>
    public Durability Durable { get; init; } = Durability.Process;

    /// <summary>How long what is in flight may take when the service stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(25);
}

/// <summary>What the record of a send outlives when the send begins.</summary>
internal enum Durability
{
    /// <summary>The process: it has gone through write(2).</summary>
    Process,

    /// <summary>A loss of power: it is on disk.</summary>
    Power,
}

/// <summary>What is done with new jobs while too many wait.</summary>
internal enum BackpressureAct
{
    /// <summary>They are accepted as always.</summary>
    None,

    /// <summary>They are refused.</summary>
    Reject,

    /// <summary>They are accepted, and begun later.</summary>
    Delay,

    /// <summary>Those of low and background priority are refused.</summary>
    DropLowPriority,
}

/// <summary>What is done with new jobs while many wait. The initial values here are the defaults.</summary>
internal sealed record BackpressureConfiguration
{
    public static readonly BackpressureConfiguration Default = new();

    /// <summary>So many that have not ended are too many.</summary>
    public long Threshold { get; init; } = 1_000_000;

    public BackpressureAct Act { get; init; } = BackpressureAct.Reject;
}

/// <summary>How long jobs that have ended can be asked for. The initial values here are the defaults.</summary>
internal sealed record RetentionConfiguration
{
    public static readonly RetentionConfiguration Default = new();

    /// <summary>How long; null for ever.</summary>
    public TimeSpan? Age { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How large they may be together, in bytes; the oldest are forgotten first. Null for any size.</summary>
    public long? Bytes { get; init; } = 2L << 30;

    /// <summary>The same where jobs are kept in memory, and nobody has said how large.</summary>
    public const long BytesInMemory = 256L << 20;
}
