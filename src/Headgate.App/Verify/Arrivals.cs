namespace Headgate.App.Verify;

/// <summary>Where one attempt may have arrived, and what it cost in the unit of a limit.</summary>
/// <param name="FromUs">Not before this.</param>
/// <param name="ToUs">Not after this; <see cref="Attempt.Never"/> if that is not known.</param>
/// <param name="Cost">Units.</param>
/// <param name="Attempt">Its index in the ledger.</param>
/// <param name="IsStraggler">Counted a second time, from a restart on, since its process died before its end: a load on what is sent later, and no send.</param>
internal readonly record struct Arrival(long FromUs, long ToUs, long Cost, int Attempt, bool IsStraggler = false);

/// <summary>
/// The attempts that count against one limit, in the orders the sweeps need. A million of them take 60 MB, so the same room serves one limit
/// after the other.
/// </summary>
internal sealed class Arrivals
{
    private Arrival[] _bySent = [];
    private long[] _lates = [];
    private long[] _lateCosts = [];
    private long[] _sums = [];
    private int _count;

    public Arrivals() { }

    public Arrivals(IEnumerable<Arrival> arrivals)
    {
        foreach (var arrival in arrivals)
            Add(arrival);
        Sort();
    }

    /// <summary>By the earliest moment; of one instant the sends come first: what is given up in it weighs on later ones.</summary>
    public ReadOnlySpan<Arrival> BySent => _bySent.AsSpan(0, _count);

    /// <summary>The latest moments, in order.</summary>
    public ReadOnlySpan<long> Lates => _lates.AsSpan(0, _count);

    /// <summary>The costs that belong to <see cref="Lates"/>.</summary>
    public ReadOnlySpan<long> LateCosts => _lateCosts.AsSpan(0, _count);

    public void Clear() => _count = 0;

    public void Add(in Arrival arrival)
    {
        if (_count == _bySent.Length)
            Array.Resize(ref _bySent, Math.Max(16, _count + _count / 2));
        _bySent[_count++] = arrival;
    }

    /// <summary>Makes room for so many.</summary>
    public void Reserve(int count)
    {
        if (_bySent.Length < count)
            Array.Resize(ref _bySent, count);
    }

    /// <summary>Puts what was added in order.</summary>
    public void Sort()
    {
        _bySent.AsSpan(0, _count).Sort(static (a, b) => a.FromUs != b.FromUs ? a.FromUs.CompareTo(b.FromUs) : a.IsStraggler.CompareTo(b.IsStraggler));
        if (_lates.Length < _count)
            (_lates, _lateCosts, _sums) = (new long[_bySent.Length], new long[_bySent.Length], new long[_bySent.Length]);
        for (var i = 0; i < _count; i++)
            (_lates[i], _lateCosts[i]) = (_bySent[i].ToUs, _bySent[i].Cost);
        _lates.AsSpan(0, _count).Sort(_lateCosts.AsSpan(0, _count));
        var sum = 0L;
        for (var i = 0; i < _count; i++)
            _sums[i] = sum += _lateCosts[i];
    }

    /// <summary>Whether one is the last send of its instant, when the sums have risen as far as they will.</summary>
    public bool IsPeak(int index) =>
        !_bySent[index].IsStraggler && (index + 1 == _count || _bySent[index + 1].FromUs != _bySent[index].FromUs || _bySent[index + 1].IsStraggler);

    /// <summary>The cost of all that has certainly arrived by a moment.</summary>
    public long ArrivedBy(long us)
    {
        // The last of equal ones, found by looking for where the next microsecond would go.
        var index = us == long.MaxValue ? _count : FirstLate(us + 1);
        return index == 0 ? 0 : _sums[index - 1];
    }

    /// <summary>The index of the first late moment that is not before one.</summary>
    public int FirstLate(long us) => ~Lates.BinarySearch(new FirstAtLeast(us));

    /// <summary>The attempts that may have arrived within [from, to], in order: how many, and the first of them.</summary>
    public (int Count, List<int> First) Within(long from, long to, int most)
    {
        var (count, first) = (0, new List<int>());
        foreach (ref readonly var arrival in BySent)
        {
            if (arrival.FromUs > to)
                break;
            if (arrival.ToUs < from)
                continue;
            count++;
            if (first.Count < most && !(arrival.IsStraggler && first.Contains(arrival.Attempt)))
                first.Add(arrival.Attempt);
        }
        return (count, first);
    }

    /// <summary>Never equal, so that the search ends at the first that is not less.</summary>
    private readonly struct FirstAtLeast(long us) : IComparable<long>
    {
        private readonly long _us = us;

        public int CompareTo(long other) => other < _us ? 1 : -1;
    }
}
