namespace Headgate.Caching;

/// <summary>
/// Where entries are found again that memory has let go, or that were there when the process before this one ended or died. It is asked only for what
/// memory has not. Thread-safe.
/// </summary>
internal interface ICacheArchive
{
    /// <summary>What was invalidated before this process, and when, milliseconds since the Unix epoch; see <see cref="Invalidations.Everything"/>.</summary>
    IReadOnlyList<KeyValuePair<string, long>> Invalidated { get; }

    /// <summary>What was put there last; null for nothing, or if it was made by other rules.</summary>
    CacheEntry? Find(CacheKey key, CacheRules rules);

    /// <summary>Takes what is kept under a key from now on; null for nothing. Comes back at once, and writes later: a death loses the last of it.</summary>
    void Put(CacheKey key, CacheEntry? entry, CacheRules rules);

    /// <summary>Remembers an invalidation. When this comes back no death brings back what was invalidated.</summary>
    /// <param name="name">What for, as <see cref="Invalidations"/> call it: a text without line ends.</param>
    /// <param name="at">When.</param>
    void Invalidate(string name, long at);
}
