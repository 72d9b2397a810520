using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// The arithmetic of one limit. Pure: the time is an argument (monotonic nanoseconds, never running backwards), there is
/// no lock, timer or task inside, and rounding is against ourselves.
/// </summary>
/// <remarks>
/// A cost lives through: taken (held whole) → sent → answered, given up or returned. What is sent arrives at the server at an unknown
/// moment of [sent, late]; while <c>late</c> is not known the cost is held whole and does not age. At <c>late</c> it is
/// <see cref="Charge"/>d, in order of <c>late</c>. Each algorithm adds only what it charges and when that comes back.
/// </remarks>
internal abstract class LimitState(Limit limit, ArrivalTerms terms, WallTime ours)
{
    /// <summary>Not a time: only an event (an answer, a return, an end) can tell.</summary>
    public const long Never = Clock.Never;

    private readonly DutyHours? _hours = limit.When is null ? null : new DutyHours(limit, ours);

    /// <summary>Sent, with <c>late</c> at most sent + D; ordered by the moment of the send, which a change of D leaves in order.</summary>
    private TimedQueue? _onTheWay;

    /// <summary>Given up; they may still arrive until the moment by which they are ordered.</summary>
    private TimedQueue? _stragglers;

    /// <summary>Taken, and neither of the above.</summary>
    private long _held;

    /// <summary>What limits that this one replaced knew of arrival, latest first.</summary>
    private Era? _eras;

    public Limit Limit => limit;

    /// <summary>The largest cost that can ever go: N, or the room of a bucket.</summary>
    public virtual long Whole => limit.Amount;

    /// <summary>How much sooner than computed a cost could go, at best, if everything in flight were answered now; a lease may be given back whole.</summary>
    public long Uncertainty => Unanswered == 0 ? 0 : terms.SettlesTogether ? Never / 2 : terms.Bound + terms.Straggle;

    protected ArrivalTerms Terms => terms;

    /// <summary>What counts whole because nobody knows yet when it arrives.</summary>
    protected long Unanswered => _held + (_onTheWay?.Sum ?? 0) + (_stragglers?.Sum ?? 0);

    /// <summary>It counts attempts, whatever they cost.</summary>
    public virtual bool CountsAttempts => false;

    /// <summary>All that was ever charged.</summary>
    protected internal long TotalCharged { get; private set; }

    /// <summary>All that was ever taken, less what was given back: charged, or held whole.</summary>
    public long Taken => TotalCharged + Unanswered;

    /// <summary>g: every window is lengthened by this against unlike clocks and their edges.</summary>
    protected long Guard => limit.Guard is { } given ? Clock.Nanoseconds(given) : Clock.Millisecond + Clock.Nanoseconds(Length) / 10_000;

    /// <summary>How much later than we charge it the server may see the first of a burst, by the edge of its clock.</summary>
    protected long Edge => Math.Min(Guard, Clock.Millisecond);

    /// <summary>P, a calendar month taken as 31 days.</summary>
    protected TimeSpan Length => limit.IsMonthly ? TimeSpan.FromDays(31) : limit.Period;

    /// <summary>Requests are settled at the headers, other units at the end of the body.</summary>
    protected virtual bool SettlesAtAnswer => limit.Unit == Limit.Requests || terms.SettlesTogether;

    /// <summary>How long it takes until the whole of it has come back, in nanoseconds; rounded late.</summary>
    public virtual long Refill => (long)Int128.Min(((Int128)Clock.Nanoseconds(Length) + Guard) * Whole / limit.Amount + 1, Never / 4);

    /// <summary>Whether the state equals that of a limit never used, so that it may be forgotten.</summary>
    public bool IsIdle(long now)
    {
        Advance(now);
        return Unanswered == 0 && EmptyAt <= now;
    }

    /// <summary>Since when that has been so; <see cref="Never"/> if it is not. Some of the past if it was asked whether it is so before.</summary>
    public long IdleSince(long now)
    {
        ChargeCertain(now);
        return Unanswered == 0 && EmptyAt is var at && at <= now ? at : Never;
    }

    /// <summary>From when on <see cref="IsIdle"/> will be so if nothing happens; <see cref="Never"/> while something is under way.</summary>
    public long IdleAt => Unanswered == 0 ? EmptyAt : Never;

    /// <summary>Lays down all it remembers, or takes it up in place of what it remembered; only of a state that has nothing under way.</summary>
    public void Pass(ref Tape tape)
    {
        if (tape.IsReading)
            (_held, _onTheWay, _stragglers, _eras) = (0, null, null, null);
        var total = TotalCharged;
        tape.Pass(ref total);
        TotalCharged = total;
        PassPast(ref tape);
    }

