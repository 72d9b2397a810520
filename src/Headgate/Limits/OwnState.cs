using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Something of our own that holds attempts back, whatever they cost: no promise about the server, so nothing of it is charged, settled,
/// kept over a restart or shared out fairly. Owned by the lock of its dispatcher, as every state.
/// </summary>
internal abstract class OwnState(Limit limit, ArrivalTerms terms, WallTime ours) : LimitState(limit, terms, ours)
{
    /// <summary>One that needs neither terms of arrival nor the time of day.</summary>
    /// <param name="most">How many it lets through at once at best, for whoever compares limits.</param>
    protected OwnState(long most) : this(new Limit { Amount = most, Algorithm = LimitAlgorithm.Concurrent }, ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true)) { }

    /// <summary>What a user is told is holding a request; the same text as long as it says the same.</summary>
    public abstract string Words { get; }

    public sealed override bool CountsAttempts => true;

    public sealed override long ServiceTime(long cost) => 0;

    public override void Take(long cost) { }

    public override void Return(long cost) { }

    public override void Sent(long cost, long sent) { }

    public override void Answered(long cost, long sent, long now) { }

    public override void Lost(long cost, long sent, long now) { }

    public sealed override void Settle(long declared, long actual, long now) { }

    public sealed override void Forfeit(long declared, long now) { }

    public sealed override void Restore(long cost, long late, long now) { }

    protected internal sealed override long Reach => 0;

    protected sealed override void Charge(long cost, long late) { }

    protected sealed override void Release(long now) { }

    protected sealed override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => [];
}
