namespace Headgate.Time;

/// <summary>The monotonic clock of the engine: nanoseconds since an arbitrary start, from a <see cref="TimeProvider"/>. Thread-safe.</summary>
internal sealed class Clock(TimeProvider time)
{
    /// <summary>No time: later than any.</summary>
    public const long Never = long.MaxValue;

    /// <summary>More than this no timer of the runtime takes: 24 days of its 24.8.</summary>
    public static readonly TimeSpan LongestTimer = TimeSpan.FromDays(24);

    public const long Microsecond = 1_000;
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;

    private readonly bool _isNanoseconds = time.TimestampFrequency == Second;
    private readonly long _frequency = time.TimestampFrequency;

    public TimeProvider Provider => time;

    /// <summary>Now, in monotonic nanoseconds. On Linux this is CLOCK_MONOTONIC, comparable between the processes of one boot.</summary>
    public long Now
    {
        get
        {
            var stamp = time.GetTimestamp();
            return _isNanoseconds ? stamp : (long)((Int128)stamp * Second / _frequency);
        }
    }

    /// <summary>The wall clock in nanoseconds since the Unix epoch.</summary>
    public long UnixNow => Nanoseconds(time.GetUtcNow() - DateTimeOffset.UnixEpoch);

    /// <summary>Waits until a time, and never less.</summary>
    /// <param name="until">The time, monotonic nanoseconds.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async ValueTask DelayUntilAsync(long until, CancellationToken cancellation)
    {
        for (var wait = until - Now; wait > 0; wait = until - Now)
            // Timers cut to whole milliseconds: less than one would be no wait at all, again and again.
            await Task.Delay(Span(Math.Clamp(wait, Millisecond, 24L * 3600 * Second)), time, cancellation).ConfigureAwait(false);
    }

    public static long Nanoseconds(TimeSpan span) => span.Ticks >= long.MaxValue / 100 ? long.MaxValue : span.Ticks * 100;

    /// <summary>Rounded up to the next tick of 100 ns, so that nothing waits too short.</summary>
    public static TimeSpan Span(long nanoseconds) => new(nanoseconds <= 0 ? 0 : (nanoseconds - 1) / 100 + 1);
}
