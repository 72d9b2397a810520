namespace Headgate.App.Simulator.Models;

/// <summary>
/// At least P/N apart, as nginx limit_req without burst. What cost c asks for c gaps after it. Compared as gap × N against P × c: nothing is rounded.
/// </summary>
internal sealed class SpacedModel(long amount, long period) : ServerModel
{
    private bool _any;
    private long _last;
    private long _lastCost;
    private double? _smallest;

    public override string Name => "spaced";

    public override double Allowed => (double)period / amount / TimeSpan.TicksPerMillisecond;

    public override double? Worst => _smallest;

    /// <summary>A smallest gap of nothing would be an infinite share: a gap below 100 ns counts as 100 ns.</summary>
    public override double WorstPercent => _smallest is { } gap ? 100 * Allowed / Math.Max(gap, 1.0 / TimeSpan.TicksPerMillisecond) : 0;

    public override long Room => 1;

    public override long Wait(long now, long cost) => FreeIn(now);

    public override void Add(long now, long cost)
    {
        if (_any)
        {
            var gap = (double)(now - _last) / _lastCost / TimeSpan.TicksPerMillisecond;
            _smallest = _smallest is { } smallest ? Math.Min(smallest, gap) : gap;
        }
        (_any, _last, _lastCost) = (true, now, cost);
    }

    public override long Used(long now) => FreeIn(now) > 0 ? 1 : 0;

    public override long FreeIn(long now) =>
        _any ? Math.Max(0, Ceiling((Int128)_lastCost * period, amount) - (now - _last)) : 0;
}
