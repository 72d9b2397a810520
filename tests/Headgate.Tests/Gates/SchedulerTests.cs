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

    [Theory]
    [InlineData(LimitTiming.Nominal)]
    [InlineData(LimitTiming.Bounded)]
    [InlineData(LimitTiming.Guaranteed)]
    public void What_was_cancelled_refused_or_returned_leaves_no_trace_in_any_limit(LimitTiming timing)
    {
        var terms = timing == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(timing, 250 * Clock.Millisecond, 2 * Clock.Second);
        var scope = _it.Scope("api", terms, "10/s", "20 bucket 10/s", "500 tokens/min", "5 concurrent", "100/min fixed skew=0", "50/s spaced");
        var gate = new Gate("api", [scope]);
        _it.Latency = _ => 20 * Clock.Millisecond;
        _it.AskMany(gate, "x", 3, new LaneKey(Cost.Of(1, new Dictionary<string, long> { ["tokens"] = 100 }), RequestPriority.Medium, null, null));
        _it.RunFor(200 * Clock.Millisecond);
        var before = Free(scope);

        var waits = _it.Scheduler.Enqueue(gate, new LaneKey(Cost.Of(5, new Dictionary<string, long> { ["tokens"] = 450 }), RequestPriority.High, null, null), _it.Now, LimitState.Never);
        Assert.Equal(PermitState.Waiting, waits.State);
        _it.Scheduler.Cancel(waits);
        var late = _it.Scheduler.Enqueue(gate, new LaneKey(Cost.Of(1, new Dictionary<string, long> { ["tokens"] = 450 }), RequestPriority.High, null, null), _it.Now, _it.Now + 1);
        Assert.Equal(PermitState.Refused, late.State);
        var large = _it.Scheduler.Enqueue(gate, GateFixture.Key(6), _it.Now, LimitState.Never);
        Assert.Equal(PermitState.Refused, large.State);
        var given = Scheduler.TryTake(gate, GateFixture.Key(), _it.Now)!;
        _it.Scheduler.Return(given, _it.Now);
        Assert.Equal(before, Free(scope));
        Assert.Equal(0, _it.Scheduler.Waiting);
        Assert.Equal(LimitState.Never, _it.Scheduler.NextWake);

        long[] Free(Scope of) => [.. of.Checkpoints.SelectMany(limit => new[] { limit.State.FreeAt(1, _it.Now), limit.State.FreeAt(3, _it.Now), limit.State.FreeAt(limit.State.Whole, _it.Now), limit.State.Available(_it.Now) })];
    }

    [Fact]
    public void An_event_at_a_limit_whose_only_waiter_has_just_left_does_not_lose_the_next_one()
    {
        var scope = _it.Scope("api", "1 concurrent");
        var gate = new Gate("api", [scope]);
        var holds = Scheduler.TryTake(gate, GateFixture.Key(), _it.Now)!;
        _it.Scheduler.Sent(holds, _it.Now);
        var leaves = _it.Scheduler.Enqueue(gate, GateFixture.Key(), _it.Now, LimitState.Never);
        // Listed as better, then left by its only waiter before anybody looks.
        _it.Scheduler.Better(scope.Checkpoints);
        _it.Scheduler.Cancel(leaves);
        _it.Scheduler.Run(_it.Now);
        var next = _it.Scheduler.Enqueue(gate, GateFixture.Key(), _it.Now, LimitState.Never);
        _it.Scheduler.Answered(holds, _it.Now);
        _it.Scheduler.Ended(holds, null, _it.Now);
        _it.Scheduler.Run(_it.Now);
        Assert.Equal(PermitState.Granted, next.State);
    }

    [Fact]
    public void The_place_of_one_that_has_ended_is_free_when_it_is_recorded_not_before()
    {
        var (scope, cap) = (_it.Scope("api", "1 concurrent"), new ConcurrencyCap(1, slowStart: false));
        scope.Add(cap);
        var gate = new Gate("api", [scope]);
        var first = Scheduler.TryTake(gate, GateFixture.Key(), _it.Now)!;
        _it.Scheduler.Sent(first, _it.Now);
        _it.Scheduler.Answered(first, _it.Now);
        var next = _it.Scheduler.Enqueue(gate, GateFixture.Key(), _it.Now, LimitState.Never);
        first.Keeper = cap;
        _it.Scheduler.Ended(first, null, _it.Now);
        _it.Scheduler.Run(_it.Now);
        Assert.Equal((PermitState.Waiting, 1), (next.State, scope.Checkpoints[0].State.Available(_it.Now)));
        _it.Scheduler.LetGo(first);
        _it.Scheduler.LetGo(first);
        _it.Scheduler.Run(_it.Now);
        Assert.Equal(PermitState.Granted, next.State);
        Assert.Equal(0, cap.Available(_it.Now));
    }

    [Fact]
    public void Nobody_who_comes_overtakes_those_who_are_due_but_were_not_woken_yet()
    {
        var gate = new Gate("api", [_it.Scope("api", "4/s")]);
        _it.AskMany(gate, "first", 4);
        for (var tenant = 0; tenant < 3; tenant++)
            _it.Ask(gate, $"waits{tenant}", GateFixture.Key(tenant: $"{tenant}"));
        // The alarm is late: the window is open again when somebody comes.
        _it.Pass(2 * Clock.Second);
        _it.Ask(gate, "a", GateFixture.Key(tenant: "a"));
        _it.Ask(gate, "b", GateFixture.Key(tenant: "b"));
        Assert.Equal(["waits0", "waits1", "waits2", "a"], _it.Grants.Skip(4).Select(grant => grant.Who));
    }

    [Fact]
    public void Waiters_that_have_gone_are_not_kept_until_their_time_would_have_been_over()
    {
        var gate = new Gate("api", [_it.Scope("api", "1000/s")]);
        for (var number = 0; number < 3000; number++)
            _it.Ask(gate, "x", within: 3600 * Clock.Second);
        _it.RunFor(4 * Clock.Second);
        Assert.Equal(3000, _it.Grants.Count);
        Assert.Equal(LimitState.Never, _it.Scheduler.NextWake);
    }

    [Fact]
    public void Lanes_of_tenants_that_came_once_do_not_pile_up()
    {
        var gate = new Gate("api", [_it.Scope("api", "1000/s")]);
        for (var tenant = 0; tenant < 5000; tenant++)
            _it.Ask(gate, "x", GateFixture.Key(tenant: $"{tenant}"));
        _it.RunFor(10 * Clock.Second);
        Assert.Equal(5000, _it.Grants.Count);
        _it.AskMany(gate, "y", 200, GateFixture.Key(tenant: "y"));
        Assert.InRange(gate.Lanes.Count, 1, 2600);
        for (var tenant = 0; tenant < 200; tenant++)
        {
            _it.Ask(gate, "x", GateFixture.Key(tenant: $"z{tenant}"));
            _it.RunFor(Clock.Millisecond);
        }
        _it.RunFor(10 * Clock.Second);
        _it.Ask(gate, "x", GateFixture.Key(tenant: "last"));
        Assert.InRange(gate.Lanes.Count, 1, 130);
    }

    [Fact]
    public void A_limit_lowered_refuses_those_who_wait_and_cost_more_than_all_of_it()
    {
        var scope = _it.Scope("api", "10/s");
        var gate = new Gate("api", [scope]);
        _it.AskMany(gate, "x", 10);
        _it.Ask(gate, "large", GateFixture.Key(8));
        _it.Ask(gate, "small", GateFixture.Key(2));
        scope.Change([Limit.Parse("5/s")], _it.Now);
        _it.Scheduler.Changed(gate, _it.Now);
        _it.RunFor(3 * Clock.Second);
        Assert.Equal([("large", RefusalReason.TooCostly)], _it.Refusals.Select(refusal => (refusal.Who, refusal.Why.Reason)));
        Assert.Equal(1, _it.CountOf("small"));
    }

    [Fact]
    public void Limits_of_other_units_do_not_inherit_what_is_in_flight_in_each_other()
    {
        var scope = _it.Scope("api", "10/s", "900 tokens/min", "3 concurrent");
        var gate = new Gate("api", [scope]);
        _it.Latency = _ => 100 * Clock.Millisecond;
        _it.AskMany(gate, "x", 2, new LaneKey(Cost.Of(1, new Dictionary<string, long> { ["tokens"] = 300 }), RequestPriority.Medium, null, null));
        scope.Change([Limit.Parse("900 tokens/min"), Limit.Parse("20/s")], _it.Now);
        _it.Scheduler.Changed(gate, _it.Now);
        _it.RunFor(200 * Clock.Millisecond);
        Assert.Equal(300, scope.Checkpoints[0].State.Available(_it.Now));
        Assert.Equal(18, scope.Checkpoints[1].State.Available(_it.Now));
        _it.RunFor(120 * Clock.Second);
        Assert.All(scope.Checkpoints, limit => Assert.True(limit.State.IsIdle(_it.Now)));
    }

    [Fact]
    public void A_waiter_behind_others_is_told_what_held_it()
    {
        var gate = new Gate("api", [_it.Scope("api", "2/s")]);
        _it.AskMany(gate, "x", 4);
        _it.RunFor(2 * Clock.Second);
        Assert.Equal([null, null, "2/s (api)", "2/s (api)"], _it.Grants.Select(grant => grant.Permit.HeldBy?.Describe()));
    }
}
