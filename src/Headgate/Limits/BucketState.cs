using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Room for B, drained at ρ = N/P: a cost c may go at t iff level(t) + unanswered + c ≤ B. The level is charged at <c>late</c>;
/// what is unanswered does not drain. The level is an exact integer: units × the lengthened period.
/// </summary>
/// <remarks>
/// Also the safe model of a two-window counter, whose estimate never exceeds ρP + B: room b = max(1, N/50), drained at (N − b)/P. A larger
/// cost needs a larger room, which is as safe when drained more slowly. After two windows without a charge the counter has forgotten all.
/// </remarks>
internal sealed class BucketState : LimitState
{
    /// <summary>Scaled level of one unit: the period and its guard, in nanoseconds.</summary>
    private readonly long _unit;

    private long _room;

    /// <summary>Scaled level drained in a nanosecond.</summary>
    private long _drain;

    private Int128 _level;

    /// <summary>The moment of <see cref="_level"/>; in the future while the guard of a bucket that was empty has not passed.</summary>
    private long _at = long.MinValue / 4;

    /// <summary>The latest charge.</summary>
    private long _latest = long.MinValue / 4;

    /// <summary>Since when this limit holds.</summary>
    private long _since = long.MinValue / 4;

    public BucketState(Limit limit, ArrivalTerms terms, WallTime ours) : base(limit, terms, ours)
    {
        _unit = Clock.Nanoseconds(limit.Period) + Guard;
        (_room, _drain) = (UsualRoom, IsCounter ? limit.Amount - UsualRoom : limit.Amount);
    }

    public override long Whole => IsCounter ? Limit.Amount : Limit.Burst;

    protected override long Reach => IsCounter ? 2 * _unit : Never / 2;

    protected override long AtOnce => _room;

    private bool IsCounter => Limit.Algorithm == LimitAlgorithm.Counter;

    private long UsualRoom => IsCounter ? Math.Max(1, Limit.Amount / 50) : Limit.Burst;

    private Int128 Capacity => (Int128)_room * _unit;

    /// <summary>When nothing of the past counts any more, if nothing is charged until then.</summary>
    private long ForgottenAt(long latest) => IsCounter ? latest + 2 * _unit : Never;

    /// <summary>The server may see the first of a burst a little later than we charged it, by the edge of its clock.</summary>
    private long Edge => Math.Min(Guard, Clock.Millisecond);

    public override long Available(long now)
    {
        Advance(now);
        return (long)Int128.Max(0, (Capacity - _level - (Int128)Unanswered * _unit) / _unit);
    }