    /// <summary>The earliest instant at which a cost could go, if nothing else went: <paramref name="now"/>, later, or <see cref="Never"/>.</summary>
    public long FreeAt(long cost, long now)
    {
        Advance(now);
        var at = Earliest(cost, now);
        return at > now && _hours is not null ? UnlessOffDuty(_hours, at, cost, now) : at;
    }

    /// <summary>When a cost could go after others, if all of those go one after the other as soon as they can; not earlier than it will be.</summary>
    public virtual long FreeAfter(long others, long cost, long now)
    {
        var units = others + cost;
        var rounds = (units - 1) / Whole;
        var at = FreeAt(units - rounds * Whole, now);
        return at == Never ? Never : Later(at, (Int128)rounds * Refill);
    }

    /// <summary>Whether something is held until it is given back: else what is taken is taken for good.</summary>
    public virtual bool HoldsUntilSettled => terms.Timing != LimitTiming.Nominal;

    /// <summary>
    /// Whether a cost could still go at a time, had another been taken now: the test of back-filling. Exact with nominal timing; may err
    /// to either side where answers are not known.
    /// </summary>
    public abstract bool FitsAt(long at, long cost, long now, long taken);

    /// <summary>How much could be taken at once now.</summary>
    public abstract long Available(long now);

    /// <summary>How much of it was used when something was sent that is answered now, in thousandths; all of it where so much time has passed that this is not known any more.</summary>
    public virtual long UsedPerMille(long sentAt, long now) =>
        now - sentAt >= Clock.Nanoseconds(Length) ? 1000 : (long)((Int128)(Whole - Available(now)) * 1000 / Whole);

    /// <summary>When, next, more will be known than is known now, even without an event: one of those unanswered has arrived for certain.</summary>
    public virtual long NextCertain => Math.Min(_onTheWay is { Count: > 0 } ? _onTheWay.TimeAt(0) + terms.Bound : Never, _stragglers is { Count: > 0 } ? _stragglers.TimeAt(0) : Never);

    /// <summary>What a cost uses of the limit's throughput, in nanoseconds of it: the measure of fair shares.</summary>
    public virtual long ServiceTime(long cost) => (long)Int128.Min((Int128)Clock.Nanoseconds(Length) * cost / limit.Amount, long.MaxValue / 4);

    public virtual void Take(long cost) => _held += cost;

    /// <summary>Taken, sent and settled in one: what nothing has to be given back of.</summary>
    public void TakeSent(long cost, long now) => ChargeInOrder(cost, now);

    /// <summary>Never sent: nothing happened.</summary>
    public virtual void Return(long cost) => _held -= cost;

    /// <summary>The first byte leaves.</summary>
    public virtual void Sent(long cost, long sent)
    {
        var timing = TermsOf(sent).Timing;
        if (!SettlesAtAnswer || timing == LimitTiming.Guaranteed)
            return;
        _held -= cost;
        if (timing == LimitTiming.Nominal)
            ChargeInOrder(cost, sent);
        else
            (_onTheWay ??= new TimedQueue()).Add(sent, cost);
    }

    /// <summary>The final status line is here: it has arrived.</summary>
    public virtual void Answered(long cost, long sent, long now)
    {
        if (SettlesAtAnswer && TakeBack(cost, sent, now))
            ChargeInOrder(cost, now);
    }

    /// <summary>As <see cref="Answered"/>, and the actual cost is known: more than declared becomes debt, nothing at all means it was never sent.</summary>
    public void Settled(long declared, long actual, long sent, long now)
    {
        if (!SettlesAtAnswer)
            return;
        var charge = TakeBack(declared, sent, now) ? actual : actual - declared;
        if (charge > 0)
            ChargeInOrder(charge, now);
    }

    /// <summary>Sent and given up, or answered by somebody on the way: it may still arrive until <c>straggle</c> from now.</summary>
    public virtual void Lost(long cost, long sent, long now)
    {
        var then = TermsOf(sent);
        if (!SettlesAtAnswer || then.Timing == LimitTiming.Nominal)
            return;
        // Charged already where its bound has passed; the bound was wrong for it, it seems, so it is held once more.
        TakeBack(cost, sent, now);
        (_stragglers ??= new TimedQueue()).Add(now + then.Straggle, cost);
    }

