namespace Headgate.Tests.Simulator;

/// <summary>A clock that moves when told. Timers are not needed here.</summary>
internal sealed class ManualClock(string start = "2026-03-27T12:00:00Z") : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.Parse(start, null);
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan time) => _elapsed += time;

    public override DateTimeOffset GetUtcNow() => _start + _elapsed;

    public override long GetTimestamp() => _elapsed.Ticks;
}
