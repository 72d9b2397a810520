using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Tests.Ledgers;
using Headgate.Time;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests;

/// <summary>APIs that nobody configured are forgotten when nothing counts of them any more, and only then.</summary>
[Collection(Threads.Alone)]
public sealed class EngineForgetsTests
{
    [Fact]
    public async Task A_host_that_nothing_was_sent_to_for_a_while_is_forgotten_and_found_again_with_its_past()
    {
        using var folder = new TempFolder();
        using var world = Begin(folder);
        await world.EndAsync(await world.SendManyAsync("https://one.test/", 2));
        Assert.Equal(2, Left(world, "https://one.test"));

        await world.PassAsync(200);
        world.Engine.Unknown.ForgetIdle();
        Assert.Equal(["https://one.test"], Names(world));
        await world.PassAsync(500);
        world.Engine.Unknown.ForgetIdle();
        // An hour of its limit is not over: what it sent still counts.
        Assert.Equal(["https://one.test"], Names(world));

        await world.PassAsync(3600);
        world.Engine.Unknown.ForgetIdle();
        Assert.Empty(Names(world));
        await world.EndAsync(await world.SendManyAsync("https://one.test/", 1));
        Assert.Equal((3, 3), (world.Arrivals.Count, Left(world, "https://one.test")));
        Assert.Equal(3, Headgate.App.Service.LimitFigures.Of(world.Engine).Granted);
    }

    [Fact]
    public async Task One_that_is_configured_paused_waited_for_or_in_use_stays()
    {
        using var folder = new TempFolder();
        using var world = Begin(folder);
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        await world.EndAsync(await world.SendManyAsync("https://paused.test/", 1));
        world.Engine.Pause(world.Engine.UpstreamOf(new Uri("https://paused.test/")), "somebody");
        world.Latency = TimeSpan.FromHours(6);
        var slow = await world.SendManyAsync("https://slow.test/", 1);

        await world.PassAsync(2 * 3600);
        world.Engine.Unknown.ForgetIdle();

        Assert.Equal(["a", "https://paused.test", "https://slow.test"], Names(world));
        await world.EndAsync(slow);
    }

    [Fact]
    public async Task Whoever_still_comes_to_one_that_is_forgotten_is_sent_to_the_next()
    {
        using var folder = new TempFolder();
        using var world = Begin(folder);
        await world.EndAsync(await world.SendManyAsync("https://one.test/", 1));
        var before = world.Engine.UpstreamOf(new Uri("https://one.test/"));
        await world.PassAsync(2 * 3600);
        world.Engine.Unknown.ForgetIdle();

        var refused = await Assert.ThrowsAsync<RefusedException>(async () => await world.Engine.Dispatcher.AcquireAsync(before.Gates.Usual, new LaneKey(Cost.One, RequestPriority.Medium, null, null), Clock.Never, CancellationToken.None));
        Assert.Equal(RefusalReason.Moved, refused.Reason);
        refused = await Assert.ThrowsAsync<RefusedException>(async () => await world.Engine.Dispatcher.AcquireAsync(before.Tunnels, new LaneKey(Cost.One, RequestPriority.Medium, null, null), Clock.Never, CancellationToken.None));
        Assert.Equal(RefusalReason.Moved, refused.Reason);
        Assert.NotSame(before, world.Engine.UpstreamOf(new Uri("https://one.test/")));
    }

    private static ChangingEngine Begin(TempFolder folder) => new(Of(Of("a")) with { Defaults = Policy("4/h") }, folder.Path, forgetsIdle: TimeSpan.FromMinutes(5));

    private static long Left(ChangingEngine world, string url) =>
        world.Engine.Dispatcher.Read(world.Engine.UpstreamOf(new Uri(url)).Scope, static (_, scope, now) => scope.Checkpoints[0].State.Available(now));

    private static IEnumerable<string> Names(ChangingEngine world) => world.Engine.Upstreams.Select(api => api.Name).Order(StringComparer.Ordinal);
}
