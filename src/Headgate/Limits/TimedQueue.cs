namespace Headgate.Limits;

/// <summary>
/// Costs ordered by an instant, oldest first, in a ring: 8 bytes an entry while every cost is 1, 16 afterwards.
/// Appending is O(1); an instant that is out of order moves only the later ones.
/// </summary>
internal class TimedQueue
{
    private long[] _times = [];
    private long[]? _costs;
    private int _head;

    public int Count { get; private set; }

    /// <summary>The sum of all costs.</summary>
    public long Sum { get; private set; }

    public long TimeAt(int index) => _times[Slot(index)];

    public long CostAt(int index) => _costs is null ? 1 : _costs[Slot(index)];

    /// <summary>The time of the entry that holds the k-th unit, counted from the oldest; k from 1 to <see cref="Sum"/>.</summary>
    public long TimeOfUnit(long k)
    {
        if (_costs is null)
            return TimeAt((int)k - 1);
        var index = -1;
        while (k > 0)
            k -= CostAt(++index);
        return TimeAt(index);
    }

    /// <summary>The units at or before a time.</summary>
    public long SumUpTo(long time)
    {
        if (_costs is null)
            return FirstAfter(time);
        long sum = 0;
        for (var index = 0; index < Count && TimeAt(index) <= time; index++)
            sum += CostAt(index);
        return sum;
    }

    public void Add(long time, long cost)
    {
        if (Count == _times.Length)
            Grow();
        if (cost != 1)
            _costs ??= Ones(_times.Length);
        var index = Count++;
        Sum += cost;
        for (; index > 0 && TimeAt(index - 1) > time; index--)
            Copy(index - 1, index);
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

    /// <summary>The same entries in a queue of their own.</summary>
    public TimedQueue Copy()
    {
        var copy = new TimedQueue();
        for (var index = 0; index < Count; index++)
            copy.Add(TimeAt(index), CostAt(index));
        return copy;
    }

    /// <summary>Takes a cost out again, wherever it stands; says whether it was there.</summary>
    public bool Remove(long time, long cost)
    {
        // Mostly it is the oldest.
        var first = Count > 0 && TimeAt(0) == time ? 0 : FirstAfter(time - 1);
        for (var index = first; index < Count && TimeAt(index) == time; index++)
        {
            if (CostAt(index) != cost)
                continue;
            // Answers come roughly in the order of their sends, so what is removed stands near the head: move the few before it.
            var before = CostAt(0);
            for (; index > 0; index--)
                Copy(index - 1, index);
            Sum += before - cost;
            RemoveFirst();
            return true;
        }
        return false;
    }

    /// <summary>Lays down all entries, or takes them up in place of what was here.</summary>
    protected void PassEntries(ref Tape tape)
    {
        // The sign tells whether costs follow.
        long count = HasCosts ? ~Count : Count;
        tape.Pass(ref count);
        if (tape.IsReading)
            Begin(count < 0 ? ~(int)count : (int)count);
        PassRing(ref tape, _times);
        if (count < 0)
            PassRing(ref tape, _costs ??= new long[_times.Length]);
        if (!tape.IsReading)
            return;
        if (count >= 0 && _costs is not null)
            Array.Fill(_costs, 1);
        Sum = Count;
        for (var index = 0; _costs is not null && index < Count; index++)
            Sum += _costs[index] - 1;
    }

    /// <summary>Whether any cost is not 1.</summary>
    private bool HasCosts
    {
        get
        {
            for (var index = 0; _costs is not null && index < Count; index++)
                if (CostAt(index) != 1)
                    return true;
            return false;
        }
    }

    private void Begin(int count)
    {
        if (count > _times.Length)
            (_times, _costs) = (new long[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, count))], null);
        (_head, Count) = (0, count);
    }

    private void PassRing(ref Tape tape, long[] ring)
    {
        var first = Math.Min(Count, ring.Length - _head);
        tape.Pass(ring.AsSpan(_head, first));
        tape.Pass(ring.AsSpan(0, Count - first));
    }

    private void Copy(int from, int to)
    {
        _times[Slot(to)] = TimeAt(from);
        if (_costs is not null)
            _costs[Slot(to)] = _costs[Slot(from)];
    }

    private int FirstAfter(long time)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (TimeAt(middle) <= time)
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
