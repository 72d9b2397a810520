using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>As fast as allowed.</summary>
public sealed class RateTests
{
    [Theory]
    [InlineData("10/s")]
    [InlineData("100/s")]
    [InlineData("1000/s")]
    [InlineData("5000/s")]
    [InlineData("1/100ms")]
    [InlineData("400/min")]
    [InlineData("10/s burst=2")]
    [InlineData("100/s burst=10")]
    [InlineData("1000/s burst=2")]
    [InlineData("40 bucket 2/s")]
    public void Without_delay_the_whole_rate_is_used(string text)
    {
        var limit = Limit.Parse(text);
        var cycle = Cycle(limit);
        var sends = Send(State(limit, ArrivalTerms.Nominal), 20 * cycle, 0);
        Assert.InRange(sends, 0.99 * 20 * limit.Amount, 20 * limit.Amount + limit.Burst + 1);
    }

    [Theory]
    [InlineData("10/s", 50)]
    [InlineData("100/s", 200)]
    [InlineData("100/s", 2000)]
    [InlineData("1000/s", 100)]
    [InlineData("400/min", 5000)]
    public void With_guaranteed_timing_a_window_is_used_again_once_answered_and_over(string text, int latency)
    {
        var limit = Limit.Parse(text);
        var cycle = Cycle(limit) + latency * Clock.Millisecond;
        var sends = Send(State(limit, new ArrivalTerms(LimitTiming.Guaranteed, 0, 0)), 20 * cycle, latency * Clock.Millisecond);
        Assert.InRange(sends, 0.97 * 20 * limit.Amount, 20 * limit.Amount);
    }

    [Theory]
    [InlineData("100/s burst=10", 85)]
    [InlineData("10/s burst=3", 180)]
    [InlineData("1000/s burst=200", 190)]
    public void With_guaranteed_timing_a_bucket_runs_at_full_rate_while_it_has_room_for_what_is_under_way(string text, int latency)
    {
        var limit = Limit.Parse(text);
        var sends = Send(State(limit, new ArrivalTerms(LimitTiming.Guaranteed, 0, 0)), 20 * Cycle(limit), latency * Clock.Millisecond);
        Assert.InRange(sends, 0.97 * 20 * limit.Amount, 20 * limit.Amount + limit.Burst);
    }

    [Fact]
    public void With_bounded_timing_a_slow_answer_costs_no_more_than_the_bound()
    {
        var limit = Limit.Parse("100/s");
        var terms = new ArrivalTerms(LimitTiming.Bounded, 250 * Clock.Millisecond, 2 * Clock.Second);
        var sends = Send(State(limit, terms), 20 * (Cycle(limit) + 250 * Clock.Millisecond), 2 * Clock.Second);
        Assert.InRange(sends, 0.97 * 2000, 2000);
        // Where answers are faster it is the same as guaranteed.
        Assert.InRange(Send(State(limit, terms), 20 * (Cycle(limit) + 50 * Clock.Millisecond), 50 * Clock.Millisecond), 0.97 * 2000, 2000);
    }

    [Theory]
    [InlineData(LimitTiming.Nominal)]
    [InlineData(LimitTiming.Guaranteed)]
    internal void Entries_that_share_a_place_cost_less_than_a_hundredth_and_never_let_too_much_through(LimitTiming timing) => Cases.Run(3, random =>
    {
        var limit = Limit.Parse("5000/s guard=0");
        var state = State(limit, new ArrivalTerms(timing, 0, 0));
        var sends = new List<long>();
        // Spread over the first second, so that what comes free is spread too; then as fast as it goes.
        for (var send = 0; send < 4_900; send++)
            sends.Add(send * Clock.Second / 5_000 + random.NextInt64(100_000));
        sends.Sort();
        foreach (var at in sends)
        {
            Assert.Equal(at, state.FreeAt(1, at));
            Go(state, at);
        }
        for (var now = sends[^1]; now < 21 * Clock.Second;)
        {
            now = state.FreeAt(1, now);
            Go(state, now);
            sends.Add(now);
        }
        for (var index = 5_000; index < sends.Count; index++)
            Assert.True(sends[index] - sends[index - 5_000] >= Clock.Second, $"5,001 within a second at {sends[index]}");
        Assert.InRange(sends.Count(at => at is > Clock.Second and <= 21 * Clock.Second), 99_000, 100_000);
    });

