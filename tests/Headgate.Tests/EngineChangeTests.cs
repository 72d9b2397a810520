using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests;

/// <summary>A configuration that becomes another while requests wait, are under way, and have been sent.</summary>
[Collection(Threads.Alone)]
public sealed class EngineChangeTests
{
    [Fact]
    public async Task A_raised_limit_lets_those_who_wait_go_at_once_and_a_lowered_one_counts_what_went()
    {
        using var world = new ChangingEngine(Of(Of("a", "5/min")));
        var first = await world.SendManyAsync("https://a.test/", 8);
        Assert.Equal((5, 3), (world.Arrivals.Count, world.Waiting));

        world.Engine.Change(Of(Of("a", "7/min")));
        await FakeApi.Until(() => world.Arrivals.Count == 7);
        Assert.Equal(1, world.Waiting);
        world.Engine.Change(Of(Of("a", "2/min")));
        await world.PassAsync(59);
        Assert.Equal((7, 1), (world.Arrivals.Count, world.Waiting));

        await world.EndAsync(first);
        Assert.All(first, task => Assert.Equal("200", task.Result));
        Assert.Contains("the limits of a are 2/min now, and were 7/min", world.Notices);
    }

    [Fact]
    public async Task An_API_whose_record_is_equal_is_not_touched()
    {
        using var world = new ChangingEngine(Of(Of("a", "5/min"), Of("b", "1/min")));
        await world.SendManyAsync("https://a.test/", 2);
        await world.SendManyAsync("https://b.test/", 1);
        var (a, gates, state, record) = Look();

        world.Engine.Change(Of(Of("a", "5/min"), Of("b", "3/min")));
        await world.SendManyAsync("https://a.test/", 1);

        Assert.Equal((a, gates, state, record), Look());
        Assert.Equal((2, 2), (world.Left("a"), world.Left("b")));

        (Upstream, UpstreamGates, LimitState, UpstreamConfiguration) Look()
        {
            var api = world.Engine.UpstreamNamed("a")!;
            return (api, api.Gates, api.Scope.Checkpoints[0].State, api.Configuration);
        }
    }

    [Fact]
    public async Task What_waits_for_an_API_that_is_taken_away_goes_on_under_the_defaults_of_its_address()
    {
        using var world = new ChangingEngine(Of(Of("a", "2/10min"), Of("b", "9/s")));
        var waiting = await world.SendManyAsync("https://a.test/", 5);
        Assert.Equal(3, world.Waiting);

        world.Engine.Change(Of(Of("b", "9/s")) with { Defaults = Policy("4/10min") });
        await FakeApi.Until(() => world.Arrivals.Count == 4 && world.Waiting > 0);

        // What went before counts: the API is the same, whatever it is called.
        Assert.Equal(("https://a.test", 1), (world.Engine.ConfigurationOf(new Uri("https://a.test/x")).Name, world.Waiting));
        await world.EndAsync(waiting);
        world.Engine.Change(Of(Of("a", "2/10min"), Of("b", "9/s")) with { Defaults = Policy("4/10min") });
        Assert.Equal(1, world.Left("a"));
    }

    [Fact]
    public async Task An_API_of_a_path_that_is_taken_away_and_comes_back_finds_what_it_has_sent_and_has_under_way()
    {
        var api = Of("a", "3/10min") with { Bases = [UpstreamBase.TryParse("https://a.test/v1", out var address, out _) ? address : default] };
        using var world = new ChangingEngine(Of(api));
        world.Latency = TimeSpan.FromMinutes(1);
        await world.SendManyAsync("https://a.test/v1/", 2);

        world.Engine.Change(Of());
        await world.SendManyAsync("https://a.test/v1/", 7);
        world.Engine.Change(Of(api with { Weight = 2 }));
        var more = await world.SendManyAsync("https://a.test/v1/", 3);

        Assert.Equal((10, 2), (world.Arrivals.Count, world.Waiting));
        await world.EndAsync(more);
        Assert.Equal("a is not configured any more", world.Notices.First());
    }

    [Fact]
    public async Task An_API_that_moves_to_another_address_is_another_one()
    {
        using var world = new ChangingEngine(Of(Of("a", "1/h")));
        var waiting = await world.SendManyAsync("https://a.test/", 2);
        var moved = Of("b", "1/h") with { Name = "a" };

        world.Engine.Change(Of(moved));
        await world.SendManyAsync("https://b.test/", 1);

        // Nobody limits the old address any more.
        await world.EndAsync(waiting);
        Assert.Equal((3, 0), (world.Arrivals.Count, world.Left("a")));
    }

