namespace Headgate.App.Simulator.Models;

/// <summary>At most N in each of the windows that divide all time: aligned to the epoch, or the days, weeks or months of a zone.</summary>
internal sealed class FixedModel(long amount, WindowGrid grid) : AmountModel(amount)
{
    private long _end = long.MinValue;
    private long _count;
    private long _worst;

    public override string Name => "fixed";

    public override double? Worst => _worst == 0 ? null : _worst;

    public override long Wait(long now, long cost)
    {
        Enter(now);
        if (cost > Amount)
            return Never;
        return _count + cost <= Amount ? 0 : _end - now;
    }

    public override void Add(long now, long cost)
    {
        Enter(now);
        _count += cost;
        _worst = Math.Max(_worst, _count);
    }

    public override long Used(long now)
    {
        Enter(now);
        return _count;
    }

    public override long FreeIn(long now)
    {
        Enter(now);
        return _end - now;
    }

    private void Enter(long now)
    {
        if (now < _end)
            return;
        _end = grid.EndOfWindow(now);
        _count = 0;
    }
}