    [Fact]
    public void A_cost_of_the_whole_limit_waits_for_all_of_it()
    {
        var state = State(Limit.Parse("10/s guard=0"), ArrivalTerms.Nominal);
        state.TakeSent(1, 0);
        state.TakeSent(3, 100);
        Assert.Equal(0, state.FreeAt(6, 0));
        Assert.Equal(Clock.Second, state.FreeAt(7, 100));
        Assert.Equal(Clock.Second + 100, state.FreeAt(8, 100));
        Assert.Equal(Clock.Second + 100, state.FreeAt(10, 100));
    }

    [Theory]
    [InlineData("100 tokens/s guard=0", 1.0)]
    [InlineData("100 tokens/s burst=100 guard=0", 2.5)]
    public void More_than_declared_becomes_debt(string text, double seconds)
    {
        var state = State(Limit.Parse(text), ArrivalTerms.Nominal);
        state.Take(50);
        state.Settle(50, 250, Clock.Second);
        Assert.Equal(0, state.Available(Clock.Second));
        Assert.Equal(Clock.Second + Cases.Seconds(seconds), state.FreeAt(100, Clock.Second));
    }

    [Theory]
    [InlineData("100 tokens/s guard=0")]
    [InlineData("100 tokens/s burst=100 guard=0")]
    public void Less_than_declared_is_given_back_when_it_is_settled(string text)
    {
        var state = State(Limit.Parse(text), ArrivalTerms.Nominal);
        state.Take(80);
        Assert.Equal(20, state.Available(Clock.Second));
        state.Settle(80, 30, Clock.Second);
        Assert.Equal(70, state.Available(Clock.Second));
    }

    [Theory]
    [InlineData("100 tokens/s guard=0", 4)]
    [InlineData("100 tokens/s burst=100 guard=0", 3.8)]
    public void What_was_given_up_counts_whole_until_it_must_have_arrived(string text, double seconds)
    {
        var state = State(Limit.Parse(text), new ArrivalTerms(LimitTiming.Bounded, Clock.Second, 2 * Clock.Second));
        state.Take(80);
        state.Sent(80, 0);
        state.Forfeit(80, Clock.Second);
        Assert.Equal(20, state.Available(3 * Clock.Second - 1));
        Assert.Equal(Cases.Seconds(seconds), state.FreeAt(100, Clock.Second));
        Assert.True(state.IsIdle(Cases.Seconds(seconds)));
    }

    private static void Go(LimitState state, long now)
    {
        state.Take(1);
        state.Sent(1, now);
        state.Answered(1, now, now);
    }

    private static long Send(LimitState state, long until, long latency)
    {
        var answers = new Queue<long>();
        var (now, sends) = (0L, 0L);
        while (true)
        {
            var free = state.FreeAt(1, now);
            var next = Math.Min(free, answers.TryPeek(out var sent) ? sent + latency : LimitState.Never);
            if ((now = next) >= until)
                return sends;
            if (answers.Count > 0 && sent + latency <= now)
                state.Answered(1, answers.Dequeue(), now);
            else if (free <= now)
            {
                state.Take(1);
                state.Sent(1, now);
                answers.Enqueue(now);
                sends++;
            }
        }
    }

    /// <summary>P and the default guard.</summary>
    private static long Cycle(Limit limit) => Clock.Nanoseconds(limit.Period) * 10_001 / 10_000 + Clock.Millisecond;

    private static LimitState State(Limit limit, ArrivalTerms terms) => LimitStates.Create(limit, terms, new WallTime(0, 0, isKnown: true), WallTime.Unknown());
}
