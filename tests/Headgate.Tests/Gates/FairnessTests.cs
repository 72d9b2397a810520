using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

public sealed class FairnessTests
{
    private readonly GateFixture _it = new();

    [Fact]
    public void Weights_are_honoured_under_a_shared_limit()
    {
        var total = _it.Scope("total", "60/s");
        foreach (var weight in (ReadOnlySpan<int>)[1, 2, 3])
            _it.AskMany(new Gate($"w{weight}", [total], weight: weight), $"w{weight}", 3000);
        _it.RunFor(Clock.Second);
        var before = new[] { 1, 2, 3 }.Select(weight => _it.CountOf($"w{weight}")).ToArray();
        _it.RunFor(30 * Clock.Second);
        foreach (var weight in (ReadOnlySpan<int>)[1, 2, 3])
            Assert.InRange(_it.CountOf($"w{weight}") - before[weight - 1], 300 * weight * 0.95, 300 * weight * 1.05);
    }

    [Fact]
    public void Limits_of_very_different_pace_do_not_confuse_whose_turn_it_is()
    {
        // Turns count at each limit by itself: a thousand a second here says nothing about ten a second there.
        var (fast, slow) = (_it.Scope("fast", "1000/s"), _it.Scope("slow", "10/s"));
        _it.AskMany(new Gate("only-fast", [fast]), "fast", 40_000);
        for (var gate = 0; gate < 4; gate++)
            _it.AskMany(new Gate($"only-slow{gate}", [slow]), $"slow{gate}", 500);
        _it.AskMany(new Gate("both", [fast, slow]), "both", 500);
        _it.RunFor(Clock.Second + 100 * Clock.Millisecond);
        var (both, one) = (_it.CountOf("both"), _it.CountOf("slow1"));
        _it.RunFor(30 * Clock.Second);
        Assert.InRange(_it.CountOf("both") - both, 54, 66);
        Assert.InRange(_it.CountOf("slow1") - one, 54, 66);
        Assert.InRange(_it.CountOf("fast"), 29_500, 32_000);
    }

    [Fact]
    public void A_lane_that_was_held_elsewhere_has_no_credit_when_it_comes_back()
    {
        var shared = _it.Scope("shared", "10/s");
        var held = _it.Scope("held");
        _it.AskMany(new Gate("a", [shared]), "a", 2000);
        _it.AskMany(new Gate("b", [shared, held]), "b", 2000);
        held.Hold!.Set(_it.Now + 60 * Clock.Second, 0, 0);
        _it.RunFor(60 * Clock.Second);
        var (a, b) = (_it.CountOf("a"), _it.CountOf("b"));
        Assert.True(a > 580, $"what was held did not keep the others: {a}");
        _it.RunFor(20 * Clock.Second);
        Assert.InRange(_it.CountOf("a") - a, 90, 110);
        Assert.InRange(_it.CountOf("b") - b, 90, 110);
    }

    [Fact]
    public void A_tenant_who_comes_back_one_at_a_time_gets_no_more_than_one_who_queues()
    {
        var gate = new Gate("api", [_it.Scope("api", "1 bucket 10/s")]);
        _it.AskMany(gate, "queue", 1000, GateFixture.Key(tenant: "queue"));
        _it.Latency = permit =>
        {
            if (permit.Lane.Key.Tenant == "loop")
                _it.Later(0, () => _it.Ask(gate, "loop", GateFixture.Key(tenant: "loop")));
            return 0;
        };
        _it.Ask(gate, "loop", GateFixture.Key(tenant: "loop"));
        _it.RunFor(30 * Clock.Second);
        Assert.InRange(_it.CountOf("queue"), 140, 170);
        Assert.InRange(_it.CountOf("loop"), 140, 170);
    }

    [Fact]
    public void A_tenant_whose_requests_all_cost_differently_has_one_share_and_is_served_in_order()
    {
        var gate = new Gate("api", [_it.Scope("api", "1000 tokens/s")]);
        _it.AskMany(gate, "even", 2000, Tokens("even", 50));
        for (var number = 0; number < 2000; number++)
            _it.Ask(gate, $"odd{number}", Tokens("odd", 20 + number % 61));
        _it.RunFor(20 * Clock.Second);
        var odd = _it.Grants.Where(grant => grant.Who.StartsWith("odd", StringComparison.Ordinal)).ToList();
        var (evens, odds) = (_it.CountOf("even") * 50L, odd.Sum(grant => grant.Permit.Cost.In("tokens")));
        Assert.InRange(evens, 9_000, 11_500);
        Assert.InRange(odds, 9_000, 11_500);
        // A few cheap ones may pass one they do not delay; nothing else changes the order.
        var numbers = odd.Select(grant => int.Parse(grant.Who[3..])).ToList();
        Assert.True(numbers.Select((number, index) => Math.Abs(number - index)).Max() <= 8);
    }