    [Fact]
    public async Task A_route_that_is_added_sorts_those_who_wait_and_counts_what_is_under_way()
    {
        using var world = new ChangingEngine(Of(Of("a", "100/10min", "4 concurrent")));
        world.Latency = TimeSpan.FromMinutes(1);
        var all = await world.SendManyAsync("https://a.test/search/", 3);
        all.AddRange(await world.SendManyAsync("https://a.test/other/", 3));
        Assert.Equal((4, 2), (world.Arrivals.Count, world.Waiting));

        var api = Of("a", "100/h") with { Routes = [new RouteConfiguration("search", RoutePattern.TryParse("/search/**", out var match, out _) ? match : RoutePattern.All, [], List("4/10min"))] };
        world.Engine.Change(Of(api));
        await FakeApi.Until(() => world.Arrivals.Count == 6);
        all.AddRange(await world.SendManyAsync("https://a.test/search/", 2));

        // Three were under way, and one more may go within ten minutes.
        Assert.Equal((7, 1), (world.Arrivals.Count, world.Waiting));
        world.Engine.Change(Of(Of("a", "100/h")));
        await world.EndAsync(all);
        Assert.Equal(8, world.Arrivals.Count);
    }

    [Fact]
    public async Task Limits_of_everything_and_of_connections_change_too()
    {
        var a = Of("a");
        using var world = new ChangingEngine(Of(a, Of("b")));
        world.Latency = TimeSpan.FromSeconds(1);
        var all = await world.SendManyAsync("https://a.test/", 6);
        world.Engine.Change(Of(a, Of("b")) with { TotalLimits = List("8/h"), TotalConnections = 7 });
        all.AddRange(await world.SendManyAsync("https://b.test/", 3));
        Assert.Equal((7, 2), (world.Arrivals.Count, world.Waiting));
        await world.PassAsync(2);
        Assert.Equal((8, 1), (world.Arrivals.Count, world.Waiting));

        world.Engine.Change(Of(a with { Policy = a.Policy with { Connections = a.Connections with { PerHost = 1 } } }, Of("b")));
        await world.EndAsync(all);
        all = await world.SendManyAsync("https://a.test/", 2);
        Assert.Equal((10, 1), (world.Arrivals.Count, world.Waiting));
        world.Engine.Change(Of(a, Of("b")) with { Concurrency = 2 });
        await FakeApi.Until(() => world.Arrivals.Count == 11);
        all.AddRange(await world.SendManyAsync("https://a.test/", 1));
        Assert.Equal((11, 1), (world.Arrivals.Count, world.Waiting));
        await world.EndAsync(all);
    }

    [Fact]
    public async Task Keys_come_and_go_and_their_limits_change()
    {
        var keys = new KeysConfiguration { From = ["file:/a.keys"], Limits = List("2/10min") };
        using var world = new ChangingEngine(Of(Of("a") with { Keys = keys }));
        world.Keys["a"] = ["one", "two"];
        var all = await world.SendManyAsync("https://a.test/", 6);
        Assert.Equal((4, 2), (world.Arrivals.Count, world.Waiting));

        world.Keys["a"] = ["two", "three"];
        world.Engine.Change(Of(Of("a") with { Keys = keys with { Limits = List("3/10min") } }), new HashSet<string> { "a" });
        await world.EndAsync(all);

        Assert.Equal(["secret-one", "secret-one", "secret-three", "secret-two", "secret-two", "secret-two"], world.Arrivals.Select(arrival => arrival.Key).Order());
        Assert.Contains("key three of a is used from now on", world.Notices);
        world.Engine.Change(Of(Of("a")));
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        Assert.Null(world.Arrivals.Last().Key);
        world.Engine.Change(Of(Of("a") with { Keys = keys }));
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        Assert.StartsWith("secret-", world.Arrivals.Last().Key, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_callers_bring_follow_the_limits_of_the_pools()
    {
        var keys = new KeysConfiguration { From = ["file:/a.keys"], Limits = List("2/10min") };
        using var world = new ChangingEngine(Of(Of("a") with { Keys = keys }));
        world.Keys["a"] = ["one"];
        var all = await world.SendManyAsync("https://a.test/", 4, own: "Bearer mine");
        Assert.Equal((2, 2), (world.Arrivals.Count, world.Waiting));

        world.Engine.Change(Of(Of("a") with { Keys = keys with { Limits = List("3/10min") } }));
        await FakeApi.Until(() => world.Arrivals.Count == 3);
        Assert.Equal(1, world.Waiting);
        await world.EndAsync(all);
    }

    [Fact]
    public async Task A_key_that_is_paused_rests_while_others_are_used_and_a_dead_one_can_be_used_again()
    {
        using var world = new ChangingEngine(Of(Of("a") with { Keys = new KeysConfiguration { From = ["file:/a.keys"] } }));
        world.Keys["a"] = ["one", "two"];
        var api = world.Engine.UpstreamNamed("a")!;
        world.Engine.Pause(api, api.Keys!.Keys[0], "ops");
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 3));
        Assert.All(world.Arrivals, arrival => Assert.Equal("secret-two", arrival.Key));

        world.Status = 401;
        var held = await world.SendManyAsync("https://a.test/", 1);
        await FakeApi.Until(() => api.Keys.AliveCount == 1);
        Assert.Equal(1, world.Waiting);
        world.Status = 200;
        world.Engine.Revive(api, api.Keys.Keys[1]);
        await world.EndAsync(held);
        world.Engine.Pause(api, api.Keys.Keys[1], "ops");
        world.Engine.Pause(api, api.Keys.Keys[0], null);
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        Assert.Equal("secret-one", world.Arrivals.Last().Key);
    }

