using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Our own care, not the server's promise: at most so many in flight. Where no limit is known it starts slowly: 16, doubled after
/// every 50 ms of clean answers, to half of them at least; a refusal halves it. Until the first one they are spread over those 50 ms, but where all before were
/// answered: of many that left together a server that allows few would refuse nearly all before it could be heard.
/// </summary>
internal sealed class ConcurrencyCap : OwnState
{
    private const long First = 16;
    private const long Step = 50 * Clock.Millisecond;
    private const string Connections = "connections";

    private long _most;
    private long _cap;

    /// <summary>What whoever watches the latency asks for; the cap grows no further.</summary>
    private long _ceiling;
    private long _cleanSince = Never;

    /// <summary>Clean answers since: two of them say little where a busy machine has not read the refusals behind them yet.</summary>
    private long _clean;

    /// <summary>For a second after a refusal nothing is clean.</summary>
    private long _dirtyUntil = long.MinValue;
    private long _inFlight;

    /// <summary>Those of them that nothing was heard of yet.</summary>
    private long _unheard;

    /// <summary>Ended, but what came of them is not recorded yet: of no concern to the server, but a death would send them again.</summary>
    private long _unrecorded;
    private (long Cap, string Text) _words = (0, "");

    /// <summary>It starts slowly, and nothing was refused yet.</summary>
    private bool _isUntried;

    /// <summary>When the next may go while they are spread, and the time of the last look: a grant is decided at that very moment.</summary>
    private long _next = long.MinValue / 4;
    private long _now = long.MinValue / 4;

    private readonly string _counted;

    /// <param name="most">At most so many.</param>
    /// <param name="slowStart">Whether it begins with 16.</param>
    /// <param name="counted">What users are told that there are so many of.</param>
    public ConcurrencyCap(int most, bool slowStart, string counted = "at once") : base(most) =>
        (_most, _ceiling, _cap, _isUntried, _counted) = (most, most, slowStart ? Math.Min(First, most) : most, slowStart, counted);

    /// <summary>At most so many connections.</summary>
    public static ConcurrencyCap OfConnections(int most) => new(most, slowStart: false, Connections);

    /// <summary>Whether it is one of those.</summary>
    public bool IsOfConnections => _counted == Connections;

    public long Now => _cap;

    public long InFlight => _inFlight;

    public bool IsGrowing => _cap < _ceiling;

    public override string Words => (_words = _words.Cap == _cap ? _words : (_cap, $"at most {_cap} {_counted}")).Text;

    /// <summary>No more than this from now on, 1 at least and the configured most at most; a cap that had its ceiling has the new one at once.</summary>
    public void LimitTo(long ceiling)
    {
        var hadIt = _cap >= _ceiling;
        _ceiling = Math.Clamp(ceiling, 1, _most);
        _cap = hadIt ? _ceiling : Math.Min(_cap, _ceiling);
    }

    /// <summary>Another most from now on: whoever had all of it has all of the new one at once.</summary>
    public void Change(int most)
    {
        var (isUncapped, hadIt) = (_ceiling == _most, _cap >= _ceiling);
        _most = most;
        _ceiling = isUncapped ? most : Math.Min(_ceiling, most);
        _cap = hadIt ? _ceiling : Math.Min(_cap, _ceiling);
    }

    /// <summary>An answer came that speaks neither of limits nor of trouble.</summary>
    public void Clean(long now)
    {
        if (_cap >= _ceiling || now < _dirtyUntil)
            return;
        _clean++;
        if (_cleanSince == Never)
            _cleanSince = now;
        else if (now - _cleanSince >= Step && _clean >= _cap / 2)
            (_cap, _cleanSince, _clean) = (Math.Min(_ceiling, _cap * 2), now, 0);
    }

    /// <summary>The server refused: begin to look for clean answers anew, with half.</summary>
    public void Refused(long now) =>
        (_cap, _cleanSince, _clean, _dirtyUntil, _isUntried) = (Math.Max(1, Math.Min(_cap, Math.Max(First, _inFlight)) / 2), Never, 0, now + Clock.Second, false);

    /// <summary>One that ends now is under way until it is recorded: together with those in flight there are never more than the most.</summary>
    public void Keep() => _unrecorded++;

    /// <summary>One that was kept is recorded, or has nothing to be recorded.</summary>
    public void LetGo() => _unrecorded--;

    public bool HasRoom => Room > 0;

    public override long Available(long now) => IsSpread && _next > now ? 0 : Math.Max(0, Room);

    public override bool FitsAt(long at, long cost, long now, long taken) =>
        taken + cost <= Room && (!IsSpread || (taken == 0 ? _next : Math.Max(now, _next) + taken * Gap) <= at);

    public override long NextCertain => IsSpread ? _next : Never;

    public override void Take(long cost)
    {
        (_inFlight, _unheard) = (_inFlight + cost, _unheard + cost);
        if (IsSpread)
            _next = Math.Max(_now, _next) + cost * Gap;
    }

    public override void Return(long cost) => (_inFlight, _unheard) = (_inFlight - cost, _unheard - cost);

    public override void Answered(long cost, long sent, long now) => _unheard -= cost;

    public override void Lost(long cost, long sent, long now) => _unheard -= cost;

    public override void Ended(long cost, long sent, bool isAborted, long now) => _inFlight -= cost;

    protected override long Earliest(long cost, long now)
    {
        _now = now;
        return Room <= 0 ? Never : IsSpread ? Math.Max(now, _next) : now;
    }

    protected override long EmptyAt => _inFlight + _unrecorded == 0 ? long.MinValue : Never;

    private bool IsSpread => _isUntried && IsGrowing && _unheard > 0;

    private long Gap => Step / _cap;

    private long Room => Math.Min(_cap, _most - _unrecorded) - _inFlight;
}
