using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// What the server asked for: nobody goes before a stated time, and afterwards the queue is let go over min(P, 1 s) at the allowed
/// rate, never as a herd. A new hold never shortens an older one.
/// </summary>
internal sealed class HoldState(ArrivalTerms terms, WallTime ours) : OwnState(AnyNumber, terms, ours)
{
    private static readonly Limit AnyNumber = new() { Amount = 1, Algorithm = LimitAlgorithm.Concurrent };

    private long _until = long.MinValue;
    private long _rampEnd = long.MinValue;
    private long _gap;
    private long _next;

    /// <summary>Who asked for a pause that ends only when it is ended; null for nobody.</summary>
    public string? PausedBy { get; set; }

    /// <summary>Its limits are being changed, which takes a moment.</summary>
    public bool IsChanging { get; set; }

    /// <summary>The end of the hold, if there is one now.</summary>
    public long? Until(long now) => _until > now ? _until : null;

    /// <summary>Holds everybody until a time; afterwards they go <paramref name="gap"/> apart for <paramref name="ramp"/>, both in nanoseconds.</summary>
    public void Set(long until, long gap, long ramp)
    {
        if (until <= _until)
            return;
        (_until, _next, _gap, _rampEnd) = (until, until, gap, Later(until, ramp));
    }

    public override string Words => PausedBy is not null ? "a pause by hand" : IsChanging ? "a change of its limits" : "a pause the server asked for";

    public void Lift() => (_until, _rampEnd) = (long.MinValue, long.MinValue);

    public override long Available(long now) => FreeAt(1, now) <= now ? 1 : 0;

    public override bool FitsAt(long at, long cost, long now, long taken) => !IsClosed && (at >= _rampEnd || at >= Math.Max(now, _next) + (taken > 0 ? _gap : 0));

    public override long NextCertain => _rampEnd;

    protected override long Earliest(long cost, long now) => IsClosed ? Never : now < _until ? _until : now < _rampEnd ? Math.Min(Math.Max(now, _next), _rampEnd) : now;

    /// <summary>A grant, during the ramp, moves the next one.</summary>
    public void Granted(long now)
    {
        if (now < _rampEnd)
            _next = Math.Max(now, _next) + _gap;
    }

    protected override long EmptyAt => _rampEnd;

    private bool IsClosed => PausedBy is not null || IsChanging;
}
