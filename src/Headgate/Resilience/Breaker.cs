using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.Resilience;

internal enum BreakerPosition : byte
{
    /// <summary>All may go.</summary>
    Closed,

    /// <summary>Nobody goes, until a time.</summary>
    Open,

    /// <summary>A few go, to find out.</summary>
    HalfOpen,
}

/// <summary>
/// Decides whether an API is worth asking. Closed → open after so many failures in a row or, if set, a share of failures among the calls of the
/// last 30 s; open → half-open when its time is over; half-open → closed after so many successes in a row, → open at any failure.
/// Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
/// <remarks>
/// Only what was sent after it last opened tells anything: a late success of before does not close it, nor does a late failure open it anew.
/// A refusal by a limit and a cancellation by the caller are neither success nor failure: nobody tells it of them.
/// </remarks>
internal sealed class Breaker(BreakerConfiguration configured)
{
    /// <summary>The share of failures is not looked at below this: of three calls two failing is no pattern.</summary>
    public const int LeastCalls = 20;

    private OutcomeWindow? _window = WindowFor(configured);
    private BreakerPosition _position;
    private int _failures;
    private int _successes;

    /// <summary>By what it decides; another one holds from the next call on.</summary>
    public BreakerConfiguration Policy
    {
        get;
        set => (field, _window) = (value, field.FailureShare == value.FailureShare ? _window : WindowFor(value));
    } = configured;

    /// <summary>When it last opened; <see cref="long.MinValue"/> if never.</summary>
    public long OpenedAt { get; private set; } = long.MinValue;

    /// <summary>The end of the open time, in monotonic nanoseconds, while it is open.</summary>
    public long OpenUntil { get; private set; }

    /// <summary>How often it opened.</summary>
    public int Opens { get; private set; }

    /// <summary>How many have failed in a row, those by which it opened among them: only a success begins anew.</summary>
    public int Failures => _failures;

    /// <summary>When one failed last, monotonic nanoseconds; null if none did.</summary>
    public long? FailedAt { get; private set; }

    /// <summary>The most probes in flight at once while it is half-open, and how many must succeed in a row to close it.</summary>
    public int Probes => Policy.SuccessThreshold;

    /// <summary>It is closed, nothing has failed since the last success, and successes need not be counted. May be read without the lock.</summary>
    public bool IsSteady => _position == BreakerPosition.Closed && _failures == 0 && _window is null;

    public BreakerPosition PositionAt(long now) => _position == BreakerPosition.Open && now >= OpenUntil ? BreakerPosition.HalfOpen : _position;

    /// <summary>A call went well.</summary>
    /// <param name="sentAt">When its first byte left.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <returns>Whether that closed it: those who wait must be looked at again.</returns>
    public bool Succeeded(long sentAt, long now)
    {
        if (sentAt <= OpenedAt)
            return false;
        _failures = 0;
        _position = PositionAt(now);
        if (_position == BreakerPosition.Closed)
            _window?.Add(isFailure: false, 0, now);
        if (_position != BreakerPosition.HalfOpen || ++_successes < Policy.SuccessThreshold)
            return false;
        _position = BreakerPosition.Closed;
        _window?.Clear();
        return true;
    }

    /// <summary>A call failed.</summary>
    /// <param name="sentAt">When its first byte left; if none did, when it was tried.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <returns>Whether that opened it.</returns>
    public bool Failed(long sentAt, long now)
    {
        FailedAt = now;
        if (sentAt <= OpenedAt)
            return false;
        _position = PositionAt(now);
        if (_position == BreakerPosition.Closed)
            _window?.Add(isFailure: true, 0, now);
        _failures++;
        var opens = _position switch
        {
            BreakerPosition.Closed => _failures >= Policy.FailureThreshold || FailsTooOften(now),
            BreakerPosition.HalfOpen => true,
            _ => false,
        };
        if (!opens)
            return false;
        (_position, OpenedAt, OpenUntil, _successes) = (BreakerPosition.Open, now, now + Clock.Nanoseconds(Policy.RecoveryTimeout), 0);
        Opens++;
        return true;
    }

    private bool FailsTooOften(long now) =>
        Policy.FailureShare is { } share && _window!.Sum(now) is var sum && sum.Calls >= LeastCalls && sum.Failures * 10_000 >= sum.Calls * share.BasisPoints;

    private static OutcomeWindow? WindowFor(BreakerConfiguration policy) => policy.FailureShare is null ? null : new OutcomeWindow(30 * Clock.Second);
}
