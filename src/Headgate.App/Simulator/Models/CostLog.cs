namespace Headgate.App.Simulator.Models;

/// <summary>
/// What was counted and when, oldest first. Exact up to <see cref="ExactEntries"/> entries; beyond, what comes in the same millionth of
/// the window is one entry, at the time of the last of it: stricter by at most that millionth, and never above 32 MB.
/// </summary>
internal sealed class CostLog(long window)
{
    private const int ExactEntries = 1_000_000;

    private readonly long _slot = Math.Max(1, window / ExactEntries);
    private (long Time, long Cost)[] _entries = new (long, long)[16];
    private int _head;

    public int Count { get; private set; }

    /// <summary>The cost of all entries.</summary>
    public long Total { get; private set; }

    public (long Time, long Cost) this[int index] => _entries[(_head + index) & (_entries.Length - 1)];

    public void Add(long time, long cost)
    {
        Total += cost;
        if (Count >= ExactEntries && time / _slot == this[Count - 1].Time / _slot)
        {
            ref var last = ref _entries[(_head + Count - 1) & (_entries.Length - 1)];
            last = (time, last.Cost + cost);
            return;
        }
        if (Count == _entries.Length)
            Grow();
        _entries[(_head + Count) & (_entries.Length - 1)] = (time, cost);
        Count++;
    }

    /// <summary>Drops what was counted at <paramref name="time"/> or before.</summary>
    public void DropUntil(long time)
    {
        while (Count > 0 && _entries[_head].Time <= time)
        {
            Total -= _entries[_head].Cost;
            _head = (_head + 1) & (_entries.Length - 1);
            Count--;
        }
    }

    private void Grow()
    {
        var larger = new (long, long)[_entries.Length * 2];
        for (var i = 0; i < Count; i++)
            larger[i] = this[i];
        (_entries, _head) = (larger, 0);
    }
}
