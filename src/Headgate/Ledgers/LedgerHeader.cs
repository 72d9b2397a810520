using Headgate.Limits;

namespace Headgate.Ledgers;

/// <summary>
/// The first record of a ledger, and the first of each run that went on with it: what was promised, under what assumptions, and how the clocks stood.
/// </summary>
internal sealed record LedgerHeader
{
    public const int CurrentVersion = 1;

    /// <summary>Whether a run went on with a ledger that was there.</summary>
    public bool IsResume { get; init; }

    public int Version { get; init; } = CurrentVersion;

    /// <summary>The file of requests; null for standard input.</summary>
    public LedgerInput? Input { get; init; }

    /// <summary>The file of results; null for standard output.</summary>
    public string? Results { get; init; }

    /// <summary>
    /// The limits by scope: <c>total</c>, an API's name, <c>NAME/key</c> (each of its keys), <c>NAME/key:KEY</c> (one key, instead of the former),
    /// <c>NAME/proxy</c> and <c>NAME/proxy:PROXY</c> alike, <c>NAME/route:ROUTE</c> and <c>NAME/geo:COUNTRY</c>.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Limits { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What is known of arrival: guaranteed, bounded (or <c>bounded:300ms</c>) or nominal.</summary>
    public string Timing { get; init; } = "bounded";

    /// <summary>D as <see cref="Timing"/> gives it, for the APIs that <see cref="BoundMs"/> does not name.</summary>
    public TimeSpan? TimingBound => LimitSyntax.TryReadTiming(Timing, out _, out var bound) ? bound : null;

    /// <summary>D of bounded timing by API, in milliseconds.</summary>
    public IReadOnlyDictionary<string, decimal> BoundMs { get; init; } = new Dictionary<string, decimal>();

    /// <summary>Nothing arrives later than this after we gave up.</summary>
    public TimeSpan Straggle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The boot of the machine whose monotonic clock is meant.</summary>
    public string Boot { get; init; } = MachineBoot.Unknown;

    /// <summary>The wall clock, microseconds since the Unix epoch.</summary>
    public long WallUs { get; init; }

    /// <summary>
    /// The monotonic clock at the same moment, microseconds. Sends that an earlier run left without an end count as arriving until this plus
    /// <see cref="Straggle"/>, so it must not be later than the moment the scopes were opened.
    /// </summary>
    public long MonoUs { get; init; }

    /// <summary>The fingerprints of the keys, by API and name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Keys { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>The process that writes from here on.</summary>
    public int Pid { get; init; }
}

/// <summary>The file of requests and what it held.</summary>
/// <param name="Path">The path as given.</param>
/// <param name="Hash">SHA-256 of its bytes in lower-case hex, <c>sha256:</c> before it or not.</param>
internal sealed record LedgerInput(string Path, string Hash);
