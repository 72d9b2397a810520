using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// The two-window counter, whose alignment nobody knows: a bucket of room b = max(1, N/50) drained at (N − b)/P, which it never refuses.
/// Costs above b go by one of room N/2 drained at N/2P, or after two windows in which nothing arrived; each is safe alone.
/// </summary>
/// <remarks>
/// With at most b + ρ·t arrivals in any time t, of which cur in the present window (a part f of it past) and prev in the last:
/// estimate = cur + prev·(1 − f) = f·cur + (1 − f)·(prev + cur) ≤ f·(b + ρfP) + (1 − f)·(b + ρ(1 + f)P) = b + ρP = N.
/// All of them are charged with everything, so it does not matter which of them let it go.
/// </remarks>
internal sealed class CounterState : LimitState
{
    private LeakyLevel _narrow;
    private LeakyLevel _wide;
    private long _latest = long.MinValue / 4;

    /// <summary>Since when this limit holds; what was charged before is not bounded by the levels.</summary>
    private long _since = long.MinValue / 4;

    public CounterState(Limit limit, ArrivalTerms terms, WallTime ours) : base(limit, terms, ours)
    {
        var room = Math.Max(1, limit.Amount / 50);
        _narrow = new LeakyLevel(room, limit.Amount - room, Period);
        _wide = new LeakyLevel(limit.Amount - limit.Amount / 2, limit.Amount / 2, Period);
    }

    protected internal override long Reach => 2 * Period;

    protected override long AtOnce => _wide.Room;

    public override long FreeAfter(long others, long cost, long now)
    {
        var at = FreeAt(cost, now);
        var each = Limit.Amount == 1 ? Reach : Period / (Limit.Amount - _narrow.Room) + 1;
        return at == Never || others == 0 ? at : Math.Max(at, Later(FreeAt(1, now), (Int128)(others + cost - 1) * each));
    }

    private long Period => Clock.Nanoseconds(Limit.Period) + Guard;

    public override long Available(long now)
    {
        Advance(now);
        return GoesNarrow(1) ? _narrow.Available(Unanswered) : Alone(now) <= now ? 1 : 0;
    }

    public override long UsedPerMille(long sentAt, long now)
    {
        Advance(now);
        // What was charged lately: the narrow one is full with the first request.
        return now - sentAt >= Period ? 1000 : (_wide.Room - _wide.Available(Unanswered)) * 1000 / _wide.Room;
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        var (arriving, arrival) = (Unanswered + taken, now + Terms.LikelyBound);
        if (GoesNarrow(cost))
            return _narrow.FitsAt(at, cost, arriving, arrival, Edge);
        return _wide.FitsAt(at, cost, arriving, arrival, Edge)
            || (cost <= Limit.Amount && (arriving == 0 ? _latest : arrival) + Reach <= at);
    }

    protected override long Earliest(long cost, long now)
    {
        if (GoesNarrow(cost))
            return _narrow.Earliest(cost, now, Unanswered, Certain(), Edge);
        var at = cost <= Limit.Amount ? Alone(now) : Never;
        if (at > now && cost <= _wide.Room)
            at = Math.Min(at, _wide.Earliest(cost, now, Unanswered, Certain(), Edge));
        return at;
    }

    protected override void Charge(long cost, long late)
    {
        Release(late);
        // Steady small costs would fill the wide one for ever, but only the last two windows matter.
        _wide.AtMost(_narrow, Reach);
        _narrow.Charge(cost, late, Edge);
        _wide.Charge(cost, late, Edge);
        _latest = Math.Max(_latest, late);
    }

    protected override void Release(long now)
    {
        _narrow.Drain(now);
        _wide.Drain(now);
        if (_latest + Reach <= now)
            _wide.Clear();
    }

    // The narrow bucket of a limit of 1 never drains; it lives by the silence alone.
    protected override long EmptyAt => Math.Max(_latest + Reach, Limit.Amount == 1 ? long.MinValue : _narrow.EmptyAt);

    protected override void PassPast(ref Tape tape)
    {
        _narrow.Pass(ref tape);
        _wide.Pass(ref tape);
        tape.Pass(ref _latest);
        tape.Pass(ref _since);
    }

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) =>
        _latest <= since ? [] : [(_latest, since < _since ? TotalCharged : (long)Int128.Min(TotalCharged, _narrow.MostSince(since, now)))];

    protected internal override LeakyLevel? LevelOver(long since, long now) => since < _since ? null : _narrow;

    protected override void TakeOver(LimitState old, long now)
    {
        _since = now - Reach;
        if (old.LevelOver(_since, now) is { } level)
        {
            _narrow.TakeOver(level, Reach);
            _wide.TakeOver(level, Reach);
            _narrow.AtMost(old.TotalCharged);
            _wide.AtMost(old.TotalCharged);
            _latest = now;
        }
        else
            foreach (var (late, cost) in RecallOf(old, now))
                Charge(cost, late);
        Release(now);
    }

    // Of a limit of 1 the narrow bucket would have nothing left to drain with.
    private bool GoesNarrow(long cost) => cost <= _narrow.Room && Limit.Amount > 1;

    /// <summary>When two windows will have passed since the last arrival.</summary>
    private long Alone(long now)
    {
        var (latest, unanswered) = (_latest, Unanswered);
        foreach (var (due, arriving) in Certain())
            (latest, unanswered) = (due, unanswered - arriving);
        return unanswered == 0 ? Math.Max(now, latest + Reach) : Never;
    }
}
