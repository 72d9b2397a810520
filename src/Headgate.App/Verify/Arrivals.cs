namespace Headgate.App.Verify;

/// <summary>Where one attempt may have arrived, and what it cost in the unit of a limit.</summary>
/// <param name="FromUs">Not before this.</param>
/// <param name="ToUs">Not after this; <see cref="Attempt.Never"/> if that is not known.</param>
/// <param name="Cost">Units.</param>
/// <param name="Attempt">Its index in the ledger.</param>
/// <param name="IsStraggler">Counted a second time, since it was given up after it should have arrived: a load on what is sent later, and no send.</param>
internal readonly record struct Arrival(long FromUs, long ToUs, long Cost, int Attempt, bool IsStraggler = false);

/// <summary>The attempts that count against one limit, in the orders the sweeps need.</summary>
internal sealed class Arrivals
{
    private readonly long[] _lates;
    private readonly long[] _sums;

    public Arrivals(List<Arrival> arrivals)
    {
        BySent = [.. arrivals];
        // Of one instant the sends come first: what is given up in it weighs on later ones.
        Array.Sort(BySent, static (a, b) => a.FromUs != b.FromUs ? a.FromUs.CompareTo(b.FromUs) : a.IsStraggler.CompareTo(b.IsStraggler));
        _lates = new long[BySent.Length];
        _sums = new long[BySent.Length];
        for (var i = 0; i < BySent.Length; i++)
            (_lates[i], _sums[i]) = (BySent[i].ToUs, BySent[i].Cost);
        Array.Sort(_lates, _sums);
        LateCosts = [.. _sums];
        for (var i = 1; i < _sums.Length; i++)
            _sums[i] += _sums[i - 1];
    }

    /// <summary>By the earliest moment.</summary>
    public Arrival[] BySent { get; }

    /// <summary>Whether one is the last send of its instant, when the sums have risen as far as they will.</summary>
    public bool IsPeak(int index) =>
        !BySent[index].IsStraggler && (index + 1 == BySent.Length || BySent[index + 1].FromUs != BySent[index].FromUs || BySent[index + 1].IsStraggler);

    /// <summary>The latest moments, in order.</summary>
    public ReadOnlySpan<long> Lates => _lates;

    /// <summary>The costs that belong to <see cref="Lates"/>.</summary>
    public long[] LateCosts { get; }

    /// <summary>The cost of all that has certainly arrived by a moment.</summary>
    public long ArrivedBy(long us)
    {
        // The last of equal ones, found by looking for where the next microsecond would go.
        var index = us == long.MaxValue ? _lates.Length : _lates.AsSpan().BinarySearch(new FirstAtLeast(us + 1));
        index = index < 0 ? ~index : index;
        return index == 0 ? 0 : _sums[index - 1];
    }

    /// <summary>The attempts that may have arrived within [from, to], in order.</summary>
    public IEnumerable<int> Within(long from, long to)
    {
        foreach (var arrival in BySent)
        {
            if (arrival.FromUs > to)
                yield break;
            if (arrival.ToUs >= from)
                yield return arrival.Attempt;
        }
    }

    /// <summary>Never equal, so that the search ends at the first that is not less.</summary>
    private readonly struct FirstAtLeast(long us) : IComparable<long>
    {
        private readonly long _us = us;

        public int CompareTo(long other) => other < _us ? 1 : -1;
    }
}
