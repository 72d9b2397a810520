using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>Limits of a scope that become others while requests wait and are under way.</summary>
public sealed class ScopeChangeTests
{
    private readonly GateFixture _gates = new();
    private readonly UnderWay _underWay = new(new LimitEras(new Clock(TimeProvider.System)), 0);

    [Theory]
    [InlineData(LimitTiming.Nominal)]
    [InlineData(LimitTiming.Bounded)]
    [InlineData(LimitTiming.Guaranteed)]
    public void No_window_of_the_limits_in_force_is_exceeded_whatever_they_become_and_whenever(LimitTiming timing) => Cases.Run(25, random =>
    {
        var world = new ChangingWorld(random, timing, isRecorded: random.Chance(0.5));
        world.Live();
        Assert.True(world.Granted > 80, $"only {world.Granted} went");
    });

    [Theory]
    [InlineData("100/s", "200/s", 200)]
    [InlineData("100/s", "50/s", 50)]
    [InlineData("100/s", "1000/10s", 100)]
    [InlineData("50 bucket 20/s", "20 bucket 80/s", 80)]
    [InlineData("20/s spaced", "80/s", 80)]
    [InlineData("200/s counter", "100/s counter", 98)]
    public void The_throughput_is_that_of_the_new_limit(string before, string after, int perSecond)
    {
        var scope = _gates.Scope("api", before);
        var gate = Gate(scope);
        _gates.AskMany(gate, "a", 6_000);
        _gates.RunFor(5 * Clock.Second);
        Change(gate, scope, after);
        // A period passes in which what went before still counts.
        _gates.RunFor(10 * Clock.Second);
        var went = _gates.CountOf("a");
        _gates.RunFor(10 * Clock.Second);

        Assert.InRange(_gates.CountOf("a") - went, perSecond * 10 * 0.97, perSecond * 10 + perSecond);
    }

    [Fact]
    public void A_limit_that_is_raised_lets_those_who_wait_go_at_once()
    {
        var scope = _gates.Scope("api", "2/min");
        var gate = Gate(scope);
        _gates.AskMany(gate, "a", 5);
        _gates.RunFor(Clock.Second);
        Assert.Equal(2, _gates.CountOf("a"));

        Change(gate, scope, "5/min");
        _gates.RunFor(0);

        Assert.Equal(5, _gates.CountOf("a"));
    }

    [Fact]
    public void A_limit_that_is_lowered_counts_what_went_and_lets_nothing_beyond_it()
    {
        var scope = _gates.Scope("api", "100/min");
        var gate = Gate(scope);
        _gates.AskMany(gate, "a", 60);
        _gates.RunFor(Clock.Second);

        Change(gate, scope, "50/min");
        _gates.AskMany(gate, "b", 10);
        _gates.RunFor(50 * Clock.Second);
        Assert.Equal((60, 0), (_gates.CountOf("a"), _gates.CountOf("b")));

        _gates.RunFor(15 * Clock.Second);
        Assert.Equal(10, _gates.CountOf("b"));
    }

    [Fact]
    public void A_limit_that_is_there_already_stays_as_it_is()
    {
        var scope = _gates.Scope("api", "100/s", "500/min");
        var states = scope.Checkpoints.Take(2).Select(checkpoint => checkpoint.State).ToList();

        scope.Declare([Limit.Parse("500/min"), Limit.Parse("80/s")], scope.Terms, _gates.Now);

        Assert.Same(states[1], scope.Checkpoints[0].State);
        Assert.NotSame(states[0], scope.Checkpoints[1].State);
    }

    [Fact]
    public void Of_several_limits_the_one_that_looks_back_as_far_hands_over_what_it_knows()
    {
        // Found: the first of the list was taken, which knew of the last second only, so that all before it counted as if it were now.
        var scope = _gates.Scope("api", "100/s", "1000/h");
        var gate = Gate(scope);
        _gates.AskMany(gate, "a", 900);
        _gates.RunFor(30 * 60 * Clock.Second);

        scope.Declare([Limit.Parse("1200/h")], scope.Terms, _gates.Now);
        Assert.Equal(300, scope.Checkpoints[0].State.Available(_gates.Now));
        _gates.RunFor(31 * 60 * Clock.Second);
        Assert.Equal(1200, scope.Checkpoints[0].State.Available(_gates.Now));
    }

