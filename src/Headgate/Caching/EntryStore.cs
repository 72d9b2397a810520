namespace Headgate.Caching;

/// <summary>Entries by their keys, in memory as far as there is room, and behind that in an archive, if there is one. What memory has is found without asking it. Thread-safe.</summary>
/// <param name="limit">Bytes in memory.</param>
/// <param name="archive">Null for none.</param>
internal sealed class EntryStore(long limit, ICacheArchive? archive)
{
    /// <summary>Keys that share one of these are changed one after the other.</summary>
    private const int Stripes = 256;

    /// <summary>So often an entry is looked for again that was changed meanwhile.</summary>
    private const int MostTries = 4;

    private readonly ByteStore<CacheKey, CacheEntry> _memory = new(limit);
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, archive is null ? 0 : Stripes).Select(_ => new Stripe())];
    private long _fetched;

    public long Bytes => _memory.Bytes;

    public int Count => _memory.Count;

    public long MostOfOne => _memory.MostOfOne;

    /// <summary>How many had to go from memory for others.</summary>
    public long Evicted => _memory.Evicted;

    public ICacheArchive? Archive => archive;

    /// <summary>Entries that were not in memory, and came from the archive.</summary>
    public long Fetched => Volatile.Read(ref _fetched);

    /// <summary>What is kept under a key; null for nothing.</summary>
    public CacheEntry? Find(in CacheKey key, CacheRules rules) => _memory.Find(key) ?? (archive is null ? null : Fetch(key, rules, archive));

    /// <summary>Puts what becomes of an entry in its place, as far as there is room, again if another did so meanwhile; returns what is there now.</summary>
    public CacheEntry? Put(CacheKey key, CacheRules rules, Func<CacheEntry?, CacheEntry?> become)
    {
        if (archive is null)
            return PutInMemory(key, become);
        var stripe = StripeOf(key);
        // The archive must not hold an earlier one than memory does: it would come back.
        lock (stripe.Lock)
        {
            var entry = PutInMemory(key, become);
            archive.Put(key, entry, rules);
            stripe.Changes++;
            return entry;
        }
    }

    /// <summary>What memory has of some URLs.</summary>
    public IReadOnlyList<KeyValuePair<CacheKey, CacheEntry>> InMemory(Func<string, bool> isMeant) => [.. _memory.All.Where(entry => isMeant(entry.Key.Url))];

    /// <summary>Lets what memory has of some URLs go, and what is being fetched from the archive.</summary>
    public void Forget(Func<string, bool> isMeant)
    {
        foreach (var stripe in _stripes)
            lock (stripe.Lock)
                stripe.Changes++;
        foreach (var (key, _) in InMemory(isMeant))
            Put(key, new CacheRules(), static _ => null);
    }

    /// <summary>Lets all in memory go; what is in the archive stays there.</summary>
    public void Clear() => _memory.Clear();

    private CacheEntry? PutInMemory(CacheKey key, Func<CacheEntry?, CacheEntry?> become)
    {
        while (true)
        {
            var found = _memory.Peek(key);
            var text = TextOf(key);
            var entry = become(found);
            if (entry is Variants variants)
                entry = variants.Within(_memory.MostOfOne - text);
            else if (entry?.Size + text > _memory.MostOfOne)
                entry = null;
            if (found == entry || _memory.Replace(key, found, entry, (entry?.Size ?? 0) + text))
                return entry;
        }
    }

    private CacheEntry? Fetch(CacheKey key, CacheRules rules, ICacheArchive from)
    {
        var stripe = StripeOf(key);
        for (var tries = 0; tries < MostTries; tries++)
        {
            var changes = Volatile.Read(ref stripe.Changes);
            var entry = from.Find(key, rules);
            lock (stripe.Lock)
            {
                if (_memory.Peek(key) is { } meanwhile)
                    return meanwhile;
                // Whatever was put there since is newer than what was read.
                if (stripe.Changes != changes)
                    continue;
                if (entry is null)
                    return null;
                Interlocked.Increment(ref _fetched);
                if (entry.Size + TextOf(key) <= _memory.MostOfOne)
                    _memory.Replace(key, null, entry, entry.Size + TextOf(key));
                return entry;
            }
        }
        return null;
    }

    private Stripe StripeOf(CacheKey key) => _stripes[(uint)key.GetHashCode() % Stripes];

    private static long TextOf(CacheKey key) => 2L * key.Url.Length;

    private sealed class Stripe
    {
        public readonly Lock Lock = new();

        /// <summary>How often an entry of it was changed.</summary>
        public long Changes;
    }
}
