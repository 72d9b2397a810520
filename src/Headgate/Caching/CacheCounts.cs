namespace Headgate.Caching;

/// <summary>How often the answers of an API came from the cache, and how often not, and why. Thread-safe.</summary>
internal sealed class CacheCounts
{
    private readonly long[] _forwarded = new long[Enum.GetValues<ForwardReason>().Length];
    private long _hits;
    private long _stale;
    private long _revalidated;
    private long _collapsed;
    private long _stored;

    /// <summary>Answers that cost nothing: fresh ones, and stale ones that were good enough at once.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Stale ones in the place of an API that failed.</summary>
    public long Stale => Volatile.Read(ref _stale);

    /// <summary>Stored ones of which the API has said that they are current, or has sent the missing part.</summary>
    public long Revalidated => Volatile.Read(ref _revalidated);

    /// <summary>Those of the hits that had waited for another request.</summary>
    public long Collapsed => Volatile.Read(ref _collapsed);

    /// <summary>Answers that were stored.</summary>
    public long Stored => Volatile.Read(ref _stored);

    /// <summary>Requests that went to the API, revalidations too, by their reason.</summary>
    public long this[ForwardReason reason] => Volatile.Read(ref _forwarded[(int)reason]);

    /// <summary>Those that could have been answered from the cache, and were not.</summary>
    public long Misses => _forwarded.Where((_, reason) => (ForwardReason)reason is not (ForwardReason.None or ForwardReason.Method or ForwardReason.Bypass)).Sum() - Revalidated - Stale;

    public void Hit(bool isCollapsed)
    {
        Interlocked.Increment(ref _hits);
        if (isCollapsed)
            Interlocked.Increment(ref _collapsed);
    }

    public void Revalidate() => Interlocked.Increment(ref _revalidated);

    public void StandIn() => Interlocked.Increment(ref _stale);

    public void Store() => Interlocked.Increment(ref _stored);

    public void Forward(ForwardReason reason) => Interlocked.Increment(ref _forwarded[(int)reason]);
}
