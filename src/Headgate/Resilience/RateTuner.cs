using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Lowers the rate when an API does badly and raises it when all is well, by two rules side by side, of which the first does not raise what the
/// second finds too slow. Over at least 10 calls: fewer than 80 % well,
/// 0.8 of the rate; more than 95 % and our own wait below 10 ms, 1.1. Each 60 s: more than 10 % failed, 0.8 of it; else a mean latency above 5 s, 0.9;
/// else fewer than 1 % failed and a latency below 1 s, 1.1. Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
/// <remarks>
/// Refusals by a limit belong to whoever follows the limit, and a call the caller cancelled to nobody: neither is told here.
/// Our own wait is how late we were ourselves, once it was free to go: whoever cannot keep up with a rate needs no higher one.
/// </remarks>
/// <param name="ceiling">The configured rate, in thousandths of a request in a second; null where there is none.</param>
internal sealed class RateTuner(long? ceiling = null)
{
    /// <summary>What is never gone below: a request in a second.</summary>
    public const long Floor = 1_000;

    public const int LeastCalls = 10;

    private const long Minute = 60 * Clock.Second;
    private const long Slow = 5 * Clock.Second;
    private const long ShortWait = 10 * Clock.Millisecond;

    private readonly SendRate _measured = new();
    private readonly OutcomeWindow _minute = new(Minute);
    private Tally _recent;
    private long _recentWait;
    private long _recentSince = long.MinValue;
    private long _minuteEnd = long.MinValue;

    /// <summary>The rate in thousandths of a request in a second; null while nothing is held back.</summary>
    public long? Rate { get; private set; }

    public void Sent(long now) => _measured.Sent(now);

    /// <summary>A call ended.</summary>
    /// <param name="isFailure">Whether it failed: network, timeout or 5xx.</param>
    /// <param name="latency">From its first byte to its status line, in nanoseconds.</param>
    /// <param name="wait">From its grant to its first byte, in nanoseconds; not what a limit or a pace held it.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <returns>Whether the rate is another one now.</returns>
    public bool Ended(bool isFailure, long latency, long wait, long now)
    {
        if (_minuteEnd == long.MinValue)
            (_minuteEnd, _recentSince) = (now + Minute, now);
        _minute.Add(isFailure, latency, now);
        _recent = new Tally(_recent.Calls + 1, _recent.Failures + (isFailure ? 1 : 0), _recent.Latency + latency);
        _recentWait += wait;
        var before = Rate;
        if (_recent.Calls >= LeastCalls && now - _recentSince >= Clock.Second)
            JudgeRecent(now);
        if (now >= _minuteEnd)
            JudgeMinute(now);
        return Rate != before;
    }

    private void JudgeRecent(long now)
    {
        if (_recent.FailsAbove(200))
            Lower(800, now);
        else if (_recent.FailsBelow(50) && _recentWait / _recent.Calls < ShortWait && _recent.MeanLatency <= Slow)
            Raise(now);
        (_recent, _recentWait, _recentSince) = (default, 0, now);
    }

    private void JudgeMinute(long now)
    {
        var sum = _minute.Sum(now);
        _minuteEnd = now + Minute;
        if (sum.Calls < LeastCalls)
            return;
        if (sum.FailsAbove(100))
            Lower(800, now);
        else if (sum.MeanLatency > Slow)
            Lower(900, now);
        else if (sum.FailsBelow(10) && sum.MeanLatency < Clock.Second)
            Raise(now);
    }

    private void Lower(int perMille, long now)
    {
        var from = Rate ?? Math.Min(ceiling ?? long.MaxValue, _measured.At(now));
        Rate = Math.Max(Math.Min(Floor, ceiling ?? Floor), from / 1000 * perMille + from % 1000 * perMille / 1000);
    }

    // At the ceiling the limit itself holds; without one, at twice of what is sent, nothing is held back any more.
    private void Raise(long now)
    {
        if (Rate is not { } rate)
            return;
        var raised = rate + rate / 10 + 1;
        Rate = raised >= (ceiling ?? 2 * _measured.At(now)) ? null : raised;
    }
}
