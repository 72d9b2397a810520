using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// At least P/N apart: nothing unanswered, and t ≥ last late + P/N + g. With <c>jitter=J</c> the gaps are P/N + J from send to send,
/// which is safe only while the delay on the way varies by no more than J.
/// </summary>
internal sealed class SpacedState(Limit limit, ArrivalTerms terms, WallTime ours) : LimitState(limit, terms, ours)
{
    private readonly long _guard = limit.Guard is { } given ? Clock.Nanoseconds(given) : Clock.Millisecond + Clock.Nanoseconds(limit.Period) / limit.Amount / 10_000;
    private long _freeAt = long.MinValue;

    private bool FromSendToSend => Limit.Jitter is not null;

    public override long Available(long now) => FreeAt(1, now) <= now ? 1 : 0;

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        return Math.Max(now, _freeAt) + (Unanswered > 0 || taken > 0 ? Terms.LikelyBound + Gap(Unanswered + taken) : 0) <= at;
    }

    public override void Sent(long cost, long sent)
    {
        base.Sent(cost, sent);
        if (FromSendToSend)
            _freeAt = Math.Max(_freeAt, sent + Gap(cost));
    }

    protected override long Earliest(long cost, long now)
    {
        var at = Math.Max(now, _freeAt);
        if (FromSendToSend || Unanswered == 0)
            return at;
        long known = 0;
        foreach (var (due, arriving) in Certain())
        {
            known += arriving;
            at = Math.Max(at, due) + Gap(arriving);
        }
        return known == Unanswered ? at : Never;
    }

    protected override void Charge(long cost, long late)
    {
        if (!FromSendToSend)
            _freeAt = Math.Max(_freeAt, late + Gap(cost));
    }

    protected override void Release(long now) { }

    protected override bool IsEmpty(long now) => _freeAt <= now;

    protected override IEnumerable<(long Late, long Cost)>? Remembers(long span) => null;

    protected override long MostWithin(long span) => (long)Int128.Min((Int128)span * Limit.Amount / Clock.Nanoseconds(Length) + 1, long.MaxValue);

    private long Gap(long cost)
    {
        var exact = (Int128)Clock.Nanoseconds(Length) * cost;
        return (long)((exact + Limit.Amount - 1) / Limit.Amount) + (Limit.Jitter is { } jitter ? Clock.Nanoseconds(jitter) : _guard);
    }
}
