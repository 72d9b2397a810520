using Headgate.Gates;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>Whoever is refused for want of time is told when it is worth coming again.</summary>
public sealed class ComeAgainTests
{
    private readonly GateFixture _fixture = new();

    [Fact]
    public void At_the_door_the_limit_that_holds_longest_is_the_one_that_counts()
    {
        var gate = new Gate("api", [_fixture.Scope("api", "1/10s", "1/min")]);
        _fixture.Ask(gate, "first");

        _fixture.Ask(gate, "second", within: 5 * Clock.Second);

        var (_, why) = Assert.Single(_fixture.Refusals);
        Assert.InRange(why.RetryAfter!.Value.TotalSeconds, 60, 60.1);
        Assert.Contains("1/min", why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_the_queue_it_is_when_all_who_wait_have_gone()
    {
        var gate = new Gate("api", [_fixture.Scope("api", "1/s spaced")]);
        _fixture.AskMany(gate, "ahead", 10);
        _fixture.Ask(gate, "hasty", within: 3 * Clock.Second + Clock.Second / 2);
        _fixture.RunFor(4 * Clock.Second);

        // Six are ahead still, and it counted itself: never too early.
        var (who, why) = Assert.Single(_fixture.Refusals);
        Assert.Equal("hasty", who);
        Assert.InRange(why.RetryAfter!.Value.TotalSeconds, 6.4, 7.7);
    }

    [Fact]
    public void Where_only_an_end_can_tell_nothing_is_told()
    {
        _fixture.Latency = _ => 100 * Clock.Second;
        var gate = new Gate("api", [_fixture.Scope("api", "1 concurrent")]);
        _fixture.Ask(gate, "first");
        _fixture.Ask(gate, "second", within: Clock.Second);
        _fixture.RunFor(2 * Clock.Second);

        Assert.Null(Assert.Single(_fixture.Refusals).Why.RetryAfter);
    }
}
