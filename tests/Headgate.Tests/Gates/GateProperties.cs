using Headgate.Limits;

namespace Headgate.Tests.Gates;

public sealed class GateProperties
{
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
        for (var seed = 1; seed <= worlds; seed++)
        {
            var world = new GateWorld(seed, timing, changes);
            world.Live(300);
            Assert.True(world.Granted > 50 || world.LostAllKeys, $"seed {seed}: only {world.Granted} of {world.Asked} went");
        }
    }
}
