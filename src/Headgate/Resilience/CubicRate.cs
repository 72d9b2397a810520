using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Finds the rate of an API that refuses and says nothing else. Each refusal lowers it; between refusals it rises as CUBIC does (RFC 9438): fast
/// at first, slowly near the rate that was refused, then faster in search of a higher one. With the constants of the adaptive mode of the AWS SDKs.
/// Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
/// <remarks>
/// Until a refusal shows where the limit is, each one halves the rate: the first may come at many times the limit. What was sent before the rate
/// was last lowered tells nothing by being refused. It never rises above twice the rate measured, nor does it fall because we send less.
/// Since a refusal costs all a pause, a limit met twice at about the same rate is tried less often: it rests at 95 % of that for 2 s before it
/// goes on, for 4 s after that, and so on up to 32 s.
/// </remarks>
/// <param name="ceiling">The rate that is never exceeded, in thousandths of a request in a second; none by default.</param>
internal sealed class CubicRate(long ceiling = long.MaxValue)
{
    /// <summary>What is never gone below: a request in two seconds.</summary>
    public const long Floor = 500;

    /// <summary>The part of the rate that is left by a refusal, and the speed of the rise in requests a second for each cubed second.</summary>
    private const double Beta = 0.7;
    private const double C = 0.4;

    /// <summary>So long without a refusal, and the limit has been found from below.</summary>
    private const long Clean = 2 * Clock.Second;

    private const double Rest = 0.95;
    private const long FirstRest = 2 * Clock.Second;
    private const long LongestRest = 32 * Clock.Second;

    private readonly SendRate _measured = new();
    private long _loweredAt = long.MinValue;

    /// <summary>From when on the rise counts: the end of the pause that the refusal meant.</summary>
    private long _risesFrom;

    /// <summary>The rate it rises to before it rests, in requests a second; how many seconds that takes, and for how long it rests.</summary>
    private double _most;
    private double _plateau;
    private long _rest = FirstRest;
    private long _refused;
    private bool _wasFound;

    /// <summary>The rate now, in thousandths of a request in a second; null until something was refused.</summary>
    public long? Rate { get; private set; }

    /// <summary>How often it was lowered.</summary>
    public int Refusals { get; private set; }

    public void Sent(long now) => _measured.Sent(now);

    /// <summary>An attempt was refused by a limit, without a word on when or how much.</summary>
    /// <param name="sentAt">When it left.</param>
    /// <param name="resumesAt">The end of the pause that follows, in which nobody is sent; now, if there is none.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <returns>Whether the rate is lower now.</returns>
    public bool Refused(long sentAt, long resumesAt, long now)
    {
        if (sentAt <= _loweredAt)
            return false;
        var measured = Math.Max(Floor, _measured.At(now));
        var refused = Rate is { } rate ? Math.Min(rate, measured) : measured;
        _wasFound |= Rate is not null && now - _risesFrom >= Clean;
        var isSame = Math.Abs(refused - _refused) * 7 < _refused;
        _rest = isSame ? Math.Min(LongestRest, _rest * 2) : FirstRest;
        (_refused, Refusals, _loweredAt, _risesFrom) = (refused, Refusals + 1, now, Math.Max(now, resumesAt));
        var left = _wasFound ? Beta : 0.5;
        _most = refused * Rest / 1000;
        _plateau = Math.Cbrt(_most * (1 - left / Rest) / C);
        _measured.Interrupted();
        Rate = Within((long)(refused * left));
        return true;
    }

    /// <summary>Time has passed, or an answer came: the rate rises.</summary>
    /// <returns>Whether it is another one now.</returns>
    public bool Rise(long now)
    {
        if (Rate is not { } rate || now <= _risesFrom)
            return false;
        var seconds = (now - _risesFrom) / (double)Clock.Second;
        if (seconds > _plateau)
            seconds = Math.Max(_plateau, seconds - _rest / (double)Clock.Second);
        var cubic = C * Math.Pow(seconds - _plateau, 3) + _most;
        // The measure limits the rise alone: who has little to send does not thereby make the server slow.
        var most = Math.Max(rate, 2 * _measured.At(now));
        var next = Within(Math.Min((long)Math.Min(cubic * 1000, long.MaxValue / 4), most));
        if (next <= rate)
            return false;
        Rate = next;
        return true;
    }

    private long Within(long rate) => Math.Clamp(rate, Math.Min(Floor, ceiling), ceiling);
}
