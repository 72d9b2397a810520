namespace Headgate.App.Simulator.Models;

/// <summary>
/// At most N in any window of length P, wherever it begins: an exact log of what was counted. A window is half open, (t − P, t]:
/// what came exactly P ago no longer counts.
/// </summary>
internal sealed class SlidingModel(long amount, long period) : AmountModel(amount)
{
    private readonly CostLog _log = new(period);
    private long _worst;

    public override string Name => "sliding";

    public override double? Worst => _worst == 0 ? null : _worst;

    public override long Wait(long now, long cost)
    {
        _log.DropUntil(now - period);
        if (cost > Amount)
            return Never;
        var over = _log.Total + cost - Amount;
        for (var i = 0; over > 0; i++)
        {
            over -= _log[i].Cost;
            if (over <= 0)
                return _log[i].Time + period - now;
        }
        return 0;
    }

    public override void Add(long now, long cost)
    {
        _log.DropUntil(now - period);
        _log.Add(now, cost);
        _worst = Math.Max(_worst, _log.Total);
    }

    public override long Used(long now)
    {
        _log.DropUntil(now - period);
        return _log.Total;
    }

    public override long FreeIn(long now)
    {
        _log.DropUntil(now - period);
        return _log.Count == 0 ? 0 : _log[_log.Count - 1].Time + period - now;
    }
}
