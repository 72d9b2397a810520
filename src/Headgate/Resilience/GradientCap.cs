using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Finds how many requests in flight an API takes without queueing them: as many as there are while an answer takes no longer than it takes when
/// few are in flight, and half the square root of that as headroom. Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
/// <remarks>
/// A window of answers gives the short average; the long one is what answers take when nothing queues, and is measured only while we hold
/// ourselves back on purpose: at the start, and every 30 s at half the cap. Were every window to feed it, as in other gradient limits, it would
/// grow with the very load it is to measure, and the cap with it. Answers of attempts that were refused, cancelled, or sent before
/// the window began are no samples; the time before the first byte is none either.
/// This is control, not a promise: it may reckon in floating point, and what it says is a whole number.
/// </remarks>
/// <param name="ceiling">The most it ever says; at least 1.</param>
internal sealed class GradientCap(int ceiling)
{
    /// <summary>In flight while the first long average is measured.</summary>
    private const int First = 4;

    private const int LeastSamples = 10;
    private const long LeastWindow = 100 * Clock.Millisecond;
    private const long BetweenProbes = 30 * Clock.Second;

    /// <summary>How much of a new cap a window brings about; and the most of the cap that one window takes away.</summary>
    private const double Smoothing = 0.2;
    private const double LeastGradient = 0.5;

    private double _cap = Math.Min(First, ceiling);
    private double _long;
    private bool _isProbing = true;
    private long _windowSince = long.MinValue;
    private long _probeAt = long.MinValue;
    private (long Count, double Sum, int MostInFlight) _window;

    /// <summary>The cap, 1 to the ceiling.</summary>
    public int Now => (int)Math.Clamp(_isProbing ? ProbeCap : _cap, 1, ceiling);

    /// <summary>What an answer takes where nothing queues, in nanoseconds; 0 until it was measured.</summary>
    public long Unloaded => (long)_long;

    private double ProbeCap => _long == 0 ? _cap : _cap / 2;

    /// <summary>An answer came that speaks neither of limits nor of trouble.</summary>
    /// <param name="sentAt">When its request's first byte left.</param>
    /// <param name="inFlight">How many were in flight when it came, itself included.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <returns>Whether the cap is another one now.</returns>
    public bool Answered(long sentAt, int inFlight, long now)
    {
        if (_windowSince == long.MinValue)
            Begin(sentAt - 1);
        if (sentAt <= _windowSince)
            return false;
        _window = (_window.Count + 1, _window.Sum + (now - sentAt), Math.Max(_window.MostInFlight, inFlight));
        if (_window.Count < LeastSamples || now - _windowSince < LeastWindow)
            return false;
        var before = Now;
        if (_isProbing)
            EndProbe(now);
        else
            Adjust(now);
        return Now != before;
    }

    /// <summary>An attempt ran into its timeout: there is no latency to learn from, and it is too much at once. Counted once for all that left before it was.</summary>
    /// <returns>Whether the cap is another one now.</returns>
    public bool TimedOut(long sentAt, long now)
    {
        // What left before the last step met another cap. Not until answers come: there may be none, and then it must go on falling.
        if (sentAt <= _windowSince)
            return false;
        var before = Now;
        _cap = Math.Max(1, _cap * 0.9);
        Begin(now);
        return Now != before;
    }

    private void EndProbe(long now)
    {
        _long = _window.Sum / _window.Count;
        (_isProbing, _probeAt) = (false, now + BetweenProbes);
        Begin(now);
    }

    private void Adjust(long now)
    {
        var mean = _window.Sum / _window.Count;
        var gradient = Math.Clamp(_long / mean, LeastGradient, 1);
        // Fewer in flight than half of what is allowed: the latency says nothing about more.
        if (_window.MostInFlight >= _cap / 2 || gradient < 1)
            _cap = Math.Clamp(_cap + Smoothing * (_cap * gradient + Math.Sqrt(_cap) / 2 - _cap), 1, ceiling);
        _isProbing = now >= _probeAt;
        Begin(now);
    }

    // Only what leaves from now on is of this window: what left before met another cap.
    private void Begin(long now) => (_windowSince, _window) = (now, default);
}
