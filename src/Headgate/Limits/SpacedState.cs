using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// At least P/N apart: nothing unanswered, and t ≥ last late + P/N + g. With <c>jitter=J</c> the gaps are P/N + J from send to send,
/// which is safe only while the delay on the way varies by no more than J; what is known of arrival otherwise says nothing then.
/// </summary>
internal sealed class SpacedState(Limit limit, ArrivalTerms terms, WallTime ours) : LimitState(limit, limit.Jitter is null ? terms : ArrivalTerms.Nominal, ours)
{
    private long _freeAt = long.MinValue / 4;

    /// <summary>The latest charge, and the cost of the one that decides <see cref="_freeAt"/>.</summary>
    private (long At, long Cost) _latest = (long.MinValue / 4, 0);

    protected internal override long Reach => Never / 2;

    protected override long AtOnce => 1;

    public override long Refill => (long)Int128.Min(Gap(1) * Whole, Never / 4);

    public override long FreeAfter(long others, long cost, long now) => FreeAt(cost, now) is var at && at == Never ? Never : Later(at, Gap(1) * others);

    public override long Available(long now) => FreeAt(1, now) <= now ? 1 : 0;

    // Its room is one request.
    public override long UsedPerMille(long sentAt, long now) => 1000;

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        return Math.Max(_freeAt, Unanswered + taken > 0 ? Later(now + Terms.LikelyBound, Gap(Unanswered + taken)) : now) <= at;
    }

    protected override long Earliest(long cost, long now)
    {
        var (at, known) = (Math.Max(now, _freeAt), 0L);
        foreach (var (due, arriving) in Certain())
        {
            known += arriving;
            at = Math.Max(at, Later(due, Gap(arriving)));
        }
        return known == Unanswered ? at : Never;
    }

    protected override void Charge(long cost, long late)
    {
        var freeAt = Later(late, Gap(cost));
        _latest = (Math.Max(_latest.At, late), freeAt >= _freeAt ? cost : _latest.Cost);
        _freeAt = Math.Max(_freeAt, freeAt);
    }

    protected override void Release(long now) { }

    protected override long EmptyAt => _freeAt;

    protected override void PassPast(ref Tape tape)
    {
        tape.Pass(ref _freeAt);
        tape.Pass(ref _latest.At);
        tape.Pass(ref _latest.Cost);
    }

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => _latest.At > since && TotalCharged > 0 ? [(_latest.At, TotalCharged)] : [];

    // Only the last one counts; how much of it was one request is not always known.
    protected override void TakeOver(LimitState old, long now)
    {
        if (old is SpacedState { _latest: var (at, cost) })
        {
            if (cost > 0)
                Charge(cost, at);
        }
        else if (RecallOf(old, now).LastOrDefault() is var (late, units) && units > 0)
            Charge(Math.Min(units, Limit.Amount), late);
    }

    /// <summary>What must lie between one arrival and the next, after a cost. The guard is of that, not of P.</summary>
    private Int128 Gap(long cost)
    {
        var exact = ((Int128)Clock.Nanoseconds(Length) * cost + Limit.Amount - 1) / Limit.Amount;
        return exact + ((Limit.Jitter ?? Limit.Guard) is { } given ? Clock.Nanoseconds(given) : Clock.Millisecond + exact / 10_000);
    }
}
