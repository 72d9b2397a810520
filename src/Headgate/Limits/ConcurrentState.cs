using Headgate.Time;

namespace Headgate.Limits;

/// <summary>At most N in flight: not ended + c ≤ N. Ended is a body read to the end or thrown away; what was aborted counts for <c>straggle</c> more.</summary>
internal sealed class ConcurrentState(Limit limit, ArrivalTerms terms, WallTime ours) : LimitState(limit, terms, ours)
{
    public override bool HoldsUntilSettled => true;

    // It comes back when it ends, and nobody knows when that is.
    public override long Refill => 0;

    protected override bool SettlesAtAnswer => false;

    protected internal override long Reach => 0;

    public override long Available(long now)
    {
        Advance(now);
        return Math.Max(0, Limit.Amount - Unanswered);
    }

    // Nobody knows how long a request takes; a place taken is a place not there for the one that is waiting.
    public override bool FitsAt(long at, long cost, long now, long taken) => Available(now) >= cost + taken;

    public override long ServiceTime(long cost) => (long)Int128.Min((Int128)Clock.Second * cost / Limit.Amount, long.MaxValue / 4);

    public override void Sent(long cost, long sent) { }

    public override void Answered(long cost, long sent, long now) { }

    public override void Lost(long cost, long sent, long now) { }

    public override void Settle(long declared, long actual, long now) { }

    public override void Forfeit(long declared, long now) { }

    public override void Ended(long cost, long sent, bool isAborted, long now)
    {
        if (isAborted && Terms.Straggle > 0)
            HoldAgain(cost, now + Terms.Straggle);
        else
            Return(cost);
    }

    // What an earlier process sent and never saw answered may still be running at the server.
    public override void Restore(long cost, long late, long now)
    {
        if (late > now)
            base.Restore(cost, late, now);
    }

    protected override long Earliest(long cost, long now) => Unanswered + cost - Limit.Amount is var excess and > 0 ? ArrivalOf(excess) : now;

    protected override void Charge(long cost, long late) { }

    protected override void Release(long now) { }

    protected override long EmptyAt => long.MinValue;

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => [];
}
