namespace Headgate.Gates;

/// <summary>
/// A table of keys that grows by one bucket at a time (linear hashing) and whose entries never move: no operation takes longer because there
/// are many, and one may walk through it in small steps while it changes. About 28 bytes an entry. Owned by the lock of its dispatcher.
/// </summary>
internal sealed class KeyMap<TKey>(IEqualityComparer<TKey> comparer)
    where TKey : notnull
{
    private const int ChunkBits = 8;
    private const int ChunkSize = 1 << ChunkBits;
    private const int FirstBuckets = 16;

    private readonly List<Entry[]> _entries = [];

    /// <summary>The first entry of each bucket, one more than its index; 0 where there is none.</summary>
    private readonly List<int[]> _buckets = [];
    private int _bucketCount;

    /// <summary>The power of two at or below the number of buckets.</summary>
    private int _round;

    /// <summary>The first of the entries that are free again, one more than its index.</summary>
    private int _free;

    public int Count { get; private set; }

    /// <summary>All entries have indexes below this.</summary>
    public int End { get; private set; }

    public object? this[int index]
    {
        get => EntryAt(index).Value;
        set => EntryAt(index).Value = value;
    }

    /// <summary>The index of a key; -1 if it is not there.</summary>
    public int IndexOf(TKey key)
    {
        if (Count == 0)
            return -1;
        var hash = HashOf(key);
        for (var next = BucketOf(hash); next > 0;)
        {
            ref var entry = ref EntryAt(next - 1);
            if (entry.Hash == hash && comparer.Equals(entry.Key, key))
                return next - 1;
            next = entry.Next;
        }
        return -1;
    }

    /// <summary>Adds a key that is not there.</summary>
    public int Add(TKey key, object value)
    {
        var hash = HashOf(key);
        if (Count == 0)
            Begin();
        if (Count >= _bucketCount)
            Split();
        var index = _free - 1;
        if (index >= 0)
            _free = EntryAt(index).Next;
        else
        {
            index = End++;
            if (index >> ChunkBits == _entries.Count)
                _entries.Add(new Entry[ChunkSize]);
        }
        ref var bucket = ref BucketOf(hash);
        EntryAt(index) = new Entry { Hash = hash, Next = bucket, Key = key, Value = value };
        bucket = index + 1;
        Count++;
        return index;
    }

    public void RemoveAt(int index)
    {
        ref var entry = ref EntryAt(index);
        ref var link = ref BucketOf(entry.Hash);
        while (link != index + 1)
            link = ref EntryAt(link - 1).Next;
        link = entry.Next;
        entry = new Entry { Next = _free };
        _free = index + 1;
        // What it took when it was large is let go once it is empty.
        if (--Count == 0)
        {
            _entries.Clear();
            _buckets.Clear();
            (End, _free) = (0, 0);
        }
    }

    private void Begin()
    {
        if (_buckets.Count == 0)
            _buckets.Add(new int[ChunkSize]);
        (_bucketCount, _round) = (FirstBuckets, FirstBuckets);
    }

    /// <summary>Adds a bucket, to which about half of one of the others moves.</summary>
    private void Split()
    {
        var (from, to) = (_bucketCount - _round, _bucketCount);
        if (to >> ChunkBits == _buckets.Count)
            _buckets.Add(new int[ChunkSize]);
        if (++_bucketCount == 2 * _round)
            _round *= 2;
        var next = BucketAt(from);
        BucketAt(from) = 0;
        while (next > 0)
        {
            ref var entry = ref EntryAt(next - 1);
            ref var bucket = ref BucketOf(entry.Hash);
            (entry.Next, bucket, next) = (bucket, next, entry.Next);
        }
    }

    private ref Entry EntryAt(int index) => ref _entries[index >> ChunkBits][index & (ChunkSize - 1)];

    private ref int BucketAt(int bucket) => ref _buckets[bucket >> ChunkBits][bucket & (ChunkSize - 1)];

    private ref int BucketOf(int hash)
    {
        var bucket = hash & (2 * _round - 1);
        return ref BucketAt(bucket < _bucketCount ? bucket : bucket - _round);
    }

    /// <summary>Numbers are their own hash, and may differ in any bit; the bucket is told by the lowest ones.</summary>
    private int HashOf(TKey key)
    {
        var hash = (uint)comparer.GetHashCode(key) * 0x9E3779B1;
        hash = (hash ^ (hash >> 15)) * 0x85EBCA6B;
        return (int)(hash ^ (hash >> 13));
    }

    private struct Entry
    {
        public int Hash;
        public int Next;
        public TKey Key;
        public object? Value;
    }
}