    /// <summary>The actual cost is known, in a unit that is settled at the end of the body. More than declared becomes debt.</summary>
    public virtual void Settle(long declared, long actual, long now)
    {
        if (SettlesAtAnswer)
            return;
        _held -= declared;
        Advance(now);
        ChargeInOrder(actual, now);
    }

    /// <summary>A unit that is settled at the end of the body, of a request that was given up: the declared cost, which may still arrive until <c>straggle</c> from now.</summary>
    public virtual void Forfeit(long declared, long now)
    {
        if (SettlesAtAnswer)
            return;
        Advance(now);
        if (terms.Timing == LimitTiming.Nominal)
            Settle(declared, declared, now);
        else
            HoldAgain(declared, now + terms.Straggle);
    }

    /// <summary>The answer's body was read to the end or thrown away.</summary>
    public virtual void Ended(long cost, long sent, bool isAborted, long now) { }

    /// <summary>A send of an earlier process: it arrives at <paramref name="late"/> at the latest. Called in order of late, before anything else.</summary>
    public virtual void Restore(long cost, long late, long now)
    {
        if (late <= now)
            ChargeInOrder(cost, late);
        else
            (_stragglers ??= new TimedQueue()).Add(late, cost);
    }

    /// <summary>Whether it is the same limit, of which the same is known of arrival.</summary>
    public bool IsLike(LimitState other) => limit == other.Limit && terms.IsLike(other.Terms);

    /// <summary>Whether this limit counts what the other one counts, so that it can take its place.</summary>
    public bool CanInherit(LimitState old) =>
        limit.Unit == old.Limit.Unit && (limit.Algorithm == LimitAlgorithm.Concurrent) == (old.Limit.Algorithm == LimitAlgorithm.Concurrent);

    /// <summary>
    /// Takes over the past of the limit this one replaces and what that has in flight, so that a change never reopens a window. The old
    /// state is not used again: what becomes of the attempts it let go is told to this one.
    /// </summary>
    /// <exception cref="ArgumentException">The other limit counts something else.</exception>
    public void Inherit(LimitState old, long now) => Follow(old, isLast: true, now);

    /// <summary>As <see cref="Inherit"/>, beside the old limit, which goes on: what becomes of the attempts it let go is told to both.</summary>
    /// <exception cref="ArgumentException">The other limit counts something else.</exception>
    public void Fork(LimitState old, long now) => Follow(old, isLast: false, now);

    /// <summary>As <see cref="Inherit"/>, beside the old limit: what that holds ends there, so here it counts until it must have arrived.</summary>
    public void InheritFinished(LimitState old, long now)
    {
        if (!CanInherit(old))
            return;
        old.Advance(now);
        Remember(old, now);
        if (old.Unanswered > 0)
            (_stragglers = new TimedQueue()).Add(now + terms.Longest + terms.Straggle, old.Unanswered);
    }

    /// <summary>When, by itself, a cost would fit; the queues have been advanced to now.</summary>
    protected abstract long Earliest(long cost, long now);

    /// <summary>Arrived at the latest at <paramref name="late"/>, which runs backwards by no more than the delay between a send and its report.</summary>
    protected abstract void Charge(long cost, long late);

    /// <summary>Gives back what the time has given back.</summary>
    protected abstract void Release(long now);

    /// <summary>From when on nothing that was charged makes a difference any more, if nothing else is; the past while nothing was.</summary>
    protected abstract long EmptyAt { get; }

    /// <summary>What was charged after a moment, oldest first: exact where it is known, else more than it was and not earlier.</summary>
    protected abstract IEnumerable<(long Late, long Cost)> Recall(long since, long now);

    /// <summary>The level that bounds what was charged from a moment on, for a limit that keeps one.</summary>
    protected internal virtual LeakyLevel? LevelOver(long since, long now) => null;

    /// <summary>How far back this limit looks, in nanoseconds.</summary>
    protected internal abstract long Reach { get; }

    /// <summary>The most that may arrive at the same instant.</summary>
    protected virtual long AtOnce => Whole;

    /// <summary>As <see cref="Pass"/>, of what an algorithm remembers itself; nothing by default.</summary>
    protected virtual void PassPast(ref Tape tape) { }

    /// <summary>Charges what another limit let through.</summary>
    protected virtual void TakeOver(LimitState old, long now)
    {
        foreach (var (late, cost) in RecallOf(old, now))
            Charge(cost, late);
    }

    protected IEnumerable<(long Late, long Cost)> RecallOf(LimitState old, long now) => old.Recall(now - Reach, now);

