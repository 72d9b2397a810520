namespace Headgate.App.Simulator.Models;

/// <summary>
/// The two-window counter of many gateways. Windows are aligned to the epoch; the estimate is what came in this one, plus what came in
/// the last one weighted with the part of it that a window ending now would still cover. Counts are times P, so that nothing is rounded.
/// </summary>
internal sealed class CounterModel(long amount, long period) : AmountModel(amount)
{
    private long _window = long.MinValue;
    private long _previous;
    private long _current;
    private Int128 _worst;

    public override string Name => "two-window counter";

    public override double? Worst => _worst == 0 ? null : (double)_worst / period;

    public override long Wait(long now, long cost)
    {
        Enter(now);
        if (cost > Amount)
            return Never;
        if (Estimate(now) + (Int128)cost * period <= (Int128)Amount * period)
            return 0;
        var toNext = (_window + 1) * period - now;
        return _current + cost <= Amount
            ? ElapsedUntil(_previous, Amount - _current - cost) - (now - _window * period)
            : toNext + ElapsedUntil(_current, Amount - cost);
    }

    public override void Add(long now, long cost)
    {
        Enter(now);
        _current += cost;
        _worst = Int128.Max(_worst, Estimate(now));
    }

    public override long Used(long now)
    {
        Enter(now);
        return Ceiling(Estimate(now), period);
    }

    public override long FreeIn(long now)
    {
        Enter(now);
        var toNext = (_window + 1) * period - now;
        return _current > 0 ? toNext + period : _previous > 0 ? toNext : 0;
    }

    /// <summary>How far into a window the weighted count of the one before is down to <paramref name="left"/>.</summary>
    private long ElapsedUntil(long previous, long left) => previous <= left ? 0 : Ceiling((Int128)(previous - left) * period, previous);

    private Int128 Estimate(long now) => (Int128)_previous * ((_window + 1) * period - now) + (Int128)_current * period;

    private void Enter(long now)
    {
        var window = now / period;
        if (window == _window)
            return;
        (_previous, _current) = (window == _window + 1 ? _current : 0, 0);
        _window = window;
    }
}
