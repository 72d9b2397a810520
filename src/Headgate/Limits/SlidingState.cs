using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// At most N in any window of P: a cost c may go at t iff unanswered + Σ cost{late &gt; t − P − g} + c ≤ N.
/// The log of what was charged is exact up to 1,024 entries; above, those of P/1000 share one, rounded late.
/// </summary>
internal sealed class SlidingState(Limit limit, ArrivalTerms terms, WallTime ours, long? window = null) : LimitState(limit, terms, ours)
{
    private const int ExactEntries = 1024;

    private readonly TimedQueue _log = new();
    private readonly long _grain = Clock.Nanoseconds(limit.Period) / 1000;

    /// <summary>The earliest late that the newest entry stands for.</summary>
    private long _newestFrom;

    private long Window => (window ?? Clock.Nanoseconds(Length)) + Guard;

    public override long Available(long now)
    {
        Advance(now);
        return Math.Max(0, Limit.Amount - Unanswered - _log.Sum);
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        var (back, used) = (at - Window, _log.Sum);
        for (var index = 0; index < _log.Count && _log.TimeAt(index) <= back; index++)
            used -= _log.CostAt(index);
        if (now + Terms.LikelyBound > back)
            used += Unanswered + taken;
        return used + cost <= Limit.Amount;
    }

    protected override long Earliest(long cost, long now)
    {
        var excess = Unanswered + _log.Sum + cost - Limit.Amount;
        if (excess <= 0)
            return now;
        if (excess > _log.Sum)
            return EarliestOfUnanswered(excess - _log.Sum);
        if (_log.IsUniform)
            return _log.TimeAt((int)excess - 1) + Window;
        var index = -1;
        while (excess > 0)
            excess -= _log.CostAt(++index);
        return _log.TimeAt(index) + Window;
    }

    protected override void Charge(long cost, long late)
    {
        if (cost <= 0)
            return;
        if (_log.Count >= ExactEntries && late - _newestFrom < _grain)
        {
            _log.MergeIntoLast(late, cost);
            return;
        }
        _newestFrom = late;
        _log.Add(late, cost);
    }

    protected override void Release(long now)
    {
        var back = now - Window;
        while (_log.Count > 0 && _log.TimeAt(0) <= back)
            _log.RemoveFirst();
    }

    protected override bool IsEmpty(long now) => _log.Count == 0;

    protected override IEnumerable<(long Late, long Cost)>? Remembers(long span) => span <= Window || TotalCharged == _log.Sum ? Log() : null;

    protected override long MostWithin(long span) => (long)Int128.Min(Limit.Amount * ((Int128)span / Math.Max(1, Clock.Nanoseconds(Length)) + 1), long.MaxValue);

    /// <summary>What is charged, oldest first.</summary>
    internal IEnumerable<(long Late, long Cost)> Log()
    {
        for (var index = 0; index < _log.Count; index++)
            yield return (_log.TimeAt(index), _log.CostAt(index));
    }

    private long EarliestOfUnanswered(long excess)
    {
        foreach (var (at, cost) in Certain())
            if ((excess -= cost) <= 0)
                return at + Window;
        return Never;
    }
}
