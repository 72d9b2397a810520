using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class BreakerStateTests
{
    private const long S = Clock.Second;

    private readonly BreakerState _breaker = Closed();

    [Fact]
    public void Five_failures_in_a_row_open_it_for_a_minute()
    {
        for (var second = 1; second <= 4; second++)
            Assert.False(_breaker.Failed(second * S, second * S));
        Assert.False(_breaker.Succeeded(5 * S, 5 * S));
        for (var second = 6; second <= 9; second++)
            Assert.False(_breaker.Failed(second * S, second * S));
        Assert.Equal(9 * S, _breaker.FreeAt(1, 9 * S));

        Assert.True(_breaker.Failed(10 * S, 10 * S));
        Assert.Equal((70 * S, BreakerPosition.Open, 1), (_breaker.FreeAt(1, 10 * S), _breaker.Breaker.PositionAt(69 * S), _breaker.Breaker.Opens));
        Assert.Equal(70 * S, _breaker.FreeAt(1, 70 * S));
        Assert.Equal(BreakerPosition.HalfOpen, _breaker.Breaker.PositionAt(70 * S));
    }

    [Fact]
    public void While_it_is_open_it_tells_how_many_have_failed_in_a_row()
    {
        Open(_breaker, S);
        Assert.Equal(5, _breaker.Breaker.Failures);
        Assert.True(_breaker.Failed(61 * S, 62 * S));
        Assert.Equal((6, BreakerPosition.Open), (_breaker.Breaker.Failures, _breaker.Breaker.PositionAt(62 * S)));

        for (var probe = 1; probe <= 3; probe++)
            _breaker.Succeeded(122 * S, 123 * S);
        Assert.Equal((0, BreakerPosition.Closed), (_breaker.Breaker.Failures, _breaker.Breaker.PositionAt(123 * S)));
        Assert.False(_breaker.Failed(124 * S, 124 * S));
        Assert.Equal(1, _breaker.Breaker.Failures);
    }

    [Fact]
    public void Half_open_lets_three_go_at_once_and_every_place_comes_back()
    {
        Open(_breaker, S);
        var now = 61 * S;
        for (var probe = 1; probe <= 3; probe++)
        {
            Assert.Equal(now, _breaker.FreeAt(1, now));
            _breaker.Take(1);
        }
        Assert.Equal((LimitState.Never, 0L), (_breaker.FreeAt(1, now), _breaker.Available(now)));
        _breaker.Return(1);
        _breaker.Sent(1, now);
        Assert.Equal(1, _breaker.Available(now));
        _breaker.Ended(1, now, isAborted: false, now + 1);
        Assert.Equal(2, _breaker.Available(now + 1));
        _breaker.Sent(1, now + 2);
        Assert.Equal(2, _breaker.Available(now + 2));
        _breaker.Lost(1, now + 2, now + 3);
        Assert.Equal(3, _breaker.Available(now + 3));
    }

    [Fact]
    public void Three_successes_in_a_row_close_it_and_one_failure_opens_it_again()
    {
        Open(_breaker, S);
        Assert.False(_breaker.Succeeded(61 * S, 62 * S));
        Assert.False(_breaker.Succeeded(61 * S, 62 * S));
        Assert.True(_breaker.Failed(61 * S, 63 * S));
        Assert.Equal((123 * S, 2), (_breaker.FreeAt(1, 63 * S), _breaker.Breaker.Opens));
        for (var probe = 1; probe <= 3; probe++)
            Assert.Equal(probe == 3, _breaker.Succeeded(123 * S, 124 * S + probe));
        Assert.Equal(125 * S, _breaker.FreeAt(1, 125 * S));
    }

    [Fact]
    public void What_was_sent_before_it_opened_neither_closes_nor_opens_it()
    {
        Open(_breaker, 10 * S);
        for (var late = 0; late < 5; late++)
        {
            Assert.False(_breaker.Succeeded(9 * S, 71 * S));
            Assert.False(_breaker.Failed(9 * S, 71 * S));
        }
        Assert.Equal(BreakerPosition.HalfOpen, _breaker.Breaker.PositionAt(71 * S));
        for (var probe = 1; probe <= 3; probe++)
            _breaker.Succeeded(72 * S, 73 * S);
        for (var late = 0; late < 5; late++)
            Assert.False(_breaker.Failed(9 * S, 74 * S));
        Assert.Equal(BreakerPosition.Closed, _breaker.Breaker.PositionAt(74 * S));
    }

    [Fact]
    public void Those_under_way_when_it_opened_hold_no_place_of_a_probe()
    {
        for (var each = 0; each < 50; each++)
        {
            _breaker.Take(1);
            _breaker.Sent(1, each);
        }
        Open(_breaker, S);
        Assert.Equal(3, _breaker.Available(61 * S));
        for (var each = 0; each < 50; each++)
            _breaker.Ended(1, each, isAborted: false, 61 * S);
        Assert.Equal(3, _breaker.Available(61 * S));
    }

    [Fact]
    public void A_share_of_failures_opens_it_though_never_five_come_in_a_row()
    {
        var breaker = Closed(new BreakerConfiguration { FailureShare = new Percentage(5_000) });
        var opened = 0;
        for (var call = 1; call <= 30 && opened == 0; call++)
            if (call % 2 == 0 ? breaker.Failed(call * S / 4, call * S / 4) : breaker.Succeeded(call * S / 4, call * S / 4))
                opened = call;
        Assert.Equal(Breaker.LeastCalls, opened);
        // The same spread over ten minutes is too few calls to judge by.
        breaker = Closed(new BreakerConfiguration { FailureShare = new Percentage(5_000) });
        for (var call = 1; call <= 30; call++)
            Assert.False(call % 2 == 0 ? breaker.Failed(call * 20 * S, call * 20 * S) : breaker.Succeeded(call * 20 * S, call * 20 * S));
    }

    [Fact]
    public void A_user_is_told_that_it_is_the_breaker() => Assert.Equal("its breaker, which is open", _breaker.Words);

    [Fact]
    public void Under_any_order_of_late_answers_it_does_what_a_plain_list_of_results_says() => Cases.Run(300, random =>
    {
        var policy = new BreakerConfiguration { FailureThreshold = random.Next(1, 6), SuccessThreshold = random.Next(1, 4), RecoveryTimeout = TimeSpan.FromSeconds(random.Next(1, 20)) };
        var (state, model) = (Closed(policy), new BreakerModel(policy));
        var (flying, now) = (new List<long>(), 1L);
        for (var step = 0; step < 400; step++)
        {
            now += random.NextInt64(1, 3 * S);
            var free = state.FreeAt(1, now);
            Assert.Equal(model.FreeAt(now), free);
            if (free == now && random.Chance(0.6))
            {
                state.Take(1);
                if (random.Chance(0.1))
                    state.Return(1);
                else
                {
                    state.Sent(1, now);
                    model.Sent(now);
                    flying.Add(now);
                }
            }
            else if (flying.Count > 0)
            {
                var sent = flying[random.Next(flying.Count)];
                flying.Remove(sent);
                End(random, state, model, sent, now);
            }
            Assert.Equal(model.Opens, state.Breaker.Opens);
        }
    });

    private static void End(Random random, BreakerState state, BreakerModel model, long sent, long now)
    {
        if (random.Chance(0.5))
            state.Ended(1, sent, isAborted: false, now);
        else
            state.Lost(1, sent, now);
        bool? success = random.Next(10) switch { < 5 => true, < 9 => false, _ => null };
        if (success == true)
            state.Succeeded(sent, now);
        else if (success == false)
            state.Failed(sent, now);
        model.Ended(sent, success, now);
    }

    private static BreakerState Closed(BreakerConfiguration? policy = null) => new(new Breaker(policy ?? BreakerConfiguration.Default));

    private static void Open(BreakerState breaker, long at)
    {
        for (var failure = 0; failure < 5; failure++)
            breaker.Failed(at, at);
    }
}
