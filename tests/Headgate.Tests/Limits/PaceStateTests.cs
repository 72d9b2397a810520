using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

public sealed class PaceStateTests
{
    private readonly PaceState _pace = new();

    [Fact]
    public void Without_a_rate_all_may_go()
    {
        for (var each = 0; each < 100; each++)
            Go(5);
        Assert.Equal((5L, null), (_pace.FreeAt(1, 5), _pace.Rate));
        Assert.True(_pace.IsIdle(5));
    }

    [Fact]
    public void Slow_rates_go_one_by_one_and_fast_ones_in_bursts_of_a_twentieth_of_a_second()
    {
        _pace.Set(4_000);
        Go(0);
        Assert.Equal(Clock.Second / 4, _pace.FreeAt(1, 0));
        Assert.Equal("our own pace of 4/s", _pace.Words);

        var fast = new PaceState();
        fast.Set(1_000_000);
        Assert.Equal(50, Burst(fast, 0));
        Assert.Equal(Clock.Millisecond, fast.FreeAt(1, 0));
        Assert.Equal(50, Burst(fast, 10 * Clock.Second));
    }

    [Fact]
    public void A_change_holds_at_once_and_says_whether_it_lets_somebody_go_sooner()
    {
        Assert.False(_pace.Set(1_000));
        Go(0);
        Assert.Equal(Clock.Second, _pace.FreeAt(1, 0));
        Assert.False(_pace.Set(1_000));
        Assert.False(_pace.Set(500));
        Assert.True(_pace.Set(2_000));
        Go(Clock.Second);
        Assert.Equal(3 * Clock.Second / 2, _pace.FreeAt(1, Clock.Second));
        Assert.True(_pace.Set(null));
        Assert.Equal(Clock.Second, _pace.FreeAt(1, Clock.Second));
    }

    [Fact]
    public void What_it_says_of_a_time_stays_true() => Cases.Run(100, random =>
    {
        var (pace, now) = (new PaceState(), 0L);
        pace.Set(random.Spread(100, 10_000_000));
        for (var step = 0; step < 50; step++)
        {
            var at = pace.FreeAt(1, now);
            Assert.Equal(at, pace.FreeAt(1, at));
            Assert.True(pace.FitsAt(at, 1, now, 0));
            Assert.False(at > now && pace.FitsAt(at - 1, 1, now, 0));
            now = at + random.Pick(0, 0, random.NextInt64(Clock.Second));
            pace.FreeAt(1, now);
            pace.Take(1);
        }
    });

    [Fact]
    public void No_stretch_of_time_has_more_than_its_rate_and_one_burst() => Cases.Run(50, random =>
    {
        var pace = new PaceState();
        var (now, rate, goes) = (0L, 0L, new List<(long At, long Rate)>());
        for (var step = 0; step < 400; step++)
        {
            if (step % 40 == 0)
                pace.Set(rate = random.Spread(500, 2_000_000));
            now = Math.Max(now + (random.Chance(0.1) ? random.NextInt64(Clock.Second) : 0), pace.FreeAt(1, now));
            Assert.Equal(now, pace.FreeAt(1, now));
            pace.Take(1);
            goes.Add((now, rate));
        }
        // Of one rate at a time: between two changes.
        foreach (var part in goes.Chunk(40))
            for (var first = 0; first < part.Length; first++)
                for (var last = first; last < part.Length; last++)
                    Assert.True(last - first + 1 <= Burst(part[0].Rate) + (Int128)(part[last].At - part[first].At) * part[0].Rate / (Clock.Second * 1000), $"{last - first + 1} at {part[0].Rate}");
    });

    [Fact]
    public void The_whole_rate_is_used()
    {
        _pace.Set(123_456);
        var (now, count) = (0L, 0);
        for (; now < 10 * Clock.Second; now = _pace.FreeAt(1, now), count++)
            Go(now);
        Assert.InRange(count, 1234, 1234 + Burst(123_456) + 1);
    }

    private static long Burst(long rate) => Math.Max(1, rate / 20_000);

    private static int Burst(PaceState pace, long now)
    {
        var count = 0;
        for (; pace.FreeAt(1, now) == now; count++)
            pace.Take(1);
        return count;
    }

    private void Go(long now)
    {
        Assert.Equal(now, _pace.FreeAt(1, now));
        _pace.Take(1);
        _pace.Sent(1, now);
    }
}
