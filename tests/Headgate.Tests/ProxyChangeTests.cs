using Headgate.Configuration;
using Headgate.Gates;
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

    [Fact]
    public async Task Another_list_is_used_at_once_though_the_one_before_is_still_being_read()
    {
        using var world = new ProxyWorld(Pool() with { From = ["http://list.test/"] }, [Entry("p1")]);
        world.List = static () => new TaskCompletionSource<byte[]>().Task;
        world.Engine.Proxies.Begin();
        var early = world.SendAsync();

        world.Engine.Change(world.Configuration with { ProxyPools = [Pool()] });

        await FakeApi.Until(() => world.Engine.Proxies.All[0].Proxies is [{ Name: "p1" }]);
        await Threads.PassUntilAsync(world.Time, () => early.IsCompleted);
        Assert.Equal("p1", (await early).Proxy);
    }

    [Fact]
    public void Of_a_configuration_that_is_refused_no_pool_stays()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]);
        world.Engine.UpstreamOf(Api);
        world.IsMisconfigured = true;

        Assert.Throws<InvalidOperationException>(() => Change(world, policy => policy with { Proxies = "slow", ConnectTimeout = TimeSpan.FromSeconds(3) }));

        Assert.Equal(["pool"], world.Engine.Proxies.All.Select(pool => pool.Name));
    }

    [Fact]
    public void What_was_let_go_is_recorded_by_the_names_that_it_was_counted_under()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1", exit: "x")]);
        var api = world.Engine.UpstreamOf(Api);
        var before = api.Proxies!.All.Single();

        world.Engine.Proxies.Use(world.Engine.Proxies.All[0], [Entry("p1", exit: "y") with { Name = "q1" }]);

        Assert.Equal(("p1", "x"), (before.Name, before.SharedExit));
        Assert.Equal(("q1", "y"), (api.Proxies.All.Single().Name, api.Proxies.All.Single().SharedExit));
    }

    [Fact]
    public void Ways_that_were_forgotten_when_nobody_waited_are_told_of_events_once_somebody_does()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Geo), [Entry("p1", country: "DE")]);
        var api = world.Engine.UpstreamOf(Api);
        var ways = api.Proxies!.For("DE", null, null);
        api.Proxies.UseNeedsLock(api.Proxies.All);
        Assert.DoesNotContain(ways, api.Proxies.Wished);

        new Lane(api.Gates.Usual, new LaneKey(Cost.One, RequestPriority.Medium, null, null, ways), 0).Claim();

        Assert.Contains(ways, api.Proxies.Wished);
    }

    [Fact]
    public async Task A_proxy_that_an_api_was_not_reached_through_is_tried_for_it_with_one_request_at_a_time()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]);
        await world.SendManyAsync(20);
        var before = world.Tries.Count;
        world.FaultOf = static (_, _) => (ProxyFault.TargetRefused, TimeSpan.FromSeconds(0.5));

        var all = Enumerable.Range(0, 30).Select(_ => world.SendAsync("https://walled.test/")).ToList();
        await Threads.PassUntilAsync(world.Time, () => all.TrueForAll(task => task.IsCompleted));

        Assert.InRange(world.Tries.Count - before, 30, 36);
    }

    private static void Change(ProxyWorld world, Func<UpstreamPolicy, UpstreamPolicy> change) => world.Engine.Change(world.Configuration with
    {
        ProxyPools = [.. world.Configuration.ProxyPools, Pool(default, "1/s") with { Name = "slow" }],
        Defaults = change(world.Configuration.Defaults),
    });
}