    // A counter of 1 is never drained: it waits for two windows to pass.
    public override long ServiceTime(long cost) => (long)Int128.Min((Int128)cost * _unit * (_drain == 0 ? 2 : 1) / (_drain == 0 ? Limit.Amount : _drain), long.MaxValue / 4);

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        Widen(cost, now);
        var arriving = (Int128)(Unanswered + taken) * _unit;
        // Of what is not there yet nobody knows when it begins to drain, but for nominal timing, where it is all there now.
        var from = Math.Max(_at, now + Terms.LikelyBound + (_level == 0 ? Edge : 0));
        var level = Drained(_level + arriving, Math.Min(from, at), at, taken > 0 ? now : _latest);
        return level + (Int128)cost * _unit <= Capacity;
    }

    protected override long Earliest(long cost, long now)
    {
        Widen(cost, now);
        var (unanswered, level, at, latest) = (Unanswered, _level, Math.Max(_at, now), _latest);
        var excess = level + (Int128)(unanswered + cost) * _unit - Capacity;
        if (excess <= 0)
            return now;
        foreach (var (due, arriving) in Certain())
        {
            // What arrives before that is drained no sooner than what is charged, but a counter does not forget meanwhile.
            if (excess <= level && (!IsCounter || due >= Ready(excess, at, latest)))
                break;
            // Draining what is charged is not enough: some of what is unanswered has to arrive first.
            level = Drained(level, at, due, latest);
            at = Math.Max(at, level == 0 ? due + Edge : due);
            (level, unanswered, latest) = (level + (Int128)arriving * _unit, unanswered - arriving, due);
            excess = level + (Int128)(unanswered + cost) * _unit - Capacity;
        }
        return excess > level ? Never : Ready(excess, at, latest);
    }

    protected override void Charge(long cost, long late)
    {
        Drain(late);
        if (_level == 0)
            _at = Math.Max(_at, late + Edge);
        _level += (Int128)cost * _unit;
        _latest = Math.Max(_latest, late);
    }

    protected override void Release(long now)
    {
        Drain(now);
        if (IsCounter && _room != UsualRoom && Unanswered == 0 && ForgottenAt(_latest) <= now)
            (_room, _drain) = (UsualRoom, Limit.Amount - UsualRoom);
    }

    protected override bool IsEmpty(long now) => _level == 0 && (!IsCounter || ForgottenAt(_latest) <= now);

    // Of any time up to now no more was charged than the level and what may have drained since.
    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now)
    {
        if (_latest <= since)
            return [];
        var most = since < BoundedSince(now) ? TotalCharged : (long)Int128.Min(TotalCharged, (_level + (Int128)_drain * (now - since)) / _unit + 1);
        return [(_latest, most)];
    }

    protected override void TakeOver(LimitState old, long now)
    {
        if (old is BucketState bucket)
            TakeOver(bucket, now);
        else
        {
            _since = now - (IsCounter ? Reach : 0);
            foreach (var (late, cost) in RecallOf(old, now))
            {
                Charge(cost, late);
                // A bucket of the server is never fuller than full, whatever went before.
                if (!IsCounter)
                    _level = Int128.Min(_level, Capacity);
            }
        }
        Drain(now);
    }

    private void TakeOver(BucketState old, long now)
    {
        (_at, _latest, _since) = (old._at, old._latest, old._since);
        if (IsCounter && _latest + Reach <= now)
            return;
        // Units and their rest apart, or the product would not fit.
        var (units, rest) = Int128.DivRem(old._level, old._unit);
        _level = units * _unit + (rest * _unit + old._unit - 1) / old._unit;
        var isFaster = (Int128)old._drain * _unit > (Int128)_drain * old._unit;
        if (IsCounter && old.BoundedSince(now) > now - Reach)
            _level = Int128.Max(_level, Capacity + (Int128)_drain * Reach);
        else if (IsCounter && isFaster)
            // It still sees what drained from the old bucket in the last two windows, faster than at its own rate.
            _level += ((Int128)old._drain * Reach / old._unit + 1) * _unit - (Int128)_drain * Reach;
        else if (!IsCounter && (isFaster || old.BoundedSince(now) > long.MinValue / 4))
            // At its own rate it would have been filled; a bucket of the server is never fuller than full.
            (_level, _since) = (Int128.Max(_level, Capacity), now);
        _level = Int128.Min(_level, (Int128)old.TotalCharged * _unit);
    }

    /// <summary>Gives a counter the room for a cost. What it let through in the last two windows, at the faster rate, is charged for the difference.</summary>
    private void Widen(long cost, long now)
    {
        if (!IsCounter || cost <= _room || cost > Limit.Amount)
            return;
        if (ForgottenAt(_latest) > now)
            _level += 2 * (Int128)(cost - _room) * _unit;
        (_room, _drain) = (cost, Limit.Amount - cost);
    }

    /// <summary>Since when the level and what drained bound all that was charged: before, it was under another limit, or a counter forgot it.</summary>
    private long BoundedSince(long now) => IsCounter ? Math.Max(_since, now - Reach) : _since;

    /// <summary>When so much of the level is drained, or forgotten.</summary>
    private long Ready(Int128 excess, long at, long latest) => Math.Min(ForgottenAt(latest), _drain == 0 ? Never : Later(at, (excess + _drain - 1) / _drain));

    private void Drain(long now)
    {
        _level = Drained(_level, _at, now, _latest);
        _at = Math.Max(_at, now);
    }

    private Int128 Drained(Int128 level, long from, long to, long latest)
    {
        if (level == 0 || to >= ForgottenAt(latest))
            return 0;
        return to <= from ? level : Int128.Max(0, level - (Int128)_drain * ((Int128)to - from));
    }
}
