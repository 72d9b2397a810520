using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Our own care, not the server's promise: at most so many in flight. Where no limit is known it starts slowly: 16, doubled after
/// every 50 ms of clean answers; a refusal halves it.
/// </summary>
internal sealed class ConcurrencyCap : LimitState
{
    private const long First = 16;
    private const long Step = 50 * Clock.Millisecond;

    private readonly long _most;
    private long _cap;
    private long _cleanSince = Never;

    /// <summary>For a second after a refusal nothing is clean.</summary>
    private long _dirtyUntil = long.MinValue;
    private long _inFlight;

    /// <param name="most">At most so many.</param>
    /// <param name="slowStart">Whether it begins with 16.</param>
    /// <param name="counted">What users are told that there are so many of.</param>
    public ConcurrencyCap(int most, bool slowStart, string counted = "at once") : base(new Limit { Amount = most, Algorithm = LimitAlgorithm.Concurrent }, ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true)) =>
        (_most, _cap, Counted) = (most, slowStart ? Math.Min(First, most) : most, counted);

    /// <summary>What there are at most so many of, in the words of "at most 50 at once".</summary>
    public string Counted { get; }

    public long Now => _cap;

    public bool IsGrowing => _cap < _most;

    /// <summary>An answer came that speaks neither of limits nor of trouble.</summary>
    public void Clean(long now)
    {
        if (_cap >= _most || now < _dirtyUntil)
            return;
        if (_cleanSince == Never)
            _cleanSince = now;
        else if (now - _cleanSince >= Step)
            (_cap, _cleanSince) = (Math.Min(_most, _cap * 2), now);
    }

    /// <summary>The server refused: begin to look for clean answers anew, with half.</summary>
    public void Refused(long now) => (_cap, _cleanSince, _dirtyUntil) = (Math.Max(1, Math.Min(_cap, Math.Max(First, _inFlight)) / 2), Never, now + Clock.Second);

    public override long Available(long now) => Math.Max(0, _cap - _inFlight);

    public override bool FitsAt(long at, long cost, long now, long taken) => _inFlight + taken + cost <= _cap;

    public override bool CountsAttempts => true;

    public override long ServiceTime(long cost) => 0;

    public override void Sent(long cost, long sent) { }

    public override void Answered(long cost, long sent, long now) { }

    public override void Lost(long cost, long sent, long now) { }

    public override void Settle(long declared, long actual, long now) { }

    public override void Forfeit(long declared, long now) { }

    public override void Restore(long cost, long late, long now) { }

    public override void Take(long cost) => _inFlight += cost;

    public override void Return(long cost) => _inFlight -= cost;

    public override void Ended(long cost, bool isAborted, long now) => _inFlight -= cost;

    protected override long Earliest(long cost, long now) => _inFlight < _cap ? now : Never;

    protected override void Charge(long cost, long late) { }

    protected override void Release(long now) { }

    protected override long EmptyAt => _inFlight == 0 ? long.MinValue : Never;

    protected override IEnumerable<(long Late, long Cost)> Recall(long since, long now) => [];

    protected override long Reach => 0;
}
