using System.Text;
using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Retries;
using static Headgate.Tests.ProxyWorld;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class ProxyPoolsTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.Zero;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Six_proxies_of_which_two_die_and_one_hangs_lose_nothing_and_exceed_nothing(int seed)
    {
        var random = new Random(seed);
        using var world = new ProxyWorld(Pool((ProxyChoice)random.Next(3), "5/s"), [.. Enumerable.Range(1, 6).Select(number => Entry($"p{number}", weight: random.Next(1, 4)))],
            // Threads let an arrival be somewhat later than its stamp, and time goes on meanwhile: it comes before its answer, and no more is known.
            ChangingEngine.Policy() with { Timing = new TimingChoice(LimitTiming.Guaranteed) });
        var dies = new Dictionary<string, (ProxyFault, TimeSpan After, TimeSpan At)>
        {
            ["p1"] = (ProxyFault.Unreachable, AtOnce, TimeSpan.FromSeconds(random.Next(0, 10))),
            ["p2"] = (ProxyFault.Broken, AtOnce, TimeSpan.FromSeconds(random.Next(0, 10))),
            ["p3"] = (ProxyFault.Unreachable, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(random.Next(0, 10))),
        };
        world.FaultOf = (proxy, now) => dies.TryGetValue(proxy, out var death) && now >= death.At ? (death.Item1, death.After) : null;
        var latencies = Enumerable.Range(1, 6).ToDictionary(number => $"p{number}", _ => TimeSpan.FromMilliseconds(random.Next(1, 400)));
        world.LatencyOf = proxy => latencies[proxy];

        var results = await world.SendManyAsync(400);

        Assert.All(results, result => Assert.Equal("200", result.Outcome));
        Assert.Equal(400, world.Arrivals.Count);
        Assert.InRange(world.WorstWindow(), 1, 5);
        Assert.All(results, result => Assert.Equal(0, result.Exchange.RetriesMade));
        foreach (var (proxy, death) in dies)
        {
            // What went together when it died, and then one at a time: after 1, 5, 21 and 85 s.
            var tries = world.Tries.Where(attempt => attempt.Proxy == proxy && attempt.At >= death.At).Select(attempt => attempt.At).ToList();
            Assert.InRange(tries.Count(at => at > tries[0] + TimeSpan.FromSeconds(0.9)), 0, 4 + 5);
            Assert.InRange(tries.Count, 1, 5 + 4 + 5);
        }
        // Three are left, with five each in a second and the time that an answer takes.
        Assert.InRange(world.Time.Elapsed.TotalSeconds, 10, 60);
    }

    [Fact]
    public async Task Where_none_can_be_used_any_more_requests_fail_and_say_why()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1"), Entry("p2")]);
        world.FaultOf = static (_, _) => (ProxyFault.Unreachable, AtOnce);

        var results = await world.SendManyAsync(20);

        Assert.All(results, result => Assert.StartsWith("Proxy: ", result.Outcome, StringComparison.Ordinal));
        Assert.Contains("none of the 2 proxies of pool can be used: p1: it is Unreachable, 4 times in a row", results[^1].Outcome, StringComparison.Ordinal);
        // Two each at first, and one on each probation.
        Assert.InRange(world.Tries.Count, 8, 10);
        // Time goes on while threads do.
        Assert.InRange(world.Time.Elapsed.TotalSeconds, 20.9, 30);
        Assert.Equal(["proxy p1 of pool is not used any more: it is Unreachable, 4 times in a row", "proxy p1 of pool sits out for a while: it is Unreachable"], world.Notices.Where(notice => notice.Contains("p1", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_that_takes_no_credentials_is_never_tried_again()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1"), Entry("p2")]);
        world.FaultOf = static (proxy, _) => proxy == "p1" ? (ProxyFault.Denied, AtOnce) : null;

        var results = await world.SendManyAsync(50);

        Assert.All(results, result => Assert.Equal(("200", "p2"), (result.Outcome, result.Proxy)));
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "p1"), 1, 2);
    }

    [Fact]
    public async Task What_an_api_may_have_said_itself_takes_no_proxy_away_from_others()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1"), Entry("p2")]);
        world.FaultOf = static (_, _) => (ProxyFault.DeniedInAnswer, AtOnce);
        var hostile = world.SendAsync("http://evil.test/");
        await Threads.PassUntilAsync(world.Time, () => hostile.IsCompleted);
        Assert.Contains("none of the 2 proxies of pool can be used", (await hostile).Outcome, StringComparison.Ordinal);
        Assert.Contains(world.Notices, notice => notice.StartsWith("proxy p1 of pool is not used any more for ", StringComparison.Ordinal) && notice.Contains("evil.test: ", StringComparison.Ordinal));
        world.FaultOf = static (_, _) => null;

        Assert.Equal(["p1", "p2"], (await world.SendInTurnAsync(2, url: "https://good.test/")).Order());
    }

    [Fact]
    public async Task One_that_does_not_reach_an_api_is_good_for_others()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.RoundRobin), [Entry("p1"), Entry("p2")]);
        await world.SendInTurnAsync(4, url: "https://good.test/");
        var refuses = true;
        world.FaultOf = (proxy, _) => refuses && proxy == "p1" ? (ProxyFault.TargetRefused, AtOnce) : null;
        Assert.Equal(["p2", "p2", "p2"], await world.SendInTurnAsync(3, url: "https://walled.test/"));
        refuses = false;

        Assert.Contains("p1", await world.SendInTurnAsync(2, url: "https://good.test/"));
        Assert.Equal(["p2", "p2"], await world.SendInTurnAsync(2, url: "https://walled.test/"));
    }

    [Fact]
    public async Task In_turn_each_has_its_weight()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.RoundRobin), [Entry("p1", weight: 3), Entry("p2"), Entry("p3", weight: 2)]);

        var ways = await world.SendInTurnAsync(60);

        Assert.Equal([("p1", 30), ("p2", 10), ("p3", 20)], Counted(ways));
    }

    [Fact]
    public async Task The_least_used_is_the_one_with_least_under_way()
    {
        using var world = new ProxyWorld(Pool(), [Entry("slow"), Entry("fast")]);
        world.LatencyOf = static proxy => TimeSpan.FromMilliseconds(proxy == "slow" ? 2000 : 20);
        await world.SendManyAsync(20);
        var before = world.Arrivals.Count;

        var all = new List<Task<(string, string? Proxy, Exchange)>>();
        for (var number = 0; number < 100; number++)
        {
            all.Add(world.SendAsync());
            var until = world.Time.Elapsed + TimeSpan.FromMilliseconds(50);
            await Threads.PassUntilAsync(world.Time, () => world.Time.Elapsed >= until);
        }
        await Threads.PassUntilAsync(world.Time, () => all.TrueForAll(task => task.IsCompleted));

        Assert.InRange(world.Arrivals.Skip(before).Count(arrival => arrival.Exit == "fast"), 80, 100);
    }

    [Fact]
    public async Task The_fastest_has_nearly_all_and_the_others_are_looked_at_now_and_then()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Fastest), [Entry("p1"), Entry("p2"), Entry("p3")]);
        world.LatencyOf = static proxy => TimeSpan.FromMilliseconds(proxy == "p2" ? 40 : 200);

        var ways = await world.SendInTurnAsync(1000);

        Assert.InRange(ways.Count(way => way == "p2"), 900, 998);
        world.LatencyOf = static proxy => TimeSpan.FromMilliseconds(proxy == "p2" ? 800 : 200);
        Assert.InRange((await world.SendInTurnAsync(100)).Count(way => way == "p2"), 1, 40);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Of_many_proxies_those_that_a_walk_through_all_would_choose_are_chosen(int choice)
    {
        using var world = new ProxyWorld(Pool((ProxyChoice)choice, "2/s"), [.. Enumerable.Range(0, 60).Select(number => Entry($"p{number:00}", number % 3 == 0 ? "DE" : "FR", weight: 1 + number % 3))]);
        world.FaultOf = static (proxy, now) => proxy is "p03" or "p10" && now < TimeSpan.FromSeconds(20) ? (ProxyFault.Unreachable, AtOnce) : null;

        var ways = await world.SendInTurnAsync(200, country: "DE");

        var of = (string? name) => int.Parse(name![1..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.DoesNotContain(ways, way => !way!.StartsWith('p'));
        var counts = ways.GroupBy(way => way).ToDictionary(group => group.Key!, group => group.Count());
        if (choice == 3)
            Assert.All(counts, way => Assert.Equal(0, of(way.Key) % 3));
        else
            Assert.InRange(counts.Count, 55, 60);
        // Each has its weight, but for those that sat out.
        foreach (var weight in counts.Where(way => way.Key is not ("p03" or "p10")).GroupBy(way => 1 + of(way.Key) % 3))
            Assert.InRange(weight.Max(way => way.Value) - weight.Min(way => way.Value), 0, 1);
        Assert.InRange(world.WorstWindow(), 1, 2);
    }

    [Fact]
    public async Task A_country_is_kept_to_while_there_is_a_proxy_of_it()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Geo), [Entry("d1", "DE"), Entry("d2", "DE"), Entry("f1", "FR")]);

        Assert.Equal(["d1", "d2"], (await world.SendInTurnAsync(10, country: "DE")).Distinct().Order());
        Assert.Equal(["f1"], (await world.SendInTurnAsync(5, country: "FR")).Distinct());
        Assert.Equal(["d1", "d2", "f1"], (await world.SendInTurnAsync(12, country: "JP")).Distinct().Order());
        Assert.Equal(["d1", "d2", "f1"], (await world.SendInTurnAsync(12)).Distinct().Order());
        world.FaultOf = static (proxy, _) => proxy == "f1" ? (ProxyFault.Denied, AtOnce) : null;
        Assert.Equal(["d1", "d2"], (await world.SendInTurnAsync(6, country: "FR")).Distinct().Order());
    }

    [Fact]
    public async Task A_tenant_keeps_its_proxy_and_goes_to_one_other_while_that_is_out_of_order()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Sticky), [.. Enumerable.Range(1, 5).Select(number => Entry($"p{number}"))]);
        var before = new Dictionary<string, string?>();
        for (var tenant = 0; tenant < 30; tenant++)
            before[$"{tenant}"] = Assert.Single((await world.SendInTurnAsync(3, $"{tenant}")).Distinct());
        Assert.Equal(5, before.Values.Distinct().Count());
        // Without a tenant it is the host that keeps to one.
        Assert.Single((await world.SendInTurnAsync(5)).Distinct());

        var dead = before["0"];
        world.FaultOf = (proxy, _) => proxy == dead ? (ProxyFault.Unreachable, AtOnce) : null;
        var others = before.Where(pair => pair.Value != dead).Select(pair => pair.Key).ToList();
        foreach (var tenant in others)
            Assert.Equal(before[tenant], Assert.Single((await world.SendInTurnAsync(2, tenant)).Distinct()));
        Assert.NotEqual(dead, Assert.Single((await world.SendInTurnAsync(2, "0")).Distinct()));
    }

    [Fact]
    public async Task Many_who_keep_to_a_slow_one_hold_up_nobody_else()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Sticky), [Entry("p1", limits: ["1/s"]), Entry("p2", limits: ["1000/s"])]);
        var homes = new Dictionary<string, string?>();
        for (var tenant = 0; tenant < 40; tenant++)
            homes[$"{tenant}"] = (await world.SendInTurnAsync(1, $"{tenant}"))[0];
        var (slow, quick) = (homes.Where(home => home.Value == "p1").Select(home => home.Key).ToList(), homes.Where(home => home.Value == "p2").Select(home => home.Key).ToList());
        Assert.InRange(slow.Count, 10, 30);

        var begun = world.Time.Elapsed;
        var waiting = slow.ConvertAll(tenant => world.SendAsync(tenant: tenant));
        var going = quick.ConvertAll(tenant => world.SendAsync(tenant: tenant));
        await Threads.PassUntilAsync(world.Time, () => going.TrueForAll(task => task.IsCompleted));

        Assert.InRange((world.Time.Elapsed - begun).TotalSeconds, 0, 1);
        await Threads.PassUntilAsync(world.Time, () => waiting.TrueForAll(task => task.IsCompleted));
    }

    [Fact]
    public async Task Proxies_of_one_exit_share_its_limit_and_each_api_counts_by_itself()
    {
        using var world = new ProxyWorld(Pool(default, "5/s"), [Entry("p1", exit: "x"), Entry("p2", exit: "x"), Entry("p3")]);

        var all = Enumerable.Range(0, 60).Select(number => world.SendAsync(number % 2 == 0 ? "https://a.test/" : "https://b.test/")).ToList();
        await Threads.PassUntilAsync(world.Time, () => all.TrueForAll(task => task.IsCompleted));

        Assert.Equal(["p3", "x"], world.Arrivals.Select(arrival => arrival.Exit).Distinct().Order());
        foreach (var host in world.Arrivals.GroupBy(arrival => (arrival.Host, arrival.Exit)))
            for (var second = 0; second < 4; second++)
                Assert.InRange(host.Count(arrival => (int)arrival.At.TotalSeconds == second), 0, 5);
        // 60 at ten a second to each of the two: half as long as if they shared.
        Assert.InRange(world.Time.Elapsed.TotalSeconds, 2, 3.5);
    }

    [Fact]
    public async Task A_refusal_by_a_limit_holds_the_exit_and_burns_no_proxy()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.RoundRobin, "100/s"), [Entry("p1"), Entry("p2")]);
        await world.SendManyAsync(20);
        var refuses = true;
        world.StatusOf = exit => exit == "p1" && refuses ? 429 : 200;

        var results = await world.SendManyAsync(10);
        refuses = false;

        Assert.All(results, result => Assert.Equal("200", result.Outcome));
        Assert.All(results, result => Assert.Equal(0, result.Exchange.RetriesMade));
        Assert.All(world.Engine.Proxies.All[0].Proxies, proxy => Assert.Equal((0L, "ok"), (proxy.Faults, proxy.StateAt(long.MaxValue / 2))));
    }

    [Fact]
    public async Task A_list_from_an_address_is_waited_for_and_followed()
    {
        var pool = Pool() with { From = ["http://list.test/api/proxies"], Poll = TimeSpan.FromSeconds(60) };
        using var world = new ProxyWorld(pool, []);
        var given = new TaskCompletionSource<byte[]>();
        var failing = false;
        world.List = () => failing ? throw new IOException("it answered 500") : given.Task;
        world.Engine.Proxies.Begin();
        var early = world.SendAsync();
        given.SetResult(Encoding.UTF8.GetBytes("""{ "proxies": [ { "url": "http://one.test:1" } ] }"""));
        await Threads.PassUntilAsync(world.Time, () => early.IsCompleted);
        Assert.Equal(("200", "http://one.test:1"), ((await early).Outcome, (await early).Proxy));

        given = new TaskCompletionSource<byte[]>();
        given.SetResult(Encoding.UTF8.GetBytes("""{ "proxies": [ { "url": "http://two.test:2" } ] }"""));
        await PassAsync(world, 61);
        await FakeApi.Until(() => world.Engine.Proxies.All[0].Proxies is [{ Name: "http://two.test:2" }]);
        Assert.Equal(["http://two.test:2"], await world.SendInTurnAsync(1));
        failing = true;
        await PassAsync(world, 61);
        await FakeApi.Until(() => world.Notices.Any(notice => notice.Contains("stays as it is: http://list.test/api/proxies: it answered 500", StringComparison.Ordinal)));
        Assert.Equal(["http://two.test:2"], await world.SendInTurnAsync(1));
    }

    [Fact]
    public async Task One_that_is_paused_gets_nothing_until_it_is_resumed()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1"), Entry("p2")]);
        world.Engine.Proxies.Pause([("pool", "p1", "somebody")]);
        Assert.Equal(["p2", "p2", "p2"], await world.SendInTurnAsync(3));
        world.Engine.Proxies.Pause([("pool", "p1", "somebody"), ("pool", "p2", "somebody")]);
        var waiting = world.SendAsync();
        await PassAsync(world, 30);
        Assert.False(waiting.IsCompleted);

        world.Engine.Proxies.Pause([("pool", "p2", "somebody")]);
        await Threads.PassUntilAsync(world.Time, () => waiting.IsCompleted);

        Assert.Equal("p1", (await waiting).Proxy);
    }

    [Fact]
    public async Task Probes_find_out_who_is_dead_before_requests_do_and_bring_back_who_is_mended()
    {
        using var world = new ProxyWorld(Pool() with { Probe = "http://probe.test/" }, [Entry("p1"), Entry("p2")]);
        var dead = true;
        world.FaultOf = (proxy, _) => dead && proxy == "p1" ? (ProxyFault.Unreachable, AtOnce) : null;
        await PassAsync(world, 4);
        Assert.Equal(["p2", "p2"], await world.SendInTurnAsync(2));
        await PassAsync(world, 600);
        // At 0, 5 and 25 s; then it was dead, and was asked at ever longer intervals whether it is back.
        Assert.InRange(world.Probes.Count(probe => probe.Proxy == "p1"), 4, 8);
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "p1"), 0, 1);

        dead = false;
        await PassAsync(world, 700);

        Assert.Equal("ok", world.Engine.Proxies.All[0].Proxies[0].StateAt(long.MaxValue / 2));
        Assert.Contains("p1", await world.SendInTurnAsync(4));
    }

    [Fact]
    public void A_probe_that_began_before_a_proxy_was_found_dead_does_not_bring_it_back()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]);
        var (pools, pool, now) = (world.Engine.Proxies, world.Engine.Proxies.All[0], world.Engine.Clock.Now);
        pools.Failed(pool, pool.Proxies[0], ProxyFault.Unreachable, "it is gone", now);
        world.Time.Advance(TimeSpan.FromSeconds(5));
        pools.Failed(pool, pool.Proxies[0], ProxyFault.Denied, "it is closed", world.Engine.Clock.Now);

        pools.Answered(pool, pool.Proxies[0], now + 1);
        Assert.Equal("it is closed", pool.Proxies[0].Health.DeadReason);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        pools.Answered(pool, pool.Proxies[0], world.Engine.Clock.Now);
        Assert.Null(pool.Proxies[0].Health.DeadReason);
    }

    [Fact]
    public async Task One_that_was_away_for_a_moment_while_an_answer_came_is_well_with_the_first_probe()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]);
        await world.SendInTurnAsync(1);
        var (pools, pool, ways) = (world.Engine.Proxies, world.Engine.Proxies.All[0], world.Engine.UpstreamOf(new Uri("https://api.test/")).Proxies!);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        world.Engine.Learn(ways, ways.All[0], new Outcome { Class = FailureClass.Proxy, ProxyFault = ProxyFault.Broken, BrokeOff = true, Detail = "it is gone" }, world.Engine.Clock.Now);
        Assert.Equal("probation", pool.Proxies[0].StateAt(long.MaxValue / 2));
        world.Time.Advance(TimeSpan.FromSeconds(2));

        pools.Answered(pool, pool.Proxies[0], world.Engine.Clock.Now);

        Assert.Equal("ok", pool.Proxies[0].StateAt(long.MaxValue / 2));
    }

    [Fact]
    public async Task Another_configuration_changes_limits_and_takes_the_proxies_away()
    {
        using var world = new ProxyWorld(Pool(default, "5/s"), [Entry("p1")]);
        Assert.Equal(["p1"], await world.SendInTurnAsync(1));

        world.Engine.Change(world.Configuration with { ProxyPools = [Pool(default, "1/s")] });
        await FakeApi.Until(() => world.Engine.UpstreamOf(new Uri("https://api.test/")).Exits.All.All(exit => exit.Scope.Declared.Any(limit => limit.ToString() == "1/s")));
        await PassAsync(world, 2);
        var before = world.Time.Elapsed;
        await world.SendManyAsync(4);
        Assert.InRange((world.Time.Elapsed - before).TotalSeconds, 2.9, 4);

        world.Engine.Change(world.Configuration with { ProxyPools = [], Defaults = world.Configuration.Defaults with { Proxies = null } });
        Assert.Empty(world.Engine.Proxies.All);
        Assert.Null(world.Engine.UpstreamOf(new Uri("https://api.test/")).Proxies);
    }

    private static IEnumerable<(string? Proxy, int Count)> Counted(IEnumerable<string?> ways) => ways.GroupBy(way => way).Select(group => (group.Key, group.Count())).OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
