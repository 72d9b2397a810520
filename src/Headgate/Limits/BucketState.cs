using System.Numerics;
using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Room for B, drained at ρ = N/P: a cost c may go at t iff level(t) + unanswered + c ≤ B. The level is charged at <c>late</c>;
/// what is unanswered does not drain. The level is an exact integer: units × the lengthened period (both divided by their common divisor).
/// </summary>
/// <remarks>
/// Also the safe model of a two-window counter: room max(1, N/50), drained at (N − that)/P (its estimate never exceeds ρP + b).
/// </remarks>
internal sealed class BucketState : LimitState
{
    private readonly long _room;

    /// <summary>Scaled level drained in a nanosecond.</summary>
    private readonly long _drain;

    /// <summary>Scaled level of one unit.</summary>
    private readonly long _unit;

    private Int128 _level;

    /// <summary>The moment of <see cref="_level"/>; in the future while the guard of a bucket that was empty has not passed.</summary>
    private long _at = long.MinValue / 2;

    public BucketState(Limit limit, ArrivalTerms terms, WallTime ours) : base(limit, terms, ours)
    {
        var (room, rate, period) = limit.Algorithm == LimitAlgorithm.Counter ? CounterTerms(limit) : (limit.Burst, limit.Amount, Clock.Nanoseconds(limit.Period));
        _room = room;
        period += Guard;
        var divisor = (long)BigInteger.GreatestCommonDivisor(rate, period);
        (_drain, _unit) = (rate / divisor, period / divisor);
    }

    private Int128 Capacity => (Int128)_room * _unit;

    public override long Available(long now)
    {
        Advance(now);
        return (long)Int128.Max(0, (Capacity - _level - (Int128)Unanswered * _unit) / _unit);
    }

    public override long ServiceTime(long cost) => (long)Int128.Min((Int128)cost * _unit / _drain, long.MaxValue / 4);

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        var drained = (Int128)_drain * Math.Max(0, at - now - Guard);
        var level = Int128.Max(0, _level + (Int128)(Unanswered + taken) * _unit - drained);
        return level + (Int128)cost * _unit <= Capacity;
    }

    protected override long Earliest(long cost, long now)
    {
        var (unanswered, level, at) = (Unanswered, _level, Math.Max(_at, now));
        var start = now;
        while (true)
        {
            var excess = level + (Int128)(unanswered + cost) * _unit - Capacity;
            if (excess <= 0)
                return start;
            if (excess <= level)
                return at + (long)((excess + _drain - 1) / _drain);
            // Draining what is charged is not enough: some of what is unanswered has to arrive first.
            var (due, arriving) = NextToArrive(Unanswered - unanswered);
            if (due == Never)
                return Never;
            level = Drained(level, at, due);
            at = Math.Max(at, level == 0 ? due + Offset : due);
            (start, level, unanswered) = (Math.Max(start, due), level + (Int128)arriving * _unit, unanswered - arriving);
        }
    }

    protected override void Charge(long cost, long late)
    {
        Drain(late);
        if (_level == 0)
            _at = Math.Max(_at, late + Offset);
        _level += (Int128)cost * _unit;
    }

    protected override void Release(long now) => Drain(now);

    protected override bool IsEmpty(long now) => _level == 0;

    protected override IEnumerable<(long Late, long Cost)>? Remembers(long span) =>
        span <= Clock.Nanoseconds(Length) && Limit.Algorithm == LimitAlgorithm.Bucket && _level > 0 ? [(_at, (long)((_level + _unit - 1) / _unit))] : null;

    protected override long MostWithin(long span) => (long)Int128.Min(_room + (Int128)span * _drain / _unit + 1, long.MaxValue);

    /// <summary>The server may see the first of a burst a little later than we charged it, by the edge of its clock.</summary>
    private long Offset => Math.Min(Guard, Clock.Millisecond);

    private static (long Room, long Rate, long Period) CounterTerms(Limit limit)
    {
        var period = Clock.Nanoseconds(limit.Period);
        var room = Math.Max(1, limit.Amount / 50);
        return limit.Amount == 1 ? (1, 1, 2 * period) : (room, limit.Amount - room, period);
    }

    /// <summary>The arrival after the first so many units, by the bound of what is unanswered.</summary>
    private (long Due, long Cost) NextToArrive(long after)
    {
        foreach (var (due, cost) in Certain())
            if ((after -= cost) < 0)
                return (due, cost);
        return (Never, 0);
    }

    private void Drain(long now)
    {
        _level = Drained(_level, _at, now);
        _at = Math.Max(_at, now);
    }

    private Int128 Drained(Int128 level, long from, long to) => to <= from || level == 0 ? level : Int128.Max(0, level - (Int128)_drain * (to - from));
}
