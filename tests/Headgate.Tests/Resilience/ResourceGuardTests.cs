using Headgate.Resilience;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class ResourceGuardTests
{
    private readonly ResourceGuard _guard = new();
    private long _now;

    [Fact]
    public void A_busy_processor_takes_a_fifth_of_the_concurrency_each_second_and_gives_it_back_below_70_percent()
    {
        Assert.Equal([800, 640, 512], Look(3, cpu: 900).Select(relief => relief.Concurrency));
        Assert.Equal([512, 512], Look(2, cpu: 750).Select(relief => relief.Concurrency));
        Assert.Equal(1000, Look(4, cpu: 100)[^1].Concurrency);
    }

    [Fact]
    public void Memory_puts_sends_apart_and_errors_slow_them_down()
    {
        Assert.Equal([10, 20, 40], Look(3, memory: 900).Select(relief => relief.Gap / Clock.Millisecond));
        Assert.Equal(40, Look(1, memory: 800)[0].Gap / Clock.Millisecond);
        Assert.Equal([20, 10, 0], Look(3, memory: 700).Select(relief => relief.Gap / Clock.Millisecond));
        Assert.Equal([800, 640], Look(2, errors: 101).Select(relief => relief.Rate));
        Assert.Equal(640, Look(1, errors: 70)[0].Rate);
        Assert.Equal(ResourceRelief.None, Look(5, errors: 0)[^1]);
    }

    [Fact]
    public void It_looks_once_a_second()
    {
        for (var look = 0; look < 100; look++)
            _guard.Look(new ResourceUse(950, null), null, look);
        Assert.Equal(800, _guard.Relief.Concurrency);
    }

    [Fact]
    public void What_is_not_known_changes_nothing() => Assert.Equal(ResourceRelief.None, Look(10)[^1]);

    [Fact]
    public void It_never_stops_everything()
    {
        var worst = Look(200, cpu: 1000, memory: 1000, errors: 1000)[^1];
        Assert.Equal(new ResourceRelief(50, 5 * Clock.Second, 50), worst);
        Assert.Equal(ResourceRelief.None, Look(200, cpu: 0, memory: 0, errors: 0)[^1]);
    }

    [Fact]
    public void Around_a_threshold_it_does_not_flap() => Cases.Run(50, random =>
    {
        var (guard, turns, last) = (new ResourceGuard(), 0, 0);
        for (var second = 0; second < 600; second++)
        {
            var before = guard.Relief;
            // Noise of 4 % around each upper threshold never comes down to the lower one.
            var after = guard.Look(new ResourceUse(random.Next(760, 840), random.Next(810, 890)), random.Next(60, 140), second * Clock.Second);
            var way = Math.Sign(after.Concurrency - before.Concurrency + after.Rate - before.Rate - Math.Sign(after.Gap - before.Gap));
            turns += way != 0 && last != 0 && way != last ? 1 : 0;
            last = way == 0 ? last : way;
        }
        Assert.Equal(0, turns);
    });

    private List<ResourceRelief> Look(int seconds, int? cpu = null, int? memory = null, int? errors = null)
    {
        var seen = new List<ResourceRelief>();
        for (var second = 0; second < seconds; second++)
            seen.Add(_guard.Look(new ResourceUse(cpu, memory), errors, _now += ResourceGuard.Step));
        return seen;
    }
}