    [Fact]
    public async Task What_cannot_be_changed_leaves_everything_as_it_was_and_all_that_is_wrong_is_told()
    {
        using var world = new ChangingEngine(Of(Of("a", "5/h"), Of("b", "5/h")));
        await world.SendManyAsync("https://a.test/", 1);
        await world.SendManyAsync("https://b.test/", 1);
        var keys = new KeysConfiguration { From = ["file:/gone"] };

        var wrong = Assert.Throws<ConfigurationException>(() => world.Engine.Change(Of(Of("a", "9/h") with { Keys = keys }, Of("b", "9/h") with { Keys = keys }, Of("c"))));

        Assert.Equal(["a.keys: the file of keys cannot be read", "b.keys: the file of keys cannot be read"], wrong.Errors.Select(error => error.ToString()));
        Assert.Equal((4, 4), (world.Left("a"), world.Left("b")));
        Assert.Null(world.Engine.UpstreamNamed("c"));
        await world.SendManyAsync("https://a.test/", 1);
        Assert.Equal(3, world.Left("a"));
    }

    [Fact]
    public async Task Breaker_and_retries_are_those_of_the_new_configuration_and_an_open_breaker_stays_open()
    {
        var api = Of("a");
        api = api with { Policy = api.Policy with { Breaker = BreakerConfiguration.Default with { FailureThreshold = 2, RecoveryTimeout = TimeSpan.FromMinutes(5) }, Patience = TimeSpan.FromHours(1) } };
        using var world = new ChangingEngine(Of(api));
        world.Status = 500;
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 2));
        var waiting = await world.SendManyAsync("https://a.test/", 1);
        Assert.Equal(1, world.Waiting);

        world.Engine.Change(Of(api with { Policy = api.Policy with { Breaker = api.Policy.Breaker! with { SuccessThreshold = 1 } } }));
        await world.PassAsync(100);
        Assert.Equal(1, world.Waiting);
        world.Engine.Change(Of(api with { Policy = api.Policy with { Breaker = null, Retries = 2, RetryDelay = TimeSpan.FromMilliseconds(10) } }));
        await world.EndAsync(waiting);
        Assert.Equal(2 + 3, world.Arrivals.Count);
    }

    [Fact]
    public async Task Connections_are_made_anew_where_they_are_to_be_others_and_the_old_ones_go_when_nothing_uses_them()
    {
        var api = Of("a");
        using var world = new ChangingEngine(Of(api));
        world.Latency = TimeSpan.FromMinutes(1);
        var slow = await world.SendManyAsync("https://a.test/", 1);
        api = api with { Policy = api.Policy with { Connections = api.Connections with { IdleTimeout = TimeSpan.FromSeconds(5) } } };
        world.Engine.Change(Of(api));
        Assert.Equal((2, 0), world.Handlers);
        await world.EndAsync(slow);
        Assert.Equal("200", await slow[0]);

        world.Engine.Change(Of(api with { Weight = 2 }));
        Assert.Equal((2, 1), world.Handlers);
    }

    [Fact]
    public async Task A_longer_limit_knows_from_the_record_what_went_and_nothing_is_counted_that_did_not_go()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of(Of("a", "10/s")), folder.Path);
        world.Latency = TimeSpan.FromMilliseconds(100);
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 40));
        await world.PassAsync(2);
        var under = await world.SendManyAsync("https://a.test/", 5);

        world.Engine.Change(Of(Of("a", "10/s", "100/h")));
        Assert.Equal(55, world.Left("a", 1));
        await world.EndAsync(under);
        world.Engine.Change(Of(Of("a")));
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 7));
        // Not even what went while there was no limit at all is forgotten.
        world.Engine.Change(Of(Of("a", "100/h")));
        Assert.Equal(48, world.Left("a"));
        Assert.DoesNotContain(world.Engine.Dispatcher.Read(world.Engine, static (_, engine, _) => engine.UnderWayNeedsLock.ToList()), permit => permit.State != Headgate.Gates.PermitState.Ended);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_leaves_after_its_route_is_gone_is_recorded_there_and_counts_when_the_route_is_back(bool hasEnded)
    {
        using var folder = new TempFolder();
        var limited = Of("a") with { Routes = [new RouteConfiguration("search", RoutePattern.TryParse("/search/**", out var match, out _) ? match : RoutePattern.All, [], List("100/h"))] };
        using var world = new ChangingEngine(Of(limited), folder.Path);
        (world.Connect, world.Latency) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var all = await world.SendManyAsync("https://a.test/search/", 3);

        world.Engine.Change(Of(Of("a")));
        await world.PassAsync(hasEnded ? 3 : 1.2);
        Assert.Equal((3, hasEnded), (world.Arrivals.Count, all.All(sent => sent.IsCompleted)));
        // Nothing is under way there any more: its file is closed, and opened anew.
        world.Engine.Change(Of(Of("a")));
        world.Engine.Change(Of(limited));

        Assert.Equal(97, world.Engine.Dispatcher.Read(world.Engine.UpstreamNamed("a")!.Gates, static (_, gates, now) => gates.Parts.Single().Scope.Checkpoints[0].State.Available(now)));
        await world.EndAsync(all);
        Assert.All(all, sent => Assert.Equal("200", sent.Result));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_leaves_after_its_keys_are_gone_counts_when_they_are_back(bool hasEnded)
    {
        using var folder = new TempFolder();
        var limited = Of("a") with { Keys = new KeysConfiguration { From = ["file:/a.keys"], Limits = List("100/h") } };
        using var world = new ChangingEngine(Of(limited), folder.Path);
        world.Keys["a"] = ["one"];
        (world.Connect, world.Latency) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var all = await world.SendManyAsync("https://a.test/", 3);

        world.Engine.Change(Of(Of("a")));
        await world.PassAsync(hasEnded ? 3 : 1.2);
        Assert.Equal((3, hasEnded), (world.Arrivals.Count, all.All(sent => sent.IsCompleted)));
        world.Engine.Change(Of(Of("a")));
        world.Engine.Change(Of(limited));

        Assert.Equal(97, world.Engine.Dispatcher.Read(world.Engine.UpstreamNamed("a")!.Keys!, static (_, keys, now) => keys.Keys.Single().Scope.Checkpoints[0].State.Available(now)));
        await world.EndAsync(all);
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        Assert.Equal("secret-one", world.Arrivals.Last().Key);
    }

    [Fact]
    public async Task What_is_sent_and_ends_while_the_record_is_read_counts()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of(Of("a")), folder.Path);
        world.Connect = TimeSpan.FromSeconds(1);
        var all = await world.SendManyAsync("https://a.test/", 3);
        var api = world.Engine.UpstreamNamed("a")!;
        var change = new LimitChanges(world.Engine, [new ScopeChange(api, api.Scope, "a", api.Identity, List("5/h"), api.Terms)]);

        change.Prepare();
        await world.EndAsync(all);
        world.Engine.Dispatcher.Change(change, static (scheduler, it, now) => it.CommitNeedsLock(scheduler, now));

        Assert.Equal(2, world.Left("a"));
    }

    [Fact]
    public async Task While_the_record_is_read_nothing_goes_that_would_not_be_in_it_and_afterwards_all_goes_on()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of(Of("a"), Of("b")), folder.Path);
        var api = world.Engine.UpstreamNamed("a")!;
        var change = new LimitChanges(world.Engine, [new ScopeChange(api, api.Scope, "a", api.Identity, List("5/h"), api.Terms)]);

        change.Prepare();
        var held = await world.SendManyAsync("https://a.test/", 3);
        await world.EndAsync(await world.SendManyAsync("https://b.test/", 1));
        Assert.Equal((1, 3), (world.Arrivals.Count, world.Waiting));
        change.Release();

        await world.EndAsync(held);
        Assert.Empty(api.Scope.Limits);
    }

    [Fact]
    public async Task A_pause_by_hand_holds_one_API_and_no_other()
    {
        using var world = new ChangingEngine(Of(Of("a", "9/s"), Of("b", "9/s")) with { TotalLimits = List("100/s") });
        world.Engine.Pause(world.Engine.UpstreamNamed("a")!, "ops");
        var held = await world.SendManyAsync("https://a.test/", 3);
        await world.EndAsync(await world.SendManyAsync("https://b.test/", 3));
        await world.PassAsync(60);
        Assert.Equal(3, world.Waiting);

        world.Engine.Change(Of(Of("a", "8/s"), Of("b", "9/s")));
        Assert.Equal(3, world.Waiting);
        world.Engine.Pause(world.Engine.UpstreamNamed("a")!, null);
        await world.EndAsync(held);
        Assert.Equal(6, world.Arrivals.Count);
    }
}
