namespace Headgate.App.Simulator.Models;

/// <summary>At most N in flight at once.</summary>
internal sealed class ConcurrentModel(long amount) : ServerModel
{
    private long _inFlight;
    private long _worst;

    public override string Name => "concurrent";

    public override double Allowed => amount;

    public override double? Worst => _worst == 0 ? null : _worst;

    public override long Room => amount;

    /// <summary>Nobody knows when a place gets free: a second is what such servers say.</summary>
    public override long Wait(long now, long cost) =>
        cost > amount ? Never : _inFlight + cost <= amount ? 0 : TimeSpan.TicksPerSecond;

    public override void Add(long now, long cost)
    {
        _inFlight += cost;
        _worst = Math.Max(_worst, _inFlight);
    }

    public override void End(long cost) => _inFlight -= cost;

    public override long Used(long now) => _inFlight;

    public override long FreeIn(long now) => _inFlight == 0 ? 0 : TimeSpan.TicksPerSecond;
}
