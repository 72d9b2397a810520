namespace Headgate.App.Simulator.Models;

/// <summary>
/// A window made of K segments: the segment of now and the K whole ones before it count. What was counted is forgotten only with its whole
/// segment, so the window is in truth between P and P + P/K long, and a client that trusts in exactly P is refused.
/// </summary>
internal sealed class SegmentModel(long amount, long period, int segments) : ServerModel
{
    private readonly long[] _counts = new long[segments + 1];
    private long _segment = long.MinValue;
    private long _total;
    private long _worst;

    public override string Name => $"{segments} segments";

    public override double Allowed => amount;

    public override double? Worst => _worst == 0 ? null : _worst;

    public override long Room => amount;

    public override long Wait(long now, long cost)
    {
        Enter(now);
        if (cost > amount)
            return Never;
        var over = _total + cost - amount;
        if (over <= 0)
            return 0;
        var oldest = _segment - segments;
        while ((over -= CountOf(oldest)) > 0)
            oldest++;
        return ForgottenAt(oldest) - now;
    }

    public override void Add(long now, long cost)
    {
        Enter(now);
        _counts[Slot(_segment)] += cost;
        _total += cost;
        _worst = Math.Max(_worst, _total);
    }

    public override long Used(long now)
    {
        Enter(now);
        return _total;
    }

    public override long FreeIn(long now)
    {
        Enter(now);
        for (var newest = _segment; newest >= _segment - segments; newest--)
            if (CountOf(newest) > 0)
                return ForgottenAt(newest) - now;
        return 0;
    }

    private int Slot(long segment) => (int)(segment % _counts.Length);

    private long CountOf(long segment) => _counts[Slot(segment)];

    private long ForgottenAt(long segment) => Ceiling((Int128)(segment + segments + 1) * period, segments);

    private void Enter(long now)
    {
        var segment = (long)((Int128)now * segments / period);
        if (segment == _segment)
            return;
        if (_segment == long.MinValue || segment - _segment > segments)
        {
            Array.Clear(_counts);
            _total = 0;
        }
        else
        {
            // The slot of each segment entered is that of the one which leaves the window.
            for (var entered = _segment + 1; entered <= segment; entered++)
            {
                _total -= CountOf(entered);
                _counts[Slot(entered)] = 0;
            }
        }
        _segment = segment;
    }
}
