namespace Headgate.App.Simulator;

/// <summary>
/// The server's clock: monotonic, and placed at the wall time of its start, so that one number serves windows of any kind.
/// A later step of the machine's wall clock is not followed.
/// </summary>
internal sealed class SimulatorClock(TimeProvider time)
{
    private readonly long _origin = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
    private readonly long _start = time.GetTimestamp();

    /// <summary>Ticks of 100 ns since the Unix epoch; never goes back.</summary>
    public long Now => _origin + time.GetElapsedTime(_start).Ticks;

    public static DateTimeOffset ToUtc(long now) => DateTimeOffset.UnixEpoch.AddTicks(now);

    /// <summary>Microseconds of the machine's monotonic clock, which other processes on it can compare with their own.</summary>
    public long ToMonotonicMicroseconds(long now) =>
        (long)((Int128)_start * 1_000_000 / time.TimestampFrequency) + (now - _origin) / TimeSpan.TicksPerMicrosecond;
}
