using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// At most N in each window of the server's clock: a cost may go at t iff in every window that [sent − θ, late + θ] may meet, count + c ≤ N,
/// θ being how far the server's clock may differ from what we know of it. Until anything is known of it: as sliding, which is safe for any alignment.
/// </summary>
internal sealed class FixedState : LimitState
{
    private readonly CalendarWindows _windows;
    private readonly SlidingState _untilKnown;
    private readonly WallTime _server;
    private readonly long _skew;
    private bool _isAligned;

    /// <summary>What was charged in each window from the present one on.</summary>
    private readonly SortedList<long, long> _counts = [];

    public FixedState(Limit limit, ArrivalTerms terms, WallTime ours, WallTime server) : base(limit, terms, ours)
    {
        _windows = new CalendarWindows(limit);
        _untilKnown = new SlidingState(limit, terms, ours, Clock.Nanoseconds(Length));
        // A stated difference makes the machine's own clock the reference.
        (_server, _skew) = limit.Skew is { } stated ? (ours, Clock.Nanoseconds(stated)) : (server, 0);
    }

    private long Theta => _server.Skew + _skew + Guard;

    public override long Available(long now)
    {
        Advance(now);
        return IsAligned(now) ? Math.Max(0, Limit.Amount - Unanswered - MostIn(now)) : Math.Max(0, _untilKnown.Available(now) - Unanswered);
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        if (!IsAligned(now))
            return _untilKnown.FitsAt(at, cost + Unanswered, now, taken);
        return cost + Unanswered + (Window(at - Theta) == Window(now + Theta) ? taken + MostIn(now) : 0) <= Limit.Amount;
    }

    protected override long Earliest(long cost, long now)
    {
        // What is unanswered may count in any later window too: if it leaves no room, only its arrival can help.
        if (Unanswered + cost > Limit.Amount)
            return NextArrival();
        if (!IsAligned(now))
            return _untilKnown.FreeAt(cost + Unanswered, now);
        var at = now;
        while (Unanswered + cost + MostIn(at) > Limit.Amount)
            at = _windows.StartOf(FullWindow(at, cost) + 1) - _server.Offset + Theta;
        return at;
    }

    protected override void Charge(long cost, long late)
    {
        _untilKnown.TakeSent(cost, late);
        if (_isAligned)
            Count(cost, late);
    }

    protected override void Release(long now)
    {
        _untilKnown.Available(now);
        if (!IsAligned(now))
            return;
        var present = Window(now - Theta);
        while (_counts.Count > 0 && _counts.Keys[0] < present)
            _counts.RemoveAt(0);
    }

    protected override bool IsEmpty(long now) => _untilKnown.IsIdle(now) && _counts.Count == 0;

    protected override IEnumerable<(long Late, long Cost)>? Remembers(long span) => span <= Clock.Nanoseconds(Length) ? _untilKnown.Log() : null;

    protected override long MostWithin(long span) => (long)Int128.Min(Limit.Amount * ((Int128)span / Clock.Nanoseconds(Length) + 2), long.MaxValue);

    /// <summary>As soon as the server's clock is known, what was charged so far is counted into its windows.</summary>
    private bool IsAligned(long now)
    {
        if (_isAligned || !_server.IsKnown)
            return _isAligned;
        _isAligned = true;
        foreach (var (late, cost) in _untilKnown.Log())
            Count(cost, late);
        var present = Window(now - Theta);
        while (_counts.Count > 0 && _counts.Keys[0] < present)
            _counts.RemoveAt(0);
        return true;
    }

    private long NextArrival()
    {
        foreach (var (at, _) in Certain())
            return at;
        return Never;
    }

    // Counted in every window its arrival may fall into; earlier ones than the present no longer decide anything.
    private void Count(long cost, long late)
    {
        for (var window = Window(late - Theta); window <= Window(late + Theta); window++)
            _counts[window] = _counts.GetValueOrDefault(window) + cost;
    }

    private long MostIn(long at)
    {
        long most = 0;
        for (var window = Window(at - Theta); window <= Window(at + Theta); window++)
            most = Math.Max(most, _counts.GetValueOrDefault(window));
        return most;
    }

    private long FullWindow(long at, long cost)
    {
        for (var window = Window(at + Theta); window > Window(at - Theta); window--)
            if (Unanswered + cost + _counts.GetValueOrDefault(window) > Limit.Amount)
                return window;
        return Window(at - Theta);
    }

    private long Window(long at) => _windows.IndexOf(at + _server.Offset);
}