    [Theory]
    [InlineData("10 concurrent")]
    [InlineData("10/h")]
    public void What_is_under_way_counts_in_a_limit_that_was_not_there(string limit)
    {
        var scope = _gates.Scope("api", new ArrivalTerms(LimitTiming.Guaranteed, 0, 0));
        var gate = Gate(scope);
        _gates.Latency = _ => 60 * Clock.Second;
        _gates.AskMany(gate, "a", 9);
        _gates.RunFor(Clock.Second);

        Change(gate, scope, limit);
        _gates.AskMany(gate, "b", 5);
        _gates.RunFor(Clock.Second);

        Assert.Equal(1, _gates.CountOf("b"));
        _gates.RunFor(100 * 60 * Clock.Second);
        Assert.Equal(5, _gates.CountOf("b"));
        Assert.True(scope.IsIdle(_gates.Now + 3700 * Clock.Second), "something is held for ever");
    }

    [Fact]
    public void What_is_recorded_tells_a_limit_that_looks_back_farther_what_went_and_when()
    {
        // Without it a day would begin full: the second before it remembers only how many went altogether.
        var scope = _gates.Scope("api", "100/s");
        var past = new ScopePast { Sends = [.. Enumerable.Range(0, 50).Select(number => new PastSend { SentNs = Ago(number), LateNs = Ago(number), WallSentNs = 0, WallLateNs = 0 })] };

        scope.Declare([Limit.Parse("100/s"), Limit.Parse("60/h")], scope.Terms, _gates.Now, state => ScopeMemory.Restore(state, past, _gates.Now));

        Assert.Equal(10, scope.Checkpoints[1].State.Available(_gates.Now));
        Assert.Equal(21, scope.Checkpoints[1].State.Available(_gates.Now + 10 * 60 * Clock.Second + Clock.Second));

        long Ago(int number) => _gates.Now - (60 * 60 - number * 60) * Clock.Second;
    }

    [Fact]
    public void Who_waits_in_a_gate_that_has_gone_is_sent_on_and_keeps_its_place()
    {
        var scope = _gates.Scope("api", "1/s");
        var (old, next) = (Gate(scope), Gate(scope));
        _gates.AskMany(old, "a", 2);
        var waiting = _gates.Ask(old, "b");
        _gates.RunFor(Clock.Second / 2);
        _gates.Ask(next, "c");

        _gates.Scheduler.Leave(old);
        _gates.RunFor(0);
        Assert.All(_gates.Refusals, refusal => Assert.Equal(RefusalReason.Moved, refusal.Why.Reason));
        Assert.Equal(0, old.Refused);
        var again = new Permit(Cost.One, LimitState.Never) { EnqueuedAt = waiting.EnqueuedAt };
        _gates.Scheduler.Enqueue(again, next, GateFixture.Key(), _gates.Now);

        Assert.Same(again, next.Lanes.Single().First);
        _gates.Ask(old, "late");
        Assert.Equal("late", _gates.Refusals[^1].Who);
    }

    [Fact]
    public void A_pause_by_hand_holds_until_it_is_ended_and_nothing_else_ends_it()
    {
        var scope = _gates.Scope("api", "100/s");
        var gate = Gate(scope);
        scope.Hold!.PausedBy = "ops";
        scope.Hold.Set(_gates.Now + Clock.Second, 0, 0);
        _gates.Ask(gate, "a");
        _gates.RunFor(24 * 3600 * Clock.Second);
        Assert.Empty(_gates.Grants);
        Assert.Equal("a pause by hand (api)", gate.Lanes.Single().HeldBy!.Constraint.Describe());

        scope.Hold.PausedBy = null;
        _gates.Later(0, () => _gates.Scheduler.Better(scope.HoldPoint!));
        _gates.RunFor(0);

        Assert.Single(_gates.Grants);
    }

    private Gate Gate(Scope scope) => new("gate", [scope]) { UnderWay = _underWay };

    private void Change(Gate gate, Scope scope, params string[] limits)
    {
        _gates.Later(0, () =>
        {
            foreach (var added in scope.Declare([.. limits.Select(Limit.Parse)], scope.Terms, _gates.Now))
                added.Join(_underWay, _ => true, _gates.Now);
            _gates.Scheduler.Changed(gate, _gates.Now);
        });
        _gates.RunFor(0);
    }
}