    /// <summary>Everything up to now that has become certain is charged, in order.</summary>
    protected void Advance(long now)
    {
        if (_onTheWay is not null || _stragglers is not null)
            ChargeCertain(now);
        Release(now);
    }

    /// <summary>The unanswered costs whose <c>late</c> is bounded.</summary>
    protected Arrivals Certain() => new(_onTheWay, terms.Bound, _stragglers);

    /// <summary>By when so many unanswered units have arrived for certain.</summary>
    protected long ArrivalOf(long units)
    {
        foreach (var (due, cost) in Certain())
            if ((units -= cost) <= 0)
                return due;
        return Never;
    }

    protected void HoldAgain(long cost, long until)
    {
        _held -= cost;
        (_stragglers ??= new TimedQueue()).Add(until, cost);
    }

    /// <summary>A time so far off that it may be beyond what a number can hold.</summary>
    public static long Later(long at, Int128 by) => by >= long.MaxValue - Math.Max(0, at) ? Never - 1 : at + (long)by;

    private void Follow(LimitState old, bool isLast, long now)
    {
        if (!CanInherit(old))
            throw new ArgumentException($"\"{limit}\" cannot take over from \"{old.Limit}\", which counts something else", nameof(old));
        old.Advance(now);
        (_held, _eras) = (old._held, old._eras);
        (_onTheWay, _stragglers) = isLast ? (old._onTheWay, old._stragglers) : (old._onTheWay?.Copy(), old._stragglers?.Copy());
        if ((old.Terms.Timing, old.Terms.Straggle) != (terms.Timing, terms.Straggle))
            _eras = new Era(now, old.Terms, _eras);
        // What was sent under other terms arrives by those.
        for (; old.Terms != terms && _onTheWay is { Count: > 0 }; _onTheWay.RemoveFirst())
            (_stragglers ??= new TimedQueue()).Add(_onTheWay.TimeAt(0) + old.Terms.Bound, _onTheWay.CostAt(0));
        Remember(old, now);
    }

    private void Remember(LimitState old, long now)
    {
        TakeOver(old, now);
        TotalCharged = old.TotalCharged;
    }

    private void ChargeCertain(long now)
    {
        while (true)
        {
            var way = _onTheWay is { Count: > 0 } ? _onTheWay.TimeAt(0) + terms.Bound : Never;
            var straggle = _stragglers is { Count: > 0 } ? _stragglers.TimeAt(0) : Never;
            var at = Math.Min(way, straggle);
            if (at > now)
                return;
            var queue = way <= straggle ? _onTheWay! : _stragglers!;
            var cost = queue.CostAt(0);
            queue.RemoveFirst();
            ChargeInOrder(cost, at);
        }
    }

    /// <summary>Takes an unanswered cost back from where it is held; false if it is charged already, its bound having passed.</summary>
    private bool TakeBack(long cost, long sent, long now)
    {
        Advance(now);
        switch (TermsOf(sent).Timing)
        {
            case LimitTiming.Guaranteed:
                _held -= cost;
                return true;
            case LimitTiming.Bounded:
                return _onTheWay?.Remove(sent, cost) ?? false;
            default:
                return false;
        }
    }

    private void ChargeInOrder(long cost, long late)
    {
        TotalCharged += cost;
        Charge(cost, late);
    }

    /// <summary>An attempt keeps the terms it was sent under, whatever the limit has become since.</summary>
    private ArrivalTerms TermsOf(long sent)
    {
        var then = terms;
        for (var era = _eras; era is not null && sent <= era.Until; era = era.Before)
            then = era.Terms;
        return then;
    }

    /// <summary>A limit with hours holds only then; what could arrive inside them counts as inside.</summary>
    private long UnlessOffDuty(DutyHours hours, long at, long cost, long now)
    {
        // Of what is not sent yet, or may arrive as late as its answer, nobody can tell that it will not all arrive when the hours begin:
        // no more of it than the limit can take at once.
        var isOpen = terms.Timing == LimitTiming.Guaranteed || !SettlesAtAnswer;
        var open = isOpen ? Unanswered : _held;
        var excess = Math.Min(open, open + cost - AtOnce);
        var from = excess <= 0 ? now : isOpen ? ArrivalOf(excess) : Never;
        if (from >= at)
            return at;
        return Math.Min(at, hours.NextOff(from, isOpen || terms.Timing == LimitTiming.Nominal ? Guard : terms.Bound + terms.Straggle));
    }

    /// <summary>Until when other terms held.</summary>
    private sealed record Era(long Until, ArrivalTerms Terms, Era? Before);
}
