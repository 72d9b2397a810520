using Headgate.Gates;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>What was granted before a change of limits is recorded before it, whenever it leaves.</summary>
public sealed class LimitErasTests
{
    private readonly Steps _time = new();

    [Fact]
    public void What_leaves_after_its_era_counts_as_of_its_end_and_what_is_new_as_after_its_beginning()
    {
        var clock = new Clock(_time);
        var eras = new LimitEras(clock);
        var begun = eras.Begin();

        Assert.Equal(begun - Clock.Microsecond, eras.Within(0, begun + Clock.Second));
        Assert.Equal(begun + Clock.Microsecond, eras.Within(1, begun));
        Assert.Equal(begun + Clock.Second, eras.Within(1, begun + Clock.Second));
    }

    [Fact]
    public void However_threads_are_stopped_nothing_of_the_last_era_leaves_after_the_next_has_begun()
    {
        // Many rounds, since the moment in which it could is short.
        for (var round = 0; round < 2_000; round++)
        {
            var clock = new Clock(_time);
            var eras = new LimitEras(clock);
            var (begun, left) = (0L, 0L);

            Parallel.Invoke(() => begun = eras.Begin(), () => left = eras.Within(0, clock.Now));

            Assert.True(left <= begun, $"left at {left}, begun at {begun}");
        }
    }

    /// <summary>Goes on by a microsecond with each look.</summary>
    private sealed class Steps : TimeProvider
    {
        private long _now = Clock.Second;

        public override long TimestampFrequency => Clock.Second;

        public override long GetTimestamp() => Interlocked.Add(ref _now, Clock.Microsecond);
    }
}
