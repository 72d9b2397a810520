using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

public sealed class KeyPoolTests
{
    private readonly GateFixture _it = new();

    [Fact]
    public void Each_request_goes_with_the_key_that_has_most_left()
    {
        var (gate, _) = Pool(["a", "b", "c"], "10/s");
        _it.AskMany(gate, "x", 15);
        Assert.Equal([5, 5, 5], _it.Grants.GroupBy(grant => grant.Permit.Key!.Name).Select(group => group.Count()));
    }

    [Fact]
    public void A_key_that_was_used_up_is_preferred_again_once_it_has_more_left_than_the_others()
    {
        var (gate, pool) = Pool(["a", "b"], "10/s");
        foreach (var key in (ReadOnlySpan<PoolKey>)[pool.Keys[0], pool.Keys[1]])
            for (var times = 0; times < (key == pool.Keys[0] ? 10 : 4); times++)
                _it.Ask(gate, "x", Sticky(key));
        _it.RunFor(500 * Clock.Millisecond);
        _it.Ask(gate, "then", GateFixture.Key());
        Assert.Equal("b", _it.Grants[^1].Permit.Key!.Name);
        _it.RunFor(600 * Clock.Millisecond);
        _it.AskMany(gate, "later", 10);
        Assert.InRange(_it.Grants.Count(grant => grant.Who == "later" && grant.Permit.Key!.Name == "a"), 5, 6);
    }

    [Fact]
    public void Who_waits_goes_with_the_key_that_is_free_soonest()
    {
        var (gate, pool) = Pool(["a", "b"], "1/s");
        _it.Ask(gate, "1", Sticky(pool.Keys[0]));
        _it.RunFor(300 * Clock.Millisecond);
        _it.Ask(gate, "2", Sticky(pool.Keys[1]));
        _it.AskMany(gate, "x", 4);
        _it.RunFor(5 * Clock.Second);
        Assert.Equal(["a", "b", "a", "b"], _it.Grants.Where(grant => grant.Who == "x").Select(grant => grant.Permit.Key!.Name));
        Assert.InRange(_it.Since(_it.Grants[2].At), 1 * Clock.Second, 1_010 * Clock.Millisecond);
        Assert.InRange(_it.Since(_it.Grants[3].At), 1_300 * Clock.Millisecond, 1_310 * Clock.Millisecond);
    }

    [Fact]
    public void Who_keeps_to_a_busy_key_does_not_keep_those_back_who_keep_to_a_free_one()
    {
        var (gate, pool) = Pool(["a", "b"], "1/s");
        for (var times = 0; times < 5; times++)
            _it.Ask(gate, "a", Sticky(pool.Keys[0]));
        _it.Ask(gate, "b", Sticky(pool.Keys[1]));
        Assert.Equal(1, _it.CountOf("b"));
        _it.AskMany(gate, "b", 3, Sticky(pool.Keys[1]));
        _it.RunFor(4 * Clock.Second);
        Assert.Equal(4, _it.CountOf("a"));
        Assert.Equal(4, _it.CountOf("b"));
    }

    [Fact]
    public void A_key_that_is_held_is_passed_over_until_then()
    {
        var (gate, pool) = Pool(["a", "b"], "5/s");
        pool.Keys[0].Scope.Hold!.Set(_it.Now + 10 * Clock.Second, 0, 0);
        pool.Touch(pool.Keys[0], _it.Now);
        _it.AskMany(gate, "x", 200);
        _it.RunFor(9 * Clock.Second);
        Assert.All(_it.Grants, grant => Assert.Equal("b", grant.Permit.Key!.Name));
        _it.RunFor(9 * Clock.Second);
        Assert.InRange(_it.Grants.Count(grant => grant.Permit.Key!.Name == "a"), 38, 45);
    }

    [Fact]
    public void When_a_key_dies_those_who_kept_to_it_go_with_another()
    {
        var (gate, pool) = Pool(["a", "b"], "1/s");
        _it.AskMany(gate, "x", 3, Sticky(pool.Keys[0]));
        _it.Scheduler.Kill([gate], pool, pool.Keys[0], "rejected", _it.Now);
        _it.RunFor(3 * Clock.Second);
        Assert.Equal(["a", "b", "b"], _it.Grants.Select(grant => grant.Permit.Key!.Name));
    }

