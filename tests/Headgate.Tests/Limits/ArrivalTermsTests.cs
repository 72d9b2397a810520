using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

public sealed class ArrivalTermsTests
{
    private static ArrivalTerms Bounded(long milliseconds) => new(LimitTiming.Bounded, milliseconds * Clock.Millisecond, ArrivalTerms.DefaultStraggle);

    [Fact]
    public void The_bound_is_at_least_four_round_trips_of_a_connect()
    {
        var terms = Bounded(250);
        terms.Learn(50 * Clock.Millisecond);
        Assert.Equal(250 * Clock.Millisecond, terms.Bound);
        terms.Learn(100 * Clock.Millisecond);
        Assert.Equal(400 * Clock.Millisecond, terms.Bound);
        terms.Learn(10 * Clock.Millisecond);
        Assert.Equal(400 * Clock.Millisecond, terms.Bound);
    }

    [Fact]
    public void A_refusal_doubles_the_bound_to_a_minute_at_most()
    {
        var terms = Bounded(250);
        terms.Double();
        Assert.Equal(500 * Clock.Millisecond, terms.Bound);
        for (var refusal = 0; refusal < 100; refusal++)
            terms.Double();
        Assert.Equal(60 * Clock.Second, terms.Bound);
    }

    [Fact]
    public void A_longer_bound_than_a_minute_is_never_shortened()
    {
        // Found: a bound of two minutes was halved by the first refusal.
        var terms = Bounded(120_000);
        terms.Double();
        Assert.Equal(120 * Clock.Second, terms.Bound);
    }

    [Fact]
    public void A_limit_with_terms_of_its_own_learns_from_the_refusals_of_its_api()
    {
        // Found: its bound was a copy that nobody doubled.
        var api = Bounded(250);
        var own = api.For(Limit.Parse("10/s timing=bounded:100ms"));
        api.Double();
        Assert.Equal((500 * Clock.Millisecond, 200 * Clock.Millisecond), (api.Bound, own.Bound));
        Assert.Same(api, api.For(Limit.Parse("10/s timing=bounded")));
        Assert.Same(api, api.For(Limit.Parse("10/s")));
        Assert.Equal((LimitTiming.Guaranteed, ArrivalTerms.DefaultStraggle), (api.For(Limit.Parse("10/s timing=guaranteed")).Timing, own.Straggle));
    }

    [Fact]
    public void Where_the_api_is_nominal_stragglers_are_allowed_their_usual_time()
    {
        var own = ArrivalTerms.Nominal.For(Limit.Parse("10/s timing=bounded"));
        Assert.Equal((LimitTiming.Bounded, ArrivalTerms.LeastBound, ArrivalTerms.DefaultStraggle), (own.Timing, own.Bound, own.Straggle));
    }

    [Fact]
    public void A_bound_doubled_while_they_are_under_way_holds_for_those_too()
    {
        var terms = Bounded(1_000);
        var state = LimitStates.Create(Limit.Parse("2/s guard=0"), terms, new WallTime(0, 0, isKnown: true), WallTime.Unknown());
        state.Take(1);
        state.Sent(1, 0);
        state.Take(1);
        state.Sent(1, 10);
        Assert.Equal(2 * Clock.Second, state.FreeAt(1, 20));
        terms.Double();
        Assert.Equal(3 * Clock.Second, state.FreeAt(1, 20));
        Assert.Equal(3 * Clock.Second + 10, state.FreeAt(2, 20));
        state.Answered(1, 10, 1_500 * Clock.Millisecond);
        Assert.Equal(2_500 * Clock.Millisecond, state.FreeAt(1, 1_500 * Clock.Millisecond));
    }
}
