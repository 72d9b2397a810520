using Headgate.Configuration;
using Headgate.Limits;
using static Headgate.Tests.ProxyWorld;

namespace Headgate.Tests;

/// <summary>The configuration becomes another one while APIs are reached through proxies.</summary>
[Collection(Threads.Alone)]
public sealed class ProxyChangeTests
{
    private static readonly Uri Api = new("https://api.test/x");

    [Fact]
    public async Task An_API_that_moves_to_a_slower_pool_of_the_same_proxies_is_slower_from_then_on()
    {
        using var world = new ProxyWorld(Pool(default, "100/s"), [Entry("p1")]);
        Assert.Equal(["p1"], await world.SendInTurnAsync(1));

        Change(world, policy => policy with { Proxies = "slow" });
        await world.SendManyAsync(5);

        Assert.Equal(1, world.WorstWindow());
        Assert.Empty(world.Engine.Proxies.All.Single(pool => pool.Name == "pool").Users);
    }

    [Fact]
    public async Task Another_timing_holds_for_exits_too()
    {
        using var world = new ProxyWorld(Pool(default, "100/s"), [Entry("p1"), Entry("p2")]);
        await world.SendInTurnAsync(1);

        Change(world, policy => policy with { Timing = new TimingChoice(LimitTiming.Guaranteed), Straggle = TimeSpan.FromSeconds(7) });

        var api = world.Engine.UpstreamOf(Api);
        Assert.All(api.Exits.All, exit => Assert.Same(api.Terms, exit.Scope.Terms));
    }

    [Fact]
    public async Task An_API_that_cannot_be_opened_leaves_nothing_in_its_pool()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]) { IsMisconfigured = true };
        for (var time = 0; time < 3; time++)
            Assert.Throws<InvalidOperationException>(() => world.Engine.UpstreamOf(Api));

        Assert.Empty(world.Engine.Proxies.All[0].Users);
        world.Engine.Proxies.Use(world.Engine.Proxies.All[0], [Entry("p2")]);
        world.IsMisconfigured = false;
        Assert.Equal(["p2"], await world.SendInTurnAsync(1));
    }

    private static void Change(ProxyWorld world, Func<UpstreamPolicy, UpstreamPolicy> change) => world.Engine.Change(world.Configuration with
    {
        ProxyPools = [.. world.Configuration.ProxyPools, Pool(default, "1/s") with { Name = "slow" }],
        Defaults = change(world.Configuration.Defaults),
    });
}
