using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// A breaker as something that holds a gate: nobody goes while it is open, and half-open as many probes at once as it needs to close. A probe
/// holds its place from the grant until its end, its loss, or its return: only then is it judged.
/// </summary>
internal sealed class BreakerState(Breaker breaker) : OwnState(breaker.Probes)
{
    /// <summary>When those left that were sent since it opened and are not answered: which of them holds a place is known by that.</summary>
    private readonly List<long> _probes = [];

    /// <summary>Granted and not sent, whenever that was.</summary>
    private long _granted;

    public Breaker Breaker => breaker;

    public override string Words => "its breaker, which is open";

    public override bool HoldsUntilSettled => true;

    public override long NextCertain => breaker.PositionAt(long.MinValue) == BreakerPosition.Open ? breaker.OpenUntil : Never;

    /// <summary>As <see cref="Breaker.Succeeded"/>.</summary>
    public bool Succeeded(long sentAt, long now)
    {
        if (!breaker.Succeeded(sentAt, now))
            return false;
        _probes.Clear();
        return true;
    }

    /// <summary>As <see cref="Breaker.Failed"/>.</summary>
    public bool Failed(long sentAt, long now)
    {
        if (!breaker.Failed(sentAt, now))
            return false;
        // What is under way now is of before: it tells nothing, and holds no place.
        _probes.Clear();
        return true;
    }

    public override long Available(long now) => breaker.PositionAt(now) switch
    {
        BreakerPosition.Closed => breaker.Probes,
        BreakerPosition.HalfOpen => Math.Max(0, breaker.Probes - _granted - _probes.Count),
        _ => 0,
    };

    public override bool FitsAt(long at, long cost, long now, long taken) => breaker.PositionAt(at) switch
    {
        BreakerPosition.Closed => true,
        BreakerPosition.HalfOpen => _granted + _probes.Count + taken + cost <= breaker.Probes,
        _ => false,
    };

    public override void Take(long cost) => _granted += cost;

    public override void Return(long cost) => _granted -= cost;

    public override void Sent(long cost, long sent)
    {
        _granted -= cost;
        if (breaker.PositionAt(sent) != BreakerPosition.Closed && sent > breaker.OpenedAt)
            _probes.Add(sent);
    }

    public override void Ended(long cost, long sent, bool isAborted, long now) => _probes.Remove(sent);

    public override void Lost(long cost, long sent, long now) => _probes.Remove(sent);

    protected override long Earliest(long cost, long now) => breaker.PositionAt(now) switch
    {
        BreakerPosition.Closed => now,
        BreakerPosition.Open => breaker.OpenUntil,
        _ => _granted + _probes.Count + cost <= breaker.Probes ? now : Never,
    };

    protected override long EmptyAt => breaker.PositionAt(long.MinValue) == BreakerPosition.Closed && _granted == 0 ? long.MinValue : Never;
}
