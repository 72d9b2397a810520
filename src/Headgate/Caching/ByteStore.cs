using System.Collections.Concurrent;

namespace Headgate.Caching;

/// <summary>
/// Keeps values up to a number of bytes, and lets go what is asked for least (S3-FIFO). To find one takes no lock and allocates nothing; to change
/// something takes one. Thread-safe.
/// </summary>
/// <remarks>
/// What is new waits in a small queue, of a fiftieth of the bytes: most of it is never asked for again and goes soon. What is, or comes back not
/// long after it went, moves to the main queue. There, what was asked for goes round again, once for each time, up to 15. On a zipf trace (0.99;
/// 100,000 keys, room for 10,000) 77.2 % of the first million are found and 78.4 % of those after. If fewer that went were remembered, it would be
/// up to 0.5 % more; but a loop over less than there is room for would never get in.
/// </remarks>
internal sealed class ByteStore<TKey, TValue>(long limit) where TKey : struct, IEquatable<TKey> where TValue : class
{
    /// <summary>What an entry takes beside its value and the text of its key, measured: node, place in the table, and its share of what is remembered.</summary>
    public const long Overhead = 220;

    private const byte MostHits = 15;

    /// <summary>So many go round before one must go: readers are quick, and whoever stores something holds the lock.</summary>
    private const int MostRounds = 10_000;

    private readonly ConcurrentDictionary<TKey, Node> _nodes = new();
    private readonly Lock _lock = new();
    private readonly Node _small = new();
    private readonly Node _main = new();
    private readonly RecentlyGone _gone = new();
    private long _bytes;
    private long _smallBytes;
    private long _evicted;

    /// <summary>Bytes held, never more than the limit.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int Count => _nodes.Count;

    /// <summary>How many had to go for others, since the start.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>All that is kept, as it is while it is gone through.</summary>
    public IEnumerable<KeyValuePair<TKey, TValue>> All => from node in _nodes where node.Value.Value is not null select KeyValuePair.Create(node.Key, node.Value.Value);

    /// <summary>The most that one value may take: a tenth of all, so that one does not push out everything.</summary>
    public long MostOfOne { get; } = Math.Max(0, limit / 10 - Overhead);

    /// <summary>What is kept; null for nothing. It counts as asked for.</summary>
    public TValue? Find(in TKey key)
    {
        if (!_nodes.TryGetValue(key, out var node))
            return null;
        // Two at once may count as one: that costs nothing, a lock would.
        if (node.Hits < MostHits)
            node.Hits++;
        return node.Value;
    }

    /// <summary>What is kept, without asking for it.</summary>
    public TValue? Peek(in TKey key) => _nodes.TryGetValue(key, out var node) ? node.Value : null;

    /// <summary>Keeps a value in the place of the one that was found before; says no if there is another one by now, or if it is too large.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="found">What was found; null for nothing.</param>
    /// <param name="value">What is to be kept; null for nothing.</param>
    /// <param name="size">Its bytes, with the text of its key.</param>
    public bool Replace(in TKey key, TValue? found, TValue? value, long size)
    {
        lock (_lock)
        {
            var node = _nodes.GetValueOrDefault(key);
            if (node?.Value != found)
                return false;
            if (value is null || size > MostOfOne)
            {
                if (node is not null)
                    RemoveNeedsLock(node);
                return value is null;
            }
            if (node is not null)
                UnlinkNeedsLock(node);
            MakeRoomNeedsLock(size + Overhead);
            node ??= new Node { Key = key, IsMain = _gone.TakeNeedsLock(key.GetHashCode()) };
            (node.Value, node.Size) = (value, size + Overhead);
            LinkNeedsLock(node);
            _nodes[key] = node;
            return true;
        }
    }

    /// <summary>Lets all of it go.</summary>
    public void Clear()
    {
        lock (_lock)
            while (FirstNeedsLock() is { } node)
                RemoveNeedsLock(node);
    }

    private Node? FirstNeedsLock() => _small.Next != _small ? _small.Next : _main.Next != _main ? _main.Next : null;

    private void MakeRoomNeedsLock(long size)
    {
        var rounds = 0;
        while (_bytes + size > limit && FirstNeedsLock() is not null)
        {
            var isSmall = _main.Next == _main || (_smallBytes > limit / 50 && _small.Next != _small);
            var node = isSmall ? _small.Next : _main.Next;
            if (node.Hits == 0 || rounds++ > MostRounds)
            {
                if (isSmall)
                    _gone.AddNeedsLock(node.Key.GetHashCode(), _nodes.Count);
                RemoveNeedsLock(node);
                Volatile.Write(ref _evicted, _evicted + 1);
                continue;
            }
            UnlinkNeedsLock(node);
            node.Hits = isSmall ? (byte)0 : (byte)(node.Hits - 1);
            node.IsMain = true;
            LinkNeedsLock(node);
        }
    }

    private void RemoveNeedsLock(Node node)
    {
        UnlinkNeedsLock(node);
        _nodes.TryRemove(node.Key, out _);
    }

    private void LinkNeedsLock(Node node)
    {
        var queue = node.IsMain ? _main : _small;
        (node.Next, node.Previous) = (queue, queue.Previous);
        (queue.Previous.Next, queue.Previous) = (node, node);
        Volatile.Write(ref _bytes, _bytes + node.Size);
        _smallBytes += node.IsMain ? 0 : node.Size;
    }

    private void UnlinkNeedsLock(Node node)
    {
        (node.Previous.Next, node.Next.Previous) = (node.Next, node.Previous);
        Volatile.Write(ref _bytes, _bytes - node.Size);
        _smallBytes -= node.IsMain ? 0 : node.Size;
    }

    /// <summary>An entry, and its place in a queue that begins and ends with a node of no key.</summary>
    private sealed class Node
    {
        public Node() => (Next, Previous) = (this, this);

        public TKey Key { get; init; }

        public volatile TValue? Value;

        public long Size { get; set; }

        public byte Hits;

        public bool IsMain { get; set; }

        public Node Next { get; set; }

        public Node Previous { get; set; }
    }
}
