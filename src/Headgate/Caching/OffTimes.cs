namespace Headgate.Caching;

/// <summary>
/// When APIs were last told to keep no answers. What changed from then on nobody has noticed, so that what they had kept before is validated before it is
/// used. Remembered where invalidations are. Thread-safe.
/// </summary>
internal sealed class OffTimes
{
    /// <summary>No URL begins like that.</summary>
    private const string Mark = "off ";

    /// <summary>So many origins are told apart; all others have the time of the last of them.</summary>
    private const int Most = 1_024;

    private readonly Dictionary<string, long> _times = [];
    private readonly Lock _lock = new();
    private readonly ICacheArchive? _archive;
    private long _ofOthers = long.MinValue;

    /// <param name="archive">Where they are remembered beyond this process; null for nowhere.</param>
    public OffTimes(ICacheArchive? archive)
    {
        foreach (var (name, at) in archive?.Invalidated ?? [])
            if (IsOne(name))
                Remember(name[Mark.Length..], at);
        _archive = archive;
    }

    /// <summary>Whether something that was invalidated is the cache of an origin.</summary>
    public static bool IsOne(string name) => name.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>The cache of an origin is off.</summary>
    /// <param name="origin">For example <c>https://api.example</c>.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public void Add(string origin, long now)
    {
        _archive?.Invalidate(Mark + origin, now);
        lock (_lock)
            Remember(origin, now);
    }

    /// <summary>When that was last; <see cref="long.MinValue"/> for never.</summary>
    public long Last(string origin)
    {
        lock (_lock)
            return _times.TryGetValue(origin, out var at) ? at : _ofOthers;
    }

    private void Remember(string origin, long at)
    {
        if (_times.TryGetValue(origin, out var earlier) || _times.Count < Most)
            _times[origin] = Math.Max(earlier, at);
        else
            _ofOthers = Math.Max(_ofOthers, at);
    }
}
