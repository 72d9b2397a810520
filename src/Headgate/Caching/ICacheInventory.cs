namespace Headgate.Caching;

/// <summary>What an archive has, for those who look after it. Its members read the disk. Thread-safe.</summary>
internal interface ICacheInventory
{
    /// <summary>Bytes in use.</summary>
    long Bytes { get; }

    /// <summary>The most of them.</summary>
    long Limit { get; }

    long Count { get; }

    /// <summary>What is there of a URL, whoever it is for.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="rules">What was made by others is left out.</param>
    /// <param name="known">And so are these.</param>
    /// <param name="asker">Who looks.</param>
    /// <returns>Each, and whether it is for the asker.</returns>
    IReadOnlyList<(CacheEntry Entry, bool IsAskers)> Look(string url, CacheRules rules, IReadOnlyCollection<CacheKey> known, CacheKey asker);

    /// <summary>Removes what is there of some URLs; on disk when it comes back.</summary>
    /// <param name="isMeant">Which, by the text of their keys.</param>
    /// <param name="known">Those that are in memory, to be counted once.</param>
    /// <param name="isDryRun">They are only counted.</param>
    /// <returns>How many there are here, or are known.</returns>
    /// <exception cref="IOException">The disk cannot be written: nothing was removed for good.</exception>
    Task<long> RemoveAsync(Func<string, bool> isMeant, IReadOnlyCollection<CacheKey> known, bool isDryRun);
}
