using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>Connections that are passed through unread: places among what is open at once, and in no other limit.</summary>
public sealed class TunnelGateTests
{
    private readonly GateFixture _fixture = new() { Latency = _ => 10 * Clock.Second };

    [Fact]
    public void They_share_what_may_be_open_at_once_with_requests_and_spend_no_rate()
    {
        var api = _fixture.Scope("api", "3 concurrent", "1/h");
        api.Add(new ConcurrencyCap(1, slowStart: false));
        var (requests, tunnels) = (new Gate("api", [api]), new Gate("api", [api], countsOpenOnly: true));

        _fixture.AskMany(tunnels, "tunnel", 2);
        _fixture.Ask(requests, "request");
        _fixture.Ask(tunnels, "late");

        Assert.Equal((2, 1, 0), (_fixture.CountOf("tunnel"), _fixture.CountOf("request"), _fixture.CountOf("late")));
        _fixture.RunFor(10 * Clock.Second);
        Assert.Equal(1, _fixture.CountOf("late"));
    }

    [Fact]
    public void Connections_that_are_counted_count_for_both()
    {
        var api = _fixture.Scope("api");
        api.Add(ConcurrencyCap.OfConnections(1));
        var (requests, tunnels) = (new Gate("api", [api]), new Gate("api", [api], countsOpenOnly: true));

        _fixture.Ask(tunnels, "tunnel");
        _fixture.Ask(requests, "request");

        Assert.Equal((1, 0), (_fixture.CountOf("tunnel"), _fixture.CountOf("request")));
        _fixture.RunFor(10 * Clock.Second);
        Assert.Equal(1, _fixture.CountOf("request"));
    }

    [Fact]
    public void A_limit_of_what_is_open_that_changes_changes_for_them_too()
    {
        var api = _fixture.Scope("api", "1 concurrent");
        var tunnels = new Gate("api", [api], countsOpenOnly: true);
        _fixture.AskMany(tunnels, "tunnel", 3);

        api.Change([Limit.Parse("2 concurrent"), Limit.Parse("1/h")], _fixture.Now);
        _fixture.Scheduler.Changed(tunnels, _fixture.Now);
        _fixture.Ask(tunnels, "later");

        Assert.Equal((2, 0), (_fixture.CountOf("tunnel"), _fixture.CountOf("later")));
    }
}
