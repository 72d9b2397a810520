using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>The largest and smallest that the syntax lets through.</summary>
public sealed class ExtremesTests
{
    private const long Billion = 1_000_000_000;
    private const long Now = 90L * 365 * 86_400 * Clock.Second;

    public static TheoryData<string> Texts =>
    [
        "1000000000000/month fixed", "1000000000000/366d", "1/366d", "1/1ms", "1000000000000/1ms", "1000000000000 bucket 1000000000000/s",
        "1000000000000 bucket 1/366d", "1 bucket 1000000000000/1ms", "1000000000000/366d counter", "1/366d counter", "1000000000000/ms spaced",
        "1/366d spaced", "1000000000000 concurrent", "1/366d fixed", "100/s guard=3650d", "100/s guard=0", "100/min fixed skew=3650d", "100/s spaced jitter=3650d",
        "100/s timing=bounded:3650d",
    ];

    [Theory, MemberData(nameof(Texts))]
    public void Nothing_overflows(string text)
    {
        foreach (var timing in (ReadOnlySpan<LimitTiming>)[LimitTiming.Nominal, LimitTiming.Bounded, LimitTiming.Guaranteed])
        {
            var limit = Limit.Parse(text);
            var state = LimitStates.Create(limit, new ArrivalTerms(timing, Clock.Second, Clock.Second), new WallTime(0, 0, isKnown: true), new WallTime(0, Clock.Second, isKnown: true));
            Assert.Equal(state.Whole == 0 ? 0 : Math.Min(state.Whole, state.Available(Now)), state.Available(Now));
            Assert.Equal(Now, state.FreeAt(limit.Algorithm == LimitAlgorithm.Spaced ? 1 : state.Whole, Now));
            Assert.InRange(state.ServiceTime(state.Whole), 0, long.MaxValue / 4);
            state.Take(state.Whole);
            state.Sent(state.Whole, Now);
            state.Answered(state.Whole, Now, Now + 1);
            Assert.True(state.FreeAt(1, Now + 1) > Now + 1 || limit.Period.Ticks < limit.Amount);
            Assert.True(state.FreeAt(state.Whole, Now + 1) >= state.FreeAt(1, Now + 1));
            Assert.InRange(state.Available(Now + 1), 0, state.Whole);
            state.FitsAt(Now + 2, state.Whole, Now + 1, 1);
            Assert.False(state.IsIdle(Now + 1) && limit.Algorithm != LimitAlgorithm.Concurrent && limit.Period.Ticks > limit.Amount);
        }
    }

    [Fact]
    public void A_bucket_that_takes_longer_to_drain_than_time_lasts_is_not_free_before()
    {
        // Found: 10^12 units at one a year took a time that did not fit a number, and came out as the past.
        var state = State("1000000000000 bucket 1/366d");
        state.TakeSent(1000 * Billion, Now);
        Assert.Equal(LimitState.Never - 1, state.FreeAt(1000 * Billion, Now));
        Assert.InRange(state.FreeAt(1, Now) - Now, 366L * 86_400 * Clock.Second, 367L * 86_400 * Clock.Second);
    }

    [Fact]
    public void A_costly_gap_longer_than_time_lasts_is_not_free_before()
    {
        var state = State("1/366d spaced");
        state.TakeSent(1000 * Billion, Now);
        Assert.Equal(LimitState.Never - 1, state.FreeAt(1, Now));
    }

    [Fact]
    public void Without_guard_a_window_is_exactly_its_period()
    {
        var state = State("2/s guard=0");
        state.TakeSent(2, 5);
        Assert.Equal(5 + Clock.Second, state.FreeAt(1, 6));
        Assert.Equal(2, state.Available(5 + Clock.Second));
        Assert.True(state.IsIdle(5 + Clock.Second));
    }

    [Fact]
    public void A_burst_of_one_goes_one_at_a_time()
    {
        var state = LimitStates.Create(Limit.Parse("10/s burst=1 guard=0"), new ArrivalTerms(LimitTiming.Guaranteed, 0, 0), new WallTime(0, 0, isKnown: true), WallTime.Unknown());
        state.Take(1);
        Assert.Equal(LimitState.Never, state.FreeAt(1, 0));
        state.Sent(1, 0);
        Assert.Equal(LimitState.Never, state.FreeAt(1, 50 * Clock.Millisecond));
        state.Answered(1, 0, 50 * Clock.Millisecond);
        Assert.Equal(150 * Clock.Millisecond, state.FreeAt(1, 60 * Clock.Millisecond));
    }

    [Fact]
    public void A_counter_of_one_lets_one_through_every_two_periods()
    {
        var state = State("1/s counter guard=0");
        for (var send = 0L; send < 5; send++)
        {
            Assert.Equal(Math.Max(1, send * 2 * Clock.Second), state.FreeAt(1, Math.Max(1, (send * 2 - 1) * Clock.Second)) is var free && send == 0 ? 1 : free);
            state.TakeSent(1, send * 2 * Clock.Second);
        }
    }

    [Fact]
    public void A_counter_serves_costs_above_its_room()
    {
        // Found: a cost above N/50 waited for ever, with nothing in flight.
        var state = State("100/s counter guard=0");
        Assert.Equal(0, state.FreeAt(100, 0));
        state.TakeSent(30, 0);
        Assert.Equal(200 * Clock.Millisecond, state.FreeAt(30, 0));
        Assert.Equal(2 * Clock.Second, state.FreeAt(100, 0));
        Assert.Equal(LimitState.Never, state.FreeAt(101, 0));
        // Half the limit at least for large costs, however many small ones went before.
        long now = 0;
        for (var send = 0; send < 1_000; send++)
            state.TakeSent(1, now = state.FreeAt(1, now));
        var start = now;
        for (var send = 0; send < 40; send++)
            state.TakeSent(20, now = state.FreeAt(20, now));
        Assert.InRange(now - start, 14 * Clock.Second, 18 * Clock.Second);
    }

    [Fact]
    public void Spaced_with_jitter_counts_from_the_send_and_holds_what_is_taken_until_then()
    {
        // Found: two could be taken before the first of them was sent.
        var state = LimitStates.Create(Limit.Parse("10/s spaced jitter=20ms"), new ArrivalTerms(LimitTiming.Guaranteed, 0, 0), new WallTime(0, 0, isKnown: true), WallTime.Unknown());
        state.Take(1);
        Assert.Equal(LimitState.Never, state.FreeAt(1, 0));
        state.Sent(1, 5);
        Assert.Equal(5 + 120 * Clock.Millisecond, state.FreeAt(1, 6));
        state.Answered(1, 5, Clock.Second);
        Assert.Equal(Clock.Second, state.FreeAt(1, Clock.Second));
    }

    [Fact]
    public void The_guard_of_a_month_is_that_of_its_length()
    {
        // Found: a month has no period, and its guard came out as 1 ms.
        var state = LimitStates.Create(Limit.Parse("1/month fixed"), ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true), new WallTime(1_767_225_600L * Clock.Second, 0, isKnown: true));
        state.TakeSent(1, 0);
        Assert.InRange(state.FreeAt(1, 0) - 31L * 86_400 * Clock.Second, 267 * Clock.Second, 269 * Clock.Second);
    }

    private static LimitState State(string text) => LimitStates.Create(Limit.Parse(text), ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true), WallTime.Unknown());
}