    [Fact]
    public void When_the_last_key_dies_all_who_wait_are_refused_and_all_who_come()
    {
        var (gate, pool) = Pool(["a", "b"], "1/s");
        _it.AskMany(gate, "x", 5);
        _it.Scheduler.Kill([gate], pool, pool.Keys[0], "answered 401", _it.Now);
        _it.Scheduler.Kill([gate], pool, pool.Keys[1], "answered 403", _it.Now);
        _it.RunFor(Clock.Second);
        Assert.Equal(3, _it.Refusals.Count);
        _it.Ask(gate, "late");
        Assert.Equal(4, _it.Refusals.Count);
        Assert.All(_it.Refusals, refusal => Assert.Equal(RefusalReason.NoKeys, refusal.Why.Reason));
        Assert.Contains("a: answered 401; b: answered 403", _it.Refusals[0].Why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_which_as_much_is_left_work_by_their_weight()
    {
        var pool = new KeyPool("pool", [new PoolKey(new KeySecret("heavy", "1"), _it.Scope("key heavy"), 3), new PoolKey(new KeySecret("light", "2"), _it.Scope("key light"))]);
        _it.AskMany(new Gate("api", [_it.Scope("api")], pool), "x", 40);
        Assert.Equal(30, _it.Grants.Count(grant => grant.Permit.Key!.Name == "heavy"));
    }

    [Fact]
    public void The_only_key_that_is_left_says_what_holds_it()
    {
        var (gate, pool) = Pool(["a", "b"], "1/s");
        _it.Scheduler.Kill([gate], pool, pool.Keys[1], "answered 401", _it.Now);
        _it.AskMany(gate, "x", 2);
        Assert.StartsWith("1/s (", pool.Describe(), StringComparison.Ordinal);
        pool.Keys[0].Scope.Hold!.Set(_it.Now + 10 * Clock.Second, 0, 0);
        pool.Touch(pool.Keys[0], _it.Now);
        Assert.StartsWith("a pause the server asked for (", pool.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_cost_gets_its_turn_among_small_ones_on_the_same_keys()
    {
        var (gate, _) = Pool(["a", "b"], "10/s");
        _it.AskMany(gate, "large", 200, GateFixture.Key(8, tenant: "large"));
        _it.AskMany(gate, "x", 2000, GateFixture.Key(tenant: "x"));
        _it.RunFor(60 * Clock.Second);
        Assert.InRange(_it.CountOf("large") * 8, 350, 800);
        Assert.InRange(_it.CountOf("x"), 350, 800);
    }

    [Fact]
    public void A_cost_that_does_not_fit_the_fullest_key_goes_with_one_that_it_fits()
    {
        var keys = new[] { Key("a", "100/s", "100 tokens/s"), Key("b", "100/s", "100 tokens/s") };
        var gate = new Gate("api", [], new KeyPool("api", keys));
        _it.Ask(gate, "1", Tokens(80, keys[0]));
        for (var times = 0; times < 90; times++)
            _it.Ask(gate, "r", Sticky(keys[1]));
        _it.Ask(gate, "2", Tokens(50, null));
        Assert.Equal("b", _it.Grants[^1].Permit.Key!.Name);
    }

    private static LaneKey Sticky(PoolKey key) => new(Cost.One, RequestPriority.Medium, null, key);

    private static LaneKey Tokens(long tokens, PoolKey? key) => new(Cost.Of(1, new Dictionary<string, long> { ["tokens"] = tokens }), RequestPriority.Medium, null, key);

    private PoolKey Key(string name, params string[] limits) => new(new KeySecret(name, $"value of {name}"), _it.Scope($"key {name}", limits));

    private (Gate Gate, KeyPool Pool) Pool(string[] names, params string[] limits)
    {
        var pool = new KeyPool("api", names.Select(name => Key(name, limits)));
        return (new Gate("api", [_it.Scope("api")], pool), pool);
    }
}
