using Headgate.Configuration;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class ChaosDiceTests
{
    [Fact]
    public void Without_configuration_nothing_is_disturbed()
    {
        var dice = new ChaosDice(ChaosConfiguration.None, new Random(1));
        Assert.True(dice.IsOff);
        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.Equal(default, dice.Roll()));
    }

    [Fact]
    public void Each_share_is_kept()
    {
        var dice = new ChaosDice(
            new ChaosConfiguration { Errors = new(500, new(200)), Latency = new(TimeSpan.FromMilliseconds(200), new(1_000)), Resets = new(100) }, new Random(1));
        var rolls = Enumerable.Range(0, 100_000).Select(_ => dice.Roll()).ToList();

        Assert.InRange(rolls.Count(roll => roll is { Kind: ChaosKind.Error, Status: 500 }), 1_800, 2_200);
        Assert.InRange(rolls.Count(roll => roll.Kind == ChaosKind.Reset), 850, 1_150);
        Assert.InRange(rolls.Count(roll => roll.Delay == 200 * Clock.Millisecond), 9_500, 10_500);
        Assert.All(rolls, roll => Assert.True(roll.Delay is 0 or 200 * Clock.Millisecond && (roll.Kind == ChaosKind.Error) == (roll.Status == 500)));
        // A delay comes with an error as often as without.
        Assert.InRange(rolls.Count(roll => roll is { Kind: ChaosKind.Error, Delay: > 0 }), 140, 260);
    }

    [Fact]
    public void The_same_seed_disturbs_the_same_attempts()
    {
        var chaos = new ChaosConfiguration { Errors = new(503, new(5_000)), Resets = new(5_000) };
        var (one, same) = (new ChaosDice(chaos, new Random(7)), new ChaosDice(chaos, new Random(7)));
        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.Equal(one.Roll(), same.Roll()));
        Assert.NotEqual(ChaosKind.None, one.Roll().Kind);
    }
}
