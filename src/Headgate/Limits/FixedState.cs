using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// At most N in each window of the server's clock: a cost may go at t iff in every window that [sent − θ, late + θ] may meet, count + c ≤ N,
/// θ being how far the server's clock may differ from what we know of it. Until enough is known of it: as sliding, which is safe for any alignment.
/// </summary>
internal sealed class FixedState : LimitState
{
    private readonly CalendarWindows _windows;

    /// <summary>Long enough for the longest of the windows, and kept to count anew when the clock turns out to be another.</summary>
    private readonly WindowLog _log;
    private readonly WallTime _server;
    private readonly long _stated;

    /// <summary>What was charged in each window from the present one on.</summary>
    private readonly SortedList<long, long> _counts = [];

    /// <summary>By which version of the server's clock the windows were counted; 0 if they are not.</summary>
    private int _countedBy;

    public FixedState(Limit limit, ArrivalTerms terms, WallTime ours, WallTime server) : base(limit, terms, ours)
    {
        _windows = new CalendarWindows(limit);
        _log = new WindowLog(Clock.Nanoseconds(Length + CalendarWindows.Excess(limit)) + Guard);
        // A stated difference makes the machine's own clock the reference.
        (_server, _stated) = limit.Skew is { } stated ? (ours, Clock.Nanoseconds(stated)) : (server, 0);
    }

    protected internal override long Reach => _log.Window;

    public override long Refill => _log.Window;

    public override long Available(long now)
    {
        Advance(now);
        return Math.Max(0, Limit.Amount - Unanswered - (IsAligned(now) ? MostIn(now) : _log.Sum));
    }

    public override bool FitsAt(long at, long cost, long now, long taken)
    {
        Advance(now);
        if (!IsAligned(now))
            return _log.CountedAt(at) + (now + Terms.LikelyBound > at - _log.Window ? taken : 0) + Unanswered + cost <= Limit.Amount;
        long most = 0;
        for (var window = First(at); window <= Last(at); window++)
            most = Math.Max(most, _counts.GetValueOrDefault(window) + (window <= Last(now) ? taken : 0));
        return Unanswered + most + cost <= Limit.Amount;
    }

    protected override long Earliest(long cost, long now)
    {
        // What is unanswered may count in any later window too: if it leaves no room, it has to arrive, and its window to end.
        var held = Unanswered + cost - Limit.Amount;
        var due = held > 0 ? ArrivalOf(held) : now;
        if (due == Never)
            return Never;
        if (!IsAligned(now))
            return held > 0 ? Later(due, _log.Window) : held + _log.Sum > 0 ? _log.FreeOf(held + _log.Sum) : now;
        if (held > 0)
            return EndOf(Last(due));
        var at = now;
        while (FullWindow(at, cost) is { } full)
            at = EndOf(full);
        return at;
    }

    protected override void Charge(long cost, long late)
    {
        if (IsAligned(late))
            Count(cost, late);
        _log.Charge(cost, late);
    }

    protected override void Release(long now)
    {
        _log.Release(now);
        if (!IsAligned(now))
            return;
        var present = First(now);
        while (_counts.Count > 0 && _counts.GetKeyAtIndex(0) < present)
            _counts.RemoveAt(0);
    }

    protected override long EmptyAt => Math.Max(_log.EmptyAt, _counts.Count == 0 ? long.MinValue : EndOf(_counts.GetKeyAtIndex(_counts.Count - 1)));

    protected override void PassPast(ref Tape tape)
    {
        _log.Pass(ref tape);
        var (countedBy, windows) = ((long)_countedBy, (long)_counts.Count);
        tape.Pass(ref countedBy);
        tape.Pass(ref windows);
        _countedBy = (int)countedBy;
        if (tape.IsReading)
            _counts.Clear();
        for (var index = 0; index < windows; index++)
        {
            var (window, count) = tape.IsReading ? default : (_counts.GetKeyAtIndex(index), _counts.GetValueAtIndex(index));
            tape.Pass(ref window);
            tape.Pass(ref count);
            _counts[window] = count;
        }
    }

    protected override void TakeOver(LimitState old, long now)
    {
        base.TakeOver(old, now);
        _log.HadPast();
    }

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => _log.Recall(since, now, TotalCharged);

    /// <summary>Whether the server's windows are known, within a quarter of one. What was charged so far is counted into them whenever they turn out to lie elsewhere.</summary>
    private bool IsAligned(long now)
    {
        if (!_server.IsKnown || 4 * (Int128)Theta(now) >= Clock.Nanoseconds(Length))
        {
            _counts.Clear();
            _countedBy = 0;
            return false;
        }
        if (_countedBy != _server.Version)
        {
            _counts.Clear();
            _countedBy = _server.Version;
            for (var index = 0; index < _log.Count; index++)
                Count(_log.CostAt(index), _log.TimeAt(index));
        }
        return true;
    }

    /// <summary>θ; the guard allows for what clocks drift apart within a window.</summary>
    private long Theta(long at) => _server.SkewAt(at, Clock.Nanoseconds(Length)) + _stated + Guard;

    /// <summary>The first window that a moment of ours may lie in, by the server's clock.</summary>
    private long First(long at) => _windows.IndexOf(at - Theta(at) + _server.Offset);

    private long Last(long at) => _windows.IndexOf(at + Theta(at) + _server.Offset);

    /// <summary>When a window is certainly over.</summary>
    private long EndOf(long window)
    {
        var end = _windows.StartOf(window + 1) - _server.Offset;
        var at = end;
        while (at - Theta(at) < end)
            at = end + Theta(at);
        return at;
    }

    // Counted in every window its arrival may fall into; earlier ones than the present no longer decide anything.
    private void Count(long cost, long late)
    {
        for (var window = First(late); window <= Last(late); window++)
            _counts[window] = _counts.GetValueOrDefault(window) + cost;
    }

    private long MostIn(long at)
    {
        long most = 0;
        for (var window = First(at); window <= Last(at); window++)
            most = Math.Max(most, _counts.GetValueOrDefault(window));
        return most;
    }

    /// <summary>The last of the windows a moment may lie in that has no room for a cost.</summary>
    private long? FullWindow(long at, long cost)
    {
        for (var window = Last(at); window >= First(at); window--)
            if (Unanswered + cost + _counts.GetValueOrDefault(window) > Limit.Amount)
                return window;
        return null;
    }
}
