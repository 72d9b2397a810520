using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Tests.Gates;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

/// <summary>Breaker and pace as a gate asks them.</summary>
public sealed class OwnStatesInGateTests
{
    private const long S = Clock.Second;

    private readonly GateFixture _it = new();
    private readonly BreakerState _breaker = new(new Breaker(BreakerConfiguration.Default));
    private readonly PaceState _pace = new();

    [Fact]
    public void While_it_is_open_all_wait_then_three_find_out_and_the_rest_follows_when_it_closes()
    {
        var (gate, breaker) = Gate(_breaker);
        Open();
        _it.Latency = permit =>
        {
            _it.Later(S / 2, () => Succeeded(breaker, permit));
            return S;
        };
        _it.AskMany(gate, "a", 10);
        Assert.Equal((0, "its breaker, which is open (api)"), (_it.Grants.Count, breaker.Describe()));
        _it.RunFor(100 * S);
        Assert.Equal([.. Enumerable.Repeat(60 * S, 3), .. Enumerable.Repeat(60 * S + S / 2, 7)], _it.Grants.Select(grant => _it.Since(grant.At)));
    }

    [Fact]
    public void A_probe_that_tells_nothing_gives_its_place_to_the_next()
    {
        var (gate, _) = Gate(_breaker);
        Open();
        _it.Latency = _ => 10 * S;
        _it.AskMany(gate, "a", 7);
        _it.RunFor(100 * S);
        Assert.Equal([60, 60, 60, 70, 70, 70, 80], _it.Grants.Select(grant => _it.Since(grant.At) / S));
    }

    [Fact]
    public void Who_waits_at_a_limit_when_it_opens_does_not_go_before_it_is_over()
    {
        var (gate, _) = Gate(_breaker, "1/s");
        _it.AskMany(gate, "a", 3);
        Assert.Single(_it.Grants);
        Open();
        _it.RunFor(59 * S);
        Assert.Single(_it.Grants);
        _it.RunFor(10 * S);
        Assert.Equal([0, 60, 61], _it.Grants.Select(grant => _it.Since(grant.At) / S));
    }

    [Fact]
    public void A_probe_that_fails_makes_all_wait_anew()
    {
        var (gate, _) = Gate(_breaker);
        Open();
        _it.Latency = permit =>
        {
            if (_it.Since(_it.Now) < 100 * S)
                _it.Later(S, () => _breaker.Failed(permit.SentAt, _it.Now));
            return 2 * S;
        };
        _it.AskMany(gate, "a", 8);
        _it.RunFor(130 * S);
        Assert.Equal([60, 60, 60, 121, 121, 121, 123, 123], _it.Grants.Select(grant => _it.Since(grant.At) / S));
    }

    [Fact]
    public void A_pace_lets_them_go_evenly_and_a_faster_one_at_once()
    {
        var (gate, pace) = Gate(_pace);
        _pace.Set(10_000);
        _it.AskMany(gate, "a", 30);
        _it.RunFor(S / 2);
        Assert.Equal([0, 100, 200, 300, 400, 500], _it.Grants.Select(grant => _it.Since(grant.At) / Clock.Millisecond));
        Assert.Equal("our own pace of 10/s (api)", pace.Describe());
        _it.Later(0, () =>
        {
            Assert.True(_pace.Set(20_000));
            _it.Scheduler.Better(pace);
        });
        _it.RunFor(S / 5);
        Assert.Equal([600, 650, 700], _it.Grants.Skip(6).Select(grant => _it.Since(grant.At) / Clock.Millisecond));
        _it.Later(0, () =>
        {
            Assert.True(_pace.Set(null));
            _it.Scheduler.Better(pace);
        });
        _it.RunFor(0);
        Assert.Equal(30, _it.Grants.Count);
    }

    private (Gate Gate, Checkpoint Own) Gate(OwnState own, params string[] limits)
    {
        var scope = _it.Scope("api", limits);
        scope.Add(own);
        return (new Gate("api", [scope]), scope.Checkpoints[^1]);
    }

    private void Succeeded(Checkpoint breaker, Permit permit)
    {
        if (_breaker.Succeeded(permit.SentAt, _it.Now))
            _it.Scheduler.Better(breaker);
    }

    private void Open()
    {
        for (var failure = 0; failure < 5; failure++)
            _breaker.Failed(_it.Now, _it.Now);
    }
}
