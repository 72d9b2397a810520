namespace Headgate.Limits;

/// <summary>
/// What was charged within the last window, by late. Exact up to 1,024 entries; above, those of a thousandth of the window share one,
/// rounded late.
/// </summary>
internal sealed class WindowLog(long window) : TimedQueue
{
    private const int ExactEntries = 1024;

    /// <summary>The earliest late that the newest entry stands for.</summary>
    private long _newestFrom;

    /// <summary>The most it ever held: so no window of the past had more.</summary>
    private long _peak;

    public long Window => window;

    public void Charge(long cost, long late)
    {
        if (cost <= 0)
            return;
        if (Count >= ExactEntries && late - _newestFrom < window / 1000)
            MergeIntoLast(late, cost);
        else
        {
            _newestFrom = late;
            Add(late, cost);
        }
        _peak = Math.Max(_peak, Sum);
    }

    /// <summary>Lays down all of it, or takes it up; only of a log that is exact, whose next entry stands for itself.</summary>
    public void Pass(ref Tape tape)
    {
        tape.Pass(ref _peak);
        PassEntries(ref tape);
    }

    /// <summary>There was a time before this log, of which it knows less than it was told.</summary>
    public void HadPast() => _peak = long.MaxValue;

    public void Release(long now)
    {
        while (Count > 0 && TimeAt(0) <= now - window)
            RemoveFirst();
    }

    /// <summary>When all of it will have left the window.</summary>
    public long EmptyAt => Count == 0 ? long.MinValue : TimeAt(Count - 1) + window;

    /// <summary>When so many units will have left the window; from 1 to all of them.</summary>
    public long FreeOf(long units) => TimeOfUnit(units) + window;

    /// <summary>The units charged so far that will still count at a time.</summary>
    public long CountedAt(long at) => Sum - SumUpTo(at - window);

    /// <summary>What was charged after a moment; what is older than the log as one sum, as late as it can have been.</summary>
    /// <param name="since">The moment.</param>
    /// <param name="now">The present.</param>
    /// <param name="total">All that was ever charged.</param>
    public IEnumerable<(long Late, long Cost)> Recall(long since, long now, long total)
    {
        var from = now - window;
        if (since < from && total > Sum)
        {
            var windows = ((Int128)from - since + window - 1) / window;
            yield return (from, (long)Int128.Min(total - Sum, _peak * windows));
        }
        for (var index = 0; index < Count; index++)
            if (TimeAt(index) > since)
                yield return (TimeAt(index), CostAt(index));
    }
}
