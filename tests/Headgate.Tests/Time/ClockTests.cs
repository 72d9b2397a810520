using Headgate.Time;

namespace Headgate.Tests.Time;

public sealed class ClockTests
{
    [Fact]
    public void It_reads_nanoseconds_of_both_clocks()
    {
        var time = new VirtualTime(DateTimeOffset.UnixEpoch.AddDays(1));
        var clock = new Clock(time);
        time.Advance(TimeSpan.FromTicks(3));
        Assert.Equal((300, 86_400 * Clock.Second + 300), (clock.Now, clock.UnixNow));
    }

    [Fact]
    public void It_scales_a_coarser_clock()
    {
        Assert.Equal(12_345_600, new Clock(new TickClock()).Now);
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(100, 1)]
    [InlineData(101, 2)]
    public void A_span_is_rounded_up_so_that_nothing_waits_too_short(long nanoseconds, long ticks) => Assert.Equal(ticks, Clock.Span(nanoseconds).Ticks);

    [Fact]
    public void The_longest_span_is_the_longest_number() => Assert.Equal(long.MaxValue, Clock.Nanoseconds(TimeSpan.MaxValue));

    private sealed class TickClock : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => 123_456;
    }
}
