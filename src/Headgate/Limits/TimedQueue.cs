namespace Headgate.Limits;

/// <summary>
/// Costs ordered by an instant, oldest first, in a ring: 8 bytes an entry while every cost is 1, 16 afterwards.
/// Appending is O(1); an instant that is out of order moves only the later ones.
/// </summary>
internal sealed class TimedQueue
{
    private long[] _times = [];
    private long[]? _costs;
    private int _head;

    public int Count { get; private set; }

    /// <summary>The sum of all costs.</summary>
    public long Sum { get; private set; }

    public long TimeAt(int index) => _times[Slot(index)];

    public long CostAt(int index) => _costs is null ? 1 : _costs[Slot(index)];

    /// <summary>Whether every entry costs 1, so that the k-th unit is the k-th entry.</summary>
    public bool IsUniform => _costs is null;

    public void Add(long time, long cost)
    {
        if (Count == _times.Length)
            Grow();
        if (cost != 1 && _costs is null)
            _costs = Ones(_times.Length);
        var index = Count++;
        Sum += cost;
        for (; index > 0 && TimeAt(index - 1) > time; index--)
        {
            _times[Slot(index)] = TimeAt(index - 1);
            if (_costs is not null)
                _costs[Slot(index)] = _costs[Slot(index - 1)];
        }
        _times[Slot(index)] = time;
        if (_costs is not null)
            _costs[Slot(index)] = cost;
    }

    /// <summary>Adds to the newest entry and moves it to a later time.</summary>
    public void MergeIntoLast(long time, long cost)
    {
        _costs ??= Ones(_times.Length);
        var slot = Slot(Count - 1);
        _times[slot] = Math.Max(time, _times[slot]);
        _costs[slot] += cost;
        Sum += cost;
    }

    public void RemoveFirst()
    {
        Sum -= CostAt(0);
        _head = Slot(1);
        if (--Count == 0)
            (_head, _costs) = (0, null);
    }

    /// <summary>Takes a cost out again, wherever it stands; says whether it was there.</summary>
    public bool Remove(long time, long cost)
    {
        for (var index = FirstAt(time); index < Count && TimeAt(index) == time; index++)
        {
            if (CostAt(index) != cost)
                continue;
            RemoveAt(index);
            return true;
        }
        return false;
    }

    private void RemoveAt(int index)
    {
        if (index == 0)
        {
            RemoveFirst();
            return;
        }
        Sum -= CostAt(index);
        // Answers come roughly in the order of their sends, so what is removed stands near the head: move the few before it.
        for (; index > 0; index--)
        {
            _times[Slot(index)] = TimeAt(index - 1);
            if (_costs is not null)
                _costs[Slot(index)] = _costs[Slot(index - 1)];
        }
        _head = Slot(1);
        Count--;
    }

    private int FirstAt(long time)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (TimeAt(middle) < time)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private int Slot(int index) => (_head + index) & (_times.Length - 1);

    private void Grow()
    {
        var times = new long[Math.Max(4, _times.Length * 2)];
        var costs = _costs is null ? null : Ones(times.Length);
        for (var index = 0; index < Count; index++)
        {
            times[index] = TimeAt(index);
            if (costs is not null)
                costs[index] = CostAt(index);
        }
        (_times, _costs, _head) = (times, costs, 0);
    }

    private static long[] Ones(int length)
    {
        var ones = new long[length];
        Array.Fill(ones, 1);
        return ones;
    }
}
