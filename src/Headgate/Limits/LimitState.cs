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
    public const long Never = long.MaxValue;

    private readonly TimeZoneInfo _zone = limit.Zone ?? TimeZoneInfo.Utc;

    /// <summary>Sent, with <c>late</c> at most sent + D; ordered by the moment of the send, which a change of D leaves in order.</summary>
    private TimedQueue? _onTheWay;

    /// <summary>Given up; they may still arrive until the moment by which they are ordered.</summary>
    private TimedQueue? _stragglers;

    /// <summary>Taken, and neither of the above.</summary>
    private long _held;

    public Limit Limit => limit;

    protected ArrivalTerms Terms => terms;

    /// <summary>What counts whole because nobody knows yet when it arrives.</summary>
    protected long Unanswered => _held + (_onTheWay?.Sum ?? 0) + (_stragglers?.Sum ?? 0);

    /// <summary>It counts attempts, whatever they cost.</summary>
    public virtual bool CountsAttempts => false;

    /// <summary>How much sooner than computed a cost could go, at best, if everything in flight were answered now.</summary>
    public long Uncertainty => Unanswered > 0 ? terms.Bound + terms.Straggle : 0;

    /// <summary>All that was ever charged.</summary>
    protected long TotalCharged { get; private set; }

    /// <summary>g: every window is lengthened by this against unlike clocks and their edges.</summary>
    protected long Guard { get; } = limit.Guard is { } given ? Clock.Nanoseconds(given) : Clock.Millisecond + Clock.Nanoseconds(limit.Period) / 10_000;

    /// <summary>Whether the state equals that of a limit never used, so that it may be forgotten.</summary>
    public bool IsIdle(long now)
    {
        Advance(now);
        return Unanswered == 0 && IsEmpty(now);
    }

    /// <summary>The earliest instant at which a cost could go, if nothing else went: <paramref name="now"/>, later, or <see cref="Never"/>.</summary>
    public long FreeAt(long cost, long now)
    {
        Advance(now);
        var at = Earliest(cost, now);
        return at > now && limit.When is not null ? UnlessOffDuty(at, now) : at;
    }

    /// <summary>Whether a cost could still go at a time, had another been taken now: the test of back-filling. May err to either side where answers are not known.</summary>
    public abstract bool FitsAt(long at, long cost, long now, long taken);

    /// <summary>How much could be taken at once now.</summary>
    public abstract long Available(long now);

    /// <summary>What a cost uses of the limit's throughput, in nanoseconds of it: the measure of fair shares.</summary>
    public virtual long ServiceTime(long cost) => (long)Int128.Min((Int128)Clock.Nanoseconds(Length) * cost / limit.Amount, long.MaxValue / 4);

    public virtual void Take(long cost) => _held += cost;

    /// <summary>Taken and sent in one, with nominal timing.</summary>
    public void TakeSent(long cost, long now)
    {
        TotalCharged += cost;
        Charge(cost, now);
    }

    /// <summary>Never sent: nothing happened.</summary>
    public virtual void Return(long cost) => _held -= cost;

    /// <summary>The first byte leaves.</summary>
    public virtual void Sent(long cost, long sent)
    {
        if (!SettlesAtAnswer || terms.Timing == LimitTiming.Guaranteed)
            return;
        _held -= cost;
        if (terms.Timing == LimitTiming.Nominal)
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

    /// <summary>Sent and given up, or answered by somebody on the way: it may still arrive until <c>straggle</c> from now.</summary>
    public virtual void Lost(long cost, long sent, long now)
    {
        if (!SettlesAtAnswer || terms.Timing == LimitTiming.Nominal)
            return;
        TakeBack(cost, sent, now);
        (_stragglers ??= new TimedQueue()).Add(now + terms.Straggle, cost);
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
    public virtual void Ended(long cost, bool isAborted, long now) { }

    /// <summary>A send of an earlier process: it arrives at <paramref name="late"/> at the latest. Called in order of late, before anything else.</summary>
    public virtual void Restore(long cost, long late, long now)
    {
        if (late <= now)
            ChargeInOrder(cost, late);
        else
            (_stragglers ??= new TimedQueue()).Add(late, cost);
    }

    /// <summary>Takes over the past of the limit this one replaces, so that a change never reopens a window.</summary>
    public void Inherit(LimitState old, long now)
    {
        old.Advance(now);
        (_held, _onTheWay, _stragglers) = (old._held, old._onTheWay, old._stragglers);
        var span = Clock.Nanoseconds(Length);
        if (old.Remembers(span) is { } entries)
        {
            foreach (var (late, cost) in entries)
                ChargeInOrder(cost, late);
        }
        else
        {
            // The new window reaches further back than anything that was kept: assume the most the old limit could have let through.
            var assumed = Math.Min(limit.Amount, Math.Min(old.TotalCharged, old.MostWithin(span)));
            if (assumed > 0)
                ChargeInOrder(assumed, now);
        }
        TotalCharged = old.TotalCharged;
    }

    /// <summary>As <see cref="Inherit"/>, beside the old limit: what that holds ends there, so here it counts until it must have arrived.</summary>
    public void InheritFinished(LimitState old, long now)
    {
        Inherit(old, now);
        var unanswered = Unanswered;
        (_held, _onTheWay, _stragglers) = (0, null, null);
        if (unanswered > 0)
            (_stragglers = new TimedQueue()).Add(now + terms.Bound + terms.Straggle, unanswered);
    }

    /// <summary>P, a calendar month taken as 31 days.</summary>
    protected TimeSpan Length => limit.IsMonthly ? TimeSpan.FromDays(31) : limit.Period;

    /// <summary>Requests are settled at the headers, other units at the end of the body.</summary>
    protected virtual bool SettlesAtAnswer => limit.Unit == Limit.Requests;

    /// <summary>When, by itself, a cost would fit; the queues have been advanced to now.</summary>
    protected abstract long Earliest(long cost, long now);

    /// <summary>Arrived at the latest at <paramref name="late"/>, which never runs backwards.</summary>
    protected abstract void Charge(long cost, long late);

    /// <summary>Gives back what the time has given back.</summary>
    protected abstract void Release(long now);

    protected abstract bool IsEmpty(long now);

    /// <summary>What was charged within the last span, by late, if that is known exactly.</summary>
    protected abstract IEnumerable<(long Late, long Cost)>? Remembers(long span);

    /// <summary>The most that may have been charged within the last span.</summary>
    protected abstract long MostWithin(long span);

    /// <summary>Everything up to now that has become certain is charged, in order.</summary>
    protected void Advance(long now)
    {
        if (_onTheWay is not null || _stragglers is not null)
            ChargeCertain(now);
        Release(now);
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

    /// <summary>The unanswered costs whose <c>late</c> is bounded, soonest first.</summary>
    protected IEnumerable<(long At, long Cost)> Certain()
    {
        var (i, j) = (0, 0);
        var (way, straggle) = (_onTheWay?.Count ?? 0, _stragglers?.Count ?? 0);
        while (i < way || j < straggle)
        {
            var fromWay = j >= straggle || (i < way && _onTheWay!.TimeAt(i) + terms.Bound <= _stragglers!.TimeAt(j));
            yield return fromWay
                ? (_onTheWay!.TimeAt(i) + terms.Bound, _onTheWay.CostAt(i++))
                : (_stragglers!.TimeAt(j), _stragglers.CostAt(j++));
        }
    }

    /// <summary>Takes an unanswered cost back from where it is held; false if its bound has passed, so that it is charged already.</summary>
    private bool TakeBack(long cost, long sent, long now)
    {
        Advance(now);
        switch (terms.Timing)
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

    protected void HoldAgain(long cost, long until)
    {
        _held -= cost;
        (_stragglers ??= new TimedQueue()).Add(until, cost);
    }

    private void ChargeInOrder(long cost, long late)
    {
        TotalCharged += cost;
        Charge(cost, late);
    }

    /// <summary>A limit with hours holds only then; what could arrive inside them counts as inside.</summary>
    private long UnlessOffDuty(long at, long now)
    {
        var lead = terms.Timing == LimitTiming.Nominal ? Guard : Math.Max(terms.Straggle, terms.Bound);
        if (!Holds(now) && !Holds(now + lead))
            return now;
        // The end of its hours may come before the limit itself would let the cost go.
        const long minute = 60 * Clock.Second;
        for (var boundary = now - (now + ours.Offset) % minute + minute; boundary < at && boundary < now + 7 * 1440 * minute; boundary += minute)
            if (!Holds(boundary) && !Holds(boundary + lead))
                return boundary;
        return at;
    }

    private bool Holds(long at) => limit.When!.Holds(DateTimeOffset.UnixEpoch.AddTicks((at + ours.Offset) / 100), _zone);
}
