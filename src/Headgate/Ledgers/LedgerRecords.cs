namespace Headgate.Ledgers;

/// <summary>An attempt that is about to be sent. Times are whole microseconds, cut off; what is absent is null.</summary>
internal readonly record struct LedgerIntent
{
    /// <summary>The wall clock, microseconds since the Unix epoch.</summary>
    public required long WallUs { get; init; }

    /// <summary>The monotonic clock, microseconds; not after the first byte.</summary>
    public required long SentUs { get; init; }

    /// <summary>The number of the attempt, unique in the file.</summary>
    public required long Number { get; init; }

    /// <summary>The line of the input.</summary>
    public long? Line { get; init; }

    /// <summary>The id of the line.</summary>
    public string? Id { get; init; }

    public string? Upstream { get; init; }

    /// <summary>The key's name, never its value.</summary>
    public string? Key { get; init; }

    /// <summary>The proxy's name, never its credentials.</summary>
    public string? Proxy { get; init; }

    /// <summary>Where what went through it came out, if that has a name of its own: proxies of one exit share its limits.</summary>
    public string? Exit { get; init; }

    /// <summary>The parts of the API whose limits it counts in as well, with a space between: <c>route:search geo:DE</c>.</summary>
    public string? Parts { get; init; }

    /// <summary>The declared cost; null is one request.</summary>
    public UnitCost[]? Cost { get; init; }
}

/// <summary>What became of an attempt.</summary>
internal readonly record struct LedgerEnd
{
    public required long Number { get; init; }

    /// <summary>The body was read to the end, or the attempt was given up; monotonic microseconds.</summary>
    public long EndUs { get; init; }

    /// <summary>The last moment at which the request can have arrived; monotonic microseconds.</summary>
    public long LateUs { get; init; }

    /// <summary>The status of the answer; 0 if there was none.</summary>
    public int Status { get; init; }

    /// <summary>The class of the failure, where there was no answer.</summary>
    public string? Class { get; init; }

    /// <summary>The costs that were settled otherwise than declared; null if none.</summary>
    public UnitCost[]? Cost { get; init; }

    /// <summary>It was recorded, and taken back: it has cost nothing.</summary>
    public bool WasNeverSent => Status == 0 && Cost is { } cost && UnitCost.In(Limits.Limit.Requests, cost) == 0;
}

/// <summary>New limits of some scopes, from a moment on.</summary>
/// <param name="Limits">The lists that replace those of their scopes; an empty one ends them.</param>
/// <param name="AtUs">Monotonic microseconds.</param>
internal sealed record LedgerLimits(IReadOnlyDictionary<string, IReadOnlyList<string>> Limits, long AtUs)
{
    /// <summary>A new D of bounded timing by API, in milliseconds, where that changed.</summary>
    public IReadOnlyDictionary<string, decimal> BoundMs { get; init; } = new Dictionary<string, decimal>();
}

/// <summary>Our wall clock was set.</summary>
/// <param name="StepUs">How far, in microseconds; forward is positive.</param>
/// <param name="AtUs">Monotonic microseconds.</param>
internal readonly record struct LedgerStep(long StepUs, long AtUs);

/// <summary>What the answers of an API have told of its clock: fixed windows are aligned to that.</summary>
/// <param name="Upstream">The API.</param>
/// <param name="ServerUs">The API's wall clock at <paramref name="AtUs"/>, microseconds since the Unix epoch, at the middle of what is possible.</param>
/// <param name="SkewUs">How far the true one may lie to either side.</param>
/// <param name="AtUs">Monotonic microseconds.</param>
internal sealed record LedgerServerClock(string Upstream, long ServerUs, long SkewUs, long AtUs);

/// <summary>A limit that a server told of: nobody declared it, and what was sent before it was known did not count in it.</summary>
/// <param name="Scope">Whose.</param>
/// <param name="Limit">The limit.</param>
/// <param name="AtUs">Monotonic microseconds.</param>
internal sealed record LedgerLearned(string Scope, string Limit, long AtUs);
