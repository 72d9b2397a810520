namespace Headgate.Tests;

public sealed class GateLimiterKeysProperties
{
    [Fact]
    public async Task No_key_and_not_all_together_go_over_nobody_is_left_waiting_and_nothing_refused_leaves_a_trace()
    {
        var worlds = int.TryParse(Environment.GetEnvironmentVariable("HEADGATE_WORLDS"), out var given) ? given : 15;
        var forgotten = 0;
        for (var seed = 1; seed <= worlds; seed++)
        {
            var world = new GateLimiterKeysWorld(seed);
            await world.Live(600);
            Assert.True(world.Granted > 100, $"seed {seed}: only {world.Granted} went");
            forgotten += world.Forgotten;
        }
        Assert.True(forgotten > worlds, $"only {forgotten} keys were forgotten on the way");
    }
}
