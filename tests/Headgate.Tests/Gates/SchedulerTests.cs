using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

public sealed class SchedulerTests
{
    private readonly GateFixture _it = new();

    [Fact]
    public void A_window_of_ten_lets_ten_go_at_once_and_the_rest_as_it_slides()
    {
        var gate = new Gate("api", [_it.Scope("api", "10/s")]);
        _it.AskMany(gate, "a", 25);
        Assert.Equal(10, _it.Grants.Count);
        _it.RunFor(3 * Clock.Second);
        Assert.Equal(25, _it.Grants.Count);
        Assert.Equal(10, _it.Grants.Count(g => _it.Since(g.At) is > 0 and < 1_100_000_000));
    }

    [Fact]
    public void A_lane_of_two_limits_among_lanes_of_one_gets_its_fair_share()
    {
        var (a, b) = (_it.Scope("A", "10/s"), _it.Scope("B", "10/s"));
        _it.AskMany(new Gate("only-a", [a]), "a", 2000);
        _it.AskMany(new Gate("only-b", [b]), "b", 2000);
        _it.AskMany(new Gate("both", [a, b]), "both", 2000);
        _it.RunFor(60 * Clock.Second);
        Assert.InRange(_it.CountOf("both"), 285, 315);
        Assert.InRange(_it.CountOf("a"), 285, 320);
        Assert.InRange(_it.CountOf("b"), 285, 320);
    }

    [Fact]
    public void A_cost_of_eight_among_costs_of_one_gets_its_fair_share_of_units()
    {
        var scope = _it.Scope("A", "10/s");
        var gate = new Gate("api", [scope]);
        _it.AskMany(gate, "large", 500, GateFixture.Key(8));
        _it.AskMany(gate, "x", 500, GateFixture.Key(1, tenant: "x"));
        _it.AskMany(gate, "y", 500, GateFixture.Key(1, tenant: "y"));
        _it.RunFor(60 * Clock.Second);
        Assert.InRange(_it.CountOf("large") * 8, 150, 240);
        Assert.InRange(_it.CountOf("x"), 150, 240);
        Assert.InRange(_it.CountOf("y"), 150, 240);
    }

    [Theory]
    [InlineData(LimitTiming.Guaranteed)]
    [InlineData(LimitTiming.Bounded)]
    public void A_large_cost_does_not_starve_where_only_answers_give_places_back(LimitTiming timing)
    {
        var scope = _it.Scope("A", new ArrivalTerms(timing, 250 * Clock.Millisecond, 2 * Clock.Second), "10/s");
        _it.Latency = _ => 100 * Clock.Millisecond;
        var gate = new Gate("api", [scope]);
        _it.AskMany(gate, "large", 200, GateFixture.Key(8));
        _it.AskMany(gate, "x", 600, GateFixture.Key(1, tenant: "x"));
        _it.RunFor(60 * Clock.Second);
        Assert.InRange(_it.CountOf("large") * 8, 150, 400);
        Assert.InRange(_it.CountOf("x"), 150, 400);
    }

    [Fact]
    public void Gates_under_one_saturated_limit_share_it_equally()
    {
        var total = _it.Scope("total", "100/s");
        for (var gate = 0; gate < 10; gate++)
            _it.AskMany(new Gate($"g{gate}", [total, _it.Scope($"g{gate}", "1000/s")]), $"g{gate}", 500);
        _it.RunFor(20 * Clock.Second);
        // The first hundred went before the other gates had come.
        for (var gate = 1; gate < 10; gate++)
            Assert.InRange(_it.CountOf($"g{gate}"), 185, 195);
    }

    [Fact]
    public void Higher_priorities_go_first_and_lower_ones_age()
    {
        var gate = new Gate("api", [_it.Scope("api", "10/s")]);
        _it.AskMany(gate, "low", 100, GateFixture.Key(priority: RequestPriority.Background));
        _it.AskMany(gate, "high", 900, GateFixture.Key(priority: RequestPriority.Critical));
        _it.RunFor(50 * Clock.Second);
        Assert.Equal(10, _it.CountOf("low"));
        _it.RunFor(35 * Clock.Second);
        Assert.InRange(_it.CountOf("low"), 11, 15);
    }

    [Fact]
    public void A_cancelled_waiter_leaves_nothing_behind()
    {
        var gate = new Gate("api", [_it.Scope("api", "1/s")]);
        _it.Ask(gate, "first");
        var second = _it.Ask(gate, "second");
        _it.Ask(gate, "third");
        Assert.True(_it.Scheduler.Cancel(second));
        _it.RunFor(1_100 * Clock.Millisecond + Clock.Second);
        Assert.Equal(["first", "third"], _it.Grants.Select(grant => grant.Who));
        Assert.Equal(0, _it.Scheduler.Waiting);
    }
}
