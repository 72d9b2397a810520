using Headgate.Limits;

namespace Headgate.Tests.Gates;

public sealed class GateProperties
{
    /// <summary>Worlds in which a lane was once left behind: one that came first, at a key or moved up by age, did not let others be looked at again.</summary>
    private static readonly int[] OnceFailed = [172, 243, 256];

    [Theory]
    [InlineData(LimitTiming.Nominal, false)]
    [InlineData(LimitTiming.Bounded, false)]
    [InlineData(LimitTiming.Guaranteed, false)]
    [InlineData(LimitTiming.Nominal, true)]
    [InlineData(LimitTiming.Bounded, true)]
    [InlineData(LimitTiming.Guaranteed, true)]
    public void No_window_is_exceeded_nobody_is_forgotten_and_everyone_is_told_once(LimitTiming timing, bool changes)
    {
        var worlds = int.TryParse(Environment.GetEnvironmentVariable("HEADGATE_WORLDS"), out var given) ? given : 5;
        foreach (var seed in Enumerable.Range(1, worlds).Union(OnceFailed))
        {
            var world = new GateWorld(seed, timing, changes);
            world.Live(300);
            Assert.True(world.Granted > 50 || world.LostAllKeys, $"seed {seed}: only {world.Granted} of {world.Asked} went");
        }
    }
}
