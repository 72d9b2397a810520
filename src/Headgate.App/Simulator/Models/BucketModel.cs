namespace Headgate.App.Simulator.Models;

/// <summary>
/// A token bucket, leaky bucket or GCRA: room for B, drained at N per P. The level is kept in units times P, so that nothing is ever rounded.
/// </summary>
internal sealed class BucketModel(long room, long amount, long period) : ServerModel
{
    private long _room = room;
    private long _amount = amount;
    private Int128 _level;
    private Int128 _worst;
    private long _at;

    public override string Name => $"bucket of {_room}";

    public override double Allowed => _room;

    public override double? Worst => _worst == 0 ? null : (double)_worst / period;

    public override long Room => _room;

    public override bool Change(Headgate.Limits.Limit to, long now)
    {
        Drain(now);
        (_room, _amount) = (to.Burst > 0 ? to.Burst : _room, to.Amount);
        return true;
    }

    public override long Wait(long now, long cost)
    {
        Drain(now);
        if (cost > _room)
            return Never;
        var over = _level + (Int128)cost * period - (Int128)_room * period;
        return over <= 0 ? 0 : Ceiling(over, _amount);
    }

    public override void Add(long now, long cost)
    {
        Drain(now);
        _level += (Int128)cost * period;
        _worst = Int128.Max(_worst, _level);
    }

    public override long Used(long now)
    {
        Drain(now);
        return Ceiling(_level, period);
    }

    public override long FreeIn(long now)
    {
        Drain(now);
        return Ceiling(_level, _amount);
    }

    private void Drain(long now)
    {
        var level = _level - (Int128)_amount * (now - _at);
        (_level, _at) = (Int128.Max(level, 0), now);
    }
}
