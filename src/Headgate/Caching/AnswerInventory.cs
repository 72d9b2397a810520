namespace Headgate.Caching;

/// <summary>An answer that is kept, and what would become of a plain GET for it.</summary>
/// <param name="Stored">The answer.</param>
/// <param name="IsOnDisk">Whether memory has let it go.</param>
/// <param name="IsInvalid">Whether it was invalidated.</param>
/// <param name="Decision">What would be done with such a request that it is for.</param>
internal sealed record FoundAnswer(StoredAnswer Stored, bool IsOnDisk, bool IsInvalid, ReuseDecision Decision)
{
    /// <summary>Whose it is, where memory knows that.</summary>
    public UInt128? Owner { get; init; }

    /// <summary>It is one of the asker's own.</summary>
    public bool IsAskers { get; init; }

    /// <summary>Of these it is the one that a request without headers chooses.</summary>
    public bool IsChosen { get; init; }
}

/// <summary>What a cache has, in memory and behind it: to look at, and to remove. Thread-safe.</summary>
/// <param name="store">The entries.</param>
/// <param name="invalidations">What was invalidated.</param>
internal sealed class AnswerInventory(EntryStore store, Invalidations invalidations)
{
    private readonly ICacheInventory? _archive = store.Archive as ICacheInventory;

    /// <summary>Entries that had to leave memory for others, since the start.</summary>
    public long Evicted => store.Evicted;

    /// <summary>Entries that came back from behind it.</summary>
    public long Fetched => store.Fetched;

    /// <summary>What is behind memory; null for nothing.</summary>
    public ICacheInventory? Archive => _archive;

    /// <summary>All answers that are kept of a URL, whoever they are for, the latest first.</summary>
    /// <param name="plain">A GET of who asks, without headers.</param>
    /// <param name="isKnown">Whether it is known whose answers that gets.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public IReadOnlyList<FoundAnswer> Look(CacheRequest plain, bool isKnown, long now)
    {
        var (key, rules) = (plain.Key, plain.Rules);
        var memory = store.InMemory(text => IsOf(text, key.Url));
        var disk = _archive?.Look(key.Url, rules, [.. memory.Select(entry => entry.Key)], key) ?? [];
        var all = memory.Select(entry => (Value: (CacheEntry)entry.Value, Owner: (UInt128?)entry.Key.Credentials, IsAskers: isKnown && entry.Key.Credentials == key.Credentials))
            .Concat(disk.Select(entry => (Value: entry.Entry, Owner: (UInt128?)null, IsAskers: isKnown && entry.IsAskers)));
        return
        [
            .. from entry in all
               where entry.Value is Variants
               let variants = (Variants)entry.Value
               let chosen = variants.Of(plain.Fields)
               from stored in variants.Answers
               let isInvalid = stored.ValidFrom <= rules.Since || invalidations.Concern(stored)
               orderby stored.ReceivedAt descending
               select new FoundAnswer(stored, entry.Owner is null, isInvalid, Reuse.Decide(rules, plain, stored, ForwardReason.UriMiss, isInvalid, now)) { Owner = entry.Owner, IsAskers = entry.IsAskers, IsChosen = stored == chosen },
        ];
    }

    /// <summary>Removes all answers of some URLs, wherever they are, and is done with it when it comes back. What is on its way at that time may be kept.</summary>
    /// <param name="isMeant">Which, by their places: see <see cref="UrlOf"/> and <see cref="IsOf"/>.</param>
    /// <param name="isDryRun">They are only counted.</param>
    /// <returns>How many entries those are: a URL has one for each who gets answers of his own.</returns>
    /// <exception cref="IOException">The disk cannot be written: what is there comes back.</exception>
    public async Task<long> RemoveAsync(Func<string, bool> isMeant, bool isDryRun)
    {
        var memory = store.InMemory(isMeant);
        var count = _archive is null ? memory.Count : await _archive.RemoveAsync(isMeant, [.. memory.Select(entry => entry.Key)], isDryRun).ConfigureAwait(false);
        if (!isDryRun)
            // Behind the disk, so that nothing comes back from there.
            store.Forget(isMeant);
        return count;
    }

    /// <summary>Whether a place has answers of a URL: its own, or that of all queries of its path that mean the same.</summary>
    public static bool IsOf(string place, string url) =>
        place == url || (place.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end && url.AsSpan().StartsWith(place.AsSpan(0, end), StringComparison.Ordinal) && (url.Length == end || url[end] == '?'));

    /// <summary>The URL of a place; of one for many queries the path. See <see cref="SearchRules"/>.</summary>
    public static string UrlOf(string place) => place.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end ? place[..end] : place;
}
