using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Room for B, drained at ρ = N/P: a cost c may go at t iff level(t) + unanswered + c ≤ B. The level is charged at <c>late</c>;
/// what is unanswered does not drain.
/// </summary>
internal sealed class BucketState : LimitState
{
    private LeakyLevel _level;
    private long _latest = long.MinValue / 4;

    /// <summary>Since when this limit holds; what was charged before is not bounded by the level.</summary>
    private long _since = long.MinValue / 4;

    public BucketState(Limit limit, ArrivalTerms terms, WallTime ours) : base(limit, terms, ours) =>
        _level = new LeakyLevel(limit.Burst, limit.Amount, Clock.Nanoseconds(limit.Period) + Guard);

    public override long Whole => Limit.Burst;

    protected internal override long Reach => Never / 2;

    public override long Available(long now)
    {
        Advance(now);
        return _level.Available(Unanswered);
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        return _level.FitsAt(at, cost, Unanswered + taken, now + Terms.LikelyBound, Edge);
    }

    protected override long Earliest(long cost, long now) => _level.Earliest(cost, now, Unanswered, Certain(), Edge);

    protected override void Charge(long cost, long late)
    {
        _level.Charge(cost, late, Edge);
        _latest = Math.Max(_latest, late);
    }

    protected override void Release(long now) => _level.Drain(now);

    protected override long EmptyAt => _level.EmptyAt;

    protected override void PassPast(ref Tape tape)
    {
        _level.Pass(ref tape);
        tape.Pass(ref _latest);
        tape.Pass(ref _since);
    }

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) =>
        _latest <= since ? [] : [(_latest, since < _since ? TotalCharged : (long)Int128.Min(TotalCharged, _level.MostSince(since, now)))];

    protected internal override LeakyLevel? LevelOver(long since, long now) => since < _since ? null : _level;

    protected override void TakeOver(LimitState old, long now)
    {
        _since = now;
        if (old.LevelOver(long.MinValue / 4, now) is { } level && !_level.IsSlowerThan(level))
        {
            // As fast as that or faster: its level bounds this one whatever went before.
            _level.TakeOver(level, 0);
            _level.AtMost(old.TotalCharged);
            (_since, _latest) = (long.MinValue / 4, now);
        }
        else if (old.LevelOver(now, now) is { } unlike)
        {
            _level.TakeOver(unlike, 0);
            _level.Fill(old.TotalCharged);
            _latest = now;
        }
        else
            foreach (var (late, cost) in RecallOf(old, now))
            {
                Charge(cost, late);
                _level.Cap();
            }
        _level.Drain(now);
    }
}
