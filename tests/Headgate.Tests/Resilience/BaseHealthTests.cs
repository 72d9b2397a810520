using Headgate.Resilience;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class BaseHealthTests
{
    private const long S = Clock.Second;

    private readonly BaseHealth _health = new(3);

    [Fact]
    public void A_request_goes_to_its_own_base_while_that_is_well()
    {
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(own => _health.Choose(own, 0)));
        Assert.False(_health.Failed(1, 1, 2));
        Assert.False(_health.Failed(1, 1, 2));
        _health.Succeeded(1, 1);
        _health.Failed(1, 1, 2);
        _health.Failed(1, 1, 2);
        Assert.Equal(1, _health.Choose(1, 3));
    }

    [Fact]
    public void After_three_failures_in_a_row_it_goes_to_the_first_that_is_well_for_30_s_then_one_tries()
    {
        Assert.True(Fall(1, 10 * S));
        Assert.Equal([0, 0, 2], Enumerable.Range(0, 3).Select(own => _health.Choose(own, 39 * S)));
        Fall(0, 11 * S);
        Assert.Equal(2, _health.Choose(1, 12 * S));
        Assert.Equal(1, _health.Choose(1, 40 * S));
        Assert.Equal(2, _health.Choose(1, 40 * S));

        Assert.True(_health.Succeeded(1, 40 * S));
        Assert.Equal((1, false), (_health.Choose(1, 40 * S), _health.IsDown(1)));
    }

    [Fact]
    public void As_long_as_its_tries_fail_it_is_left_alone_for_twice_as_long_up_to_5_minutes()
    {
        Fall(0, S);
        var (at, absences) = (S, new List<long>());
        for (var step = 0; step < 6; step++)
        {
            var since = at;
            while (_health.Choose(0, at) != 0)
                at += S;
            absences.Add((at - since) / S);
            _health.Failed(0, at, at);
        }
        Assert.Equal([30, 60, 120, 240, 300, 300], absences);
    }

    [Fact]
    public void What_was_sent_before_it_fell_tells_nothing()
    {
        Fall(0, 10 * S);
        Assert.False(_health.Succeeded(0, 9 * S));
        Assert.False(_health.Failed(0, 9 * S, 20 * S));
        Assert.Equal((1, 0), (_health.Choose(0, 39 * S), _health.Choose(0, 40 * S)));
    }

    [Fact]
    public void When_all_are_down_it_is_the_one_that_failed_longest_ago()
    {
        Fall(1, S);
        Fall(2, 2 * S);
        Fall(0, 3 * S);
        Assert.Equal([1, 1, 1], Enumerable.Range(0, 3).Select(own => _health.Choose(own, 4 * S)));
    }

    [Fact]
    public void A_try_that_is_never_heard_of_does_not_keep_it_down()
    {
        Fall(0, S);
        Assert.Equal((0, 1, 0), (_health.Choose(0, 31 * S), _health.Choose(0, 60 * S), _health.Choose(0, 61 * S)));
    }

    [Fact]
    public void Whatever_happens_a_base_is_named_and_a_down_one_only_by_a_try_or_when_all_are() => Cases.Run(100, random =>
    {
        var health = new BaseHealth(3);
        var now = 1L;
        for (var step = 0; step < 300; step++)
        {
            now += random.NextInt64(5 * S);
            var chosen = health.Choose(random.Next(3), now);
            Assert.InRange(chosen, 0, 2);
            if (health.IsDown(chosen) && !Enumerable.Range(0, 3).All(health.IsDown))
                Assert.NotEqual(chosen, health.Choose(chosen, now));
            if (random.Chance(0.7))
                health.Failed(chosen, now, now + S);
            else
                health.Succeeded(chosen, now);
        }
    });

    private bool Fall(int index, long at)
    {
        _health.Failed(index, at - 1, at);
        _health.Failed(index, at - 1, at);
        return _health.Failed(index, at - 1, at);
    }
}
