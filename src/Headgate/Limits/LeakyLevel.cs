namespace Headgate.Limits;

/// <summary>
/// What stands in a bucket of some room that drains at a rate. Exact: the level is an integer, units × the period; what is drained in a
/// nanosecond is the rate. Charged late and drained from then on, it is never lower than the level of a server that saw the same arrive sooner.
/// </summary>
/// <param name="room">B, in units.</param>
/// <param name="rate">Units drained in a period.</param>
/// <param name="period">The period and its guard, in nanoseconds.</param>
internal struct LeakyLevel(long room, long rate, long period)
{
    private Int128 _level;

    /// <summary>The moment of the level; in the future while the edge of a burst has not passed.</summary>
    private long _at = long.MinValue / 4;

    public readonly long Room => room;

    /// <summary>When nothing will stand in it.</summary>
    public readonly long EmptyAt => _level == 0 ? long.MinValue : rate == 0 ? LimitState.Never : LimitState.Later(_at, (_level + rate - 1) / rate);

    private readonly Int128 Capacity => (Int128)room * period;

    public readonly long Available(long unanswered) => (long)Int128.Max(0, (Capacity - _level - (Int128)unanswered * period) / period);

    /// <summary>The most that may have been charged since a moment.</summary>
    public readonly Int128 MostSince(long since, long now) => (_level + (Int128)rate * (now - since)) / period + 1;

    public void Drain(long now)
    {
        _level = Drained(_level, _at, now);
        _at = Math.Max(_at, now);
    }

    /// <param name="cost">In units.</param>
    /// <param name="late">When it has arrived for certain.</param>
    /// <param name="edge">How much later than that the server may see the first of a burst, by the edge of its clock.</param>
    public void Charge(long cost, long late, long edge)
    {
        Drain(late);
        _at = Math.Max(_at, Begins(_level, late, edge));
        _level += (Int128)cost * period;
    }

    /// <summary>A bucket of the server is never fuller than full, whatever went before.</summary>
    public void Cap() => _level = Int128.Min(_level, Capacity);

    /// <summary>When a cost fits: level + unanswered + cost ≤ room; the level has been drained to now.</summary>
    public readonly long Earliest(long cost, long now, long unanswered, Arrivals arrivals, long edge)
    {
        var (level, at) = (_level, Math.Max(_at, now));
        var excess = level + (Int128)(unanswered + cost) * period - Capacity;
        if (excess <= 0)
            return now;
        foreach (var (due, arriving) in arrivals)
        {
            // What arrives after the cost has room does not matter.
            if (excess <= level && excess <= (Int128)rate * (due - at))
                break;
            level = Drained(level, at, due);
            at = Math.Max(at, Begins(level, due, edge));
            (level, unanswered) = (level + (Int128)arriving * period, unanswered - arriving);
            excess = level + (Int128)(unanswered + cost) * period - Capacity;
        }
        return excess > level || rate == 0 ? LimitState.Never : LimitState.Later(at, (excess + rate - 1) / rate);
    }

    /// <summary>Whether a cost fits at a time if so much more arrives at another.</summary>
    public readonly bool FitsAt(long at, long cost, long arriving, long arrival, long edge)
    {
        var level = _level + (Int128)arriving * period;
        var from = Math.Max(_at, Begins(_level, arrival, edge));
        return Drained(level, from, at) + (Int128)cost * period <= Capacity;
    }

    /// <summary>
    /// Takes over the level of another bucket, as it would be here had all of that been charged here: over the time given, what the other
    /// drained faster is charged for the difference.
    /// </summary>
    public void TakeOver(in LeakyLevel old, long reach)
    {
        _at = old._at;
        _level = Scale(old._level, old.Period);
        if (IsSlowerThan(old))
            _level += Scale(old.Rate * (Int128)reach, old.Period) - (Int128)rate * reach;
    }

    public readonly bool IsSlowerThan(in LeakyLevel old) => (Int128)rate * old.Period < (Int128)old.Rate * period;

    /// <summary>Lays down what stands in it, or takes it up.</summary>
    public void Pass(ref Tape tape)
    {
        tape.Pass(ref _level);
        tape.Pass(ref _at);
    }

    /// <summary>Nothing stands in it.</summary>
    public void Clear() => _level = 0;

    /// <summary>Never more than a faster bucket of the same period and the same charges tells of a time, if no other time matters.</summary>
    public void AtMost(in LeakyLevel faster, long reach) => _level = Int128.Min(_level, faster._level + (Int128)(faster.Rate - rate) * reach);

    /// <summary>Never more than so many units, and not less than a full bucket unless there were fewer.</summary>
    public void Fill(long most) => _level = Int128.Min(Int128.Max(_level, Capacity), (Int128)most * period);

    /// <summary>Never more than so many units.</summary>
    public void AtMost(long most) => _level = Int128.Min(_level, (Int128)most * period);

    private readonly long Period => period;

    private readonly long Rate => rate;

    /// <summary>When what is charged begins to drain. The server's bucket may be empty a little before ours, and its clock cut off after that.</summary>
    private readonly long Begins(Int128 level, long late, long edge) => rate == 0 || level >= (Int128)rate * edge ? late : late + edge - (long)(level / rate);

    // Units and their rest apart, or the product would not fit.
    private readonly Int128 Scale(Int128 level, long of) => level / of * period + (level % of * period + of - 1) / of;

    private readonly Int128 Drained(Int128 level, long from, long to) =>
        level == 0 || to <= from ? level : Int128.Max(0, level - (Int128)rate * ((Int128)to - from));
}
