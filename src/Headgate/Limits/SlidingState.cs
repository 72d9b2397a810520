using Headgate.Time;

namespace Headgate.Limits;

/// <summary>At most N in any window of P: a cost c may go at t iff unanswered + Σ cost{late &gt; t − P − g} + c ≤ N.</summary>
internal sealed class SlidingState : LimitState
{
    private readonly WindowLog _log;

    public SlidingState(Limit limit, ArrivalTerms terms, WallTime ours) : base(limit, terms, ours) => _log = new WindowLog(Clock.Nanoseconds(Length) + Guard);

    protected internal override long Reach => _log.Window;

    public override long Available(long now)
    {
        Advance(now);
        return Math.Max(0, Limit.Amount - Unanswered - _log.Sum);
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        var arriving = now + Terms.LikelyBound > at - _log.Window ? Unanswered + taken : 0;
        return _log.CountedAt(at) + arriving + cost <= Limit.Amount;
    }

    protected override long Earliest(long cost, long now)
    {
        var excess = Unanswered + _log.Sum + cost - Limit.Amount;
        if (excess <= 0)
            return now;
        if (excess <= _log.Sum)
            return _log.FreeOf(excess);
        // Even an empty log leaves no room: some of what is unanswered has to arrive, and then to age.
        return ArrivalOf(excess - _log.Sum) is var due && due == Never ? Never : Later(due, _log.Window);
    }

    protected override void Charge(long cost, long late) => _log.Charge(cost, late);

    protected override void Release(long now) => _log.Release(now);

    protected override long EmptyAt => _log.EmptyAt;

    protected override void PassPast(ref Tape tape) => _log.Pass(ref tape);

    protected override void TakeOver(LimitState old, long now)
    {
        base.TakeOver(old, now);
        _log.HadPast();
    }

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => _log.Recall(since, now, TotalCharged);
}
