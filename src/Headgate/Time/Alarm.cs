
namespace Headgate.Time;

/// <summary>Calls back at an absolute time of the monotonic clock, or a little later, or (timers do that) a little earlier: the one called looks at the clock.</summary>
internal abstract class Alarm : IDisposable
{
    /// <summary>The best alarm for a clock: one precise thread per process where the system has it, else a timer of the provider.</summary>
    public static Alarm Create(Clock clock, Action callback) =>
        ReferenceEquals(clock.Provider, TimeProvider.System) && OperatingSystem.IsLinux()
            ? new ThreadAlarm(callback)
            : new TimerAlarm(clock, callback);

    /// <summary>Sets the next time, replacing the one before; <see cref="Clock.Never"/> for none. Thread-safe.</summary>
    public abstract void Set(long at);

    public abstract void Dispose();
}

/// <summary>An alarm by the timers of a <see cref="TimeProvider"/>: virtual time, and systems without a precise sleep.</summary>
internal sealed class TimerAlarm : Alarm
{
    private readonly Clock _clock;
    private readonly ITimer _timer;

    public TimerAlarm(Clock clock, Action callback)
    {
        _clock = clock;
        _timer = clock.Provider.CreateTimer(static state => ((Action)state!)(), callback, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override void Set(long at) => _timer.Change(at == Clock.Never ? Timeout.InfiniteTimeSpan : Delay(at - _clock.Now), Timeout.InfiniteTimeSpan);

    public override void Dispose() => _timer.Dispose();

    // Timers of the runtime refuse more than about 49 days; the one called looks at the clock and sets it again.
    private static TimeSpan Delay(long nanoseconds) => Clock.Span(Math.Min(nanoseconds, 30L * 24 * 3600 * Clock.Second));
}
