namespace Headgate.Caching;

/// <summary>Which keys went a short while ago, by their hashes: one that comes back was worth more than was thought. Owned by the lock of its store.</summary>
internal sealed class RecentlyGone
{
    private readonly Dictionary<int, long> _turns = [];
    private readonly Queue<(int Hash, long Turn)> _order = new();
    private long _turn;

    public void AddNeedsLock(int hash, int most)
    {
        _turns[hash] = ++_turn;
        _order.Enqueue((hash, _turn));
        while (_order.Count > most && _order.TryDequeue(out var oldest))
            if (_turns.TryGetValue(oldest.Hash, out var turn) && turn == oldest.Turn)
                _turns.Remove(oldest.Hash);
    }

    /// <summary>Whether it went a short while ago; it is not remembered after that.</summary>
    public bool TakeNeedsLock(int hash) => _turns.Remove(hash);
}