    [Fact]
    public void Within_a_lane_the_first_to_come_is_the_first_to_go()
    {
        var gate = new Gate("api", [_it.Scope("api", "10/s", "25/5s")]);
        for (var number = 0; number < 200; number++)
            _it.Ask(gate, $"{number}");
        _it.RunFor(60 * Clock.Second);
        Assert.Equal(Enumerable.Range(0, 200).Select(number => $"{number}"), _it.Grants.Select(grant => grant.Who));
    }

    [Fact]
    public void A_priority_with_a_share_leaves_the_rest_to_higher_ones()
    {
        var shares = new Dictionary<RequestPriority, decimal> { [RequestPriority.Low] = 0.6m, [RequestPriority.Background] = 0.2m };
        var gate = new Gate("api", [_it.Scope("api", "10/s")], shares: shares);
        _it.AskMany(gate, "background", 500, GateFixture.Key(priority: RequestPriority.Background));
        _it.RunFor(10 * Clock.Second);
        Assert.InRange(_it.CountOf("background"), 18, 22);
        _it.AskMany(gate, "low", 500, GateFixture.Key(priority: RequestPriority.Low));
        _it.RunFor(10 * Clock.Second);
        Assert.InRange(_it.CountOf("low"), 50, 66);
        Assert.InRange(_it.Grants.Count, 75, 90);
        var before = _it.Grants.Count;
        _it.AskMany(gate, "medium", 500);
        _it.RunFor(10 * Clock.Second);
        Assert.True(_it.CountOf("medium") >= 95, $"{_it.CountOf("medium")} of {_it.Grants.Count - before}");
    }

    [Fact]
    public void A_share_does_not_starve_its_priority_under_higher_work_without_end()
    {
        var shares = new Dictionary<RequestPriority, decimal> { [RequestPriority.Background] = 0.2m };
        var gate = new Gate("api", [_it.Scope("api", "10/s")], shares: shares);
        _it.AskMany(gate, "medium", 5000);
        _it.Ask(gate, "background", GateFixture.Key(priority: RequestPriority.Background));
        _it.RunFor(62 * Clock.Second);
        Assert.Equal(1, _it.CountOf("background"));
    }

    [Theory]
    [InlineData(RequestPriority.High, 15)]
    [InlineData(RequestPriority.Medium, 30)]
    [InlineData(RequestPriority.Low, 45)]
    [InlineData(RequestPriority.Background, 60)]
    public void A_waiter_is_passed_over_for_no_longer_than_its_steps(RequestPriority priority, int seconds)
    {
        var gate = new Gate("api", [_it.Scope("api", "10/s")]);
        _it.AskMany(gate, "critical", 2000, GateFixture.Key(priority: RequestPriority.Critical));
        _it.Ask(gate, "lower", GateFixture.Key(priority: priority));
        _it.RunFor((seconds - 1) * Clock.Second);
        Assert.Equal(0, _it.CountOf("lower"));
        _it.RunFor(2 * Clock.Second + 200 * Clock.Millisecond);
        Assert.Equal(1, _it.CountOf("lower"));
    }

    [Fact]
    public void Many_who_have_aged_leave_every_other_turn_to_what_is_urgent()
    {
        var gate = new Gate("api", [_it.Scope("api", "10/s")]);
        for (var tenant = 0; tenant < 2000; tenant++)
            _it.Ask(gate, "background", GateFixture.Key(priority: RequestPriority.Background, tenant: $"t{tenant}"));
        _it.AskMany(gate, "critical", 3000, GateFixture.Key(priority: RequestPriority.Critical));
        _it.RunFor(70 * Clock.Second);
        var before = _it.CountOf("critical");
        _it.RunFor(20 * Clock.Second);
        Assert.InRange(_it.CountOf("critical") - before, 95, 105);
    }

    [Fact]
    public void Two_who_could_only_go_together_with_a_third_do_not_wait_for_each_other()
    {
        // Each pair shares one limit, in a ring: whoever is first at one is second at the next.
        var (a, b, c) = (_it.Scope("a", "4/s"), _it.Scope("b", "4/s"), _it.Scope("c", "4/s"));
        _it.AskMany(new Gate("ab", [a, b]), "ab", 300, GateFixture.Key(3));
        _it.AskMany(new Gate("bc", [b, c]), "bc", 300, GateFixture.Key(3));
        _it.AskMany(new Gate("ca", [c, a]), "ca", 300, GateFixture.Key(3));
        _it.RunFor(60 * Clock.Second);
        // Three of four at once: two at a limit take turns, and no two of the three go together.
        foreach (var who in (ReadOnlySpan<string>)["ab", "bc", "ca"])
            Assert.InRange(_it.CountOf(who), 18, 32);
    }

    private static LaneKey Tokens(string tenant, long tokens) => new(Cost.Of(1, new Dictionary<string, long> { ["tokens"] = tokens }), RequestPriority.Medium, tenant, null);
}
