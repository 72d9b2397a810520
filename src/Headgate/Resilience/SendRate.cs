using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// How fast we send, smoothed over halves of a second: the latest counts for four fifths. Halves in which nothing was sent say nothing, so
/// that neither our own waiting nor a pause the server asked for looks like a slow server. Pure; owned by the dispatcher's lock.
/// </summary>
internal sealed class SendRate
{
    private const long Slot = Clock.Second / 2;

    private long _slotEnd = long.MinValue;
    private long _count;

    /// <summary>Thousandths of a request in a second; null until half a second was measured.</summary>
    public long? PerSecond { get; private set; }

    public void Sent(long now)
    {
        Advance(now);
        if (_slotEnd == long.MinValue)
            _slotEnd = now + Slot;
        _count++;
    }

    /// <summary>A pause begins: the half second it cuts short is no measure.</summary>
    public void Interrupted() => (_slotEnd, _count) = (long.MinValue, 0);

    /// <summary>The rate now; before half a second was measured what was counted so far, as if it went on.</summary>
    public long At(long now)
    {
        Advance(now);
        return PerSecond ?? _count * 2000;
    }

    private void Advance(long now)
    {
        if (_slotEnd == long.MinValue || now < _slotEnd)
            return;
        var latest = _count * 2000;
        PerSecond = PerSecond is { } before ? (latest * 4 + before) / 5 : latest;
        _count = 0;
        _slotEnd = now - _slotEnd < Slot ? _slotEnd + Slot : long.MinValue;
    }
}
