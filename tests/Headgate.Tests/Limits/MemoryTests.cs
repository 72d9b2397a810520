using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>What a limit allocates, once it is warm: nothing; and what it keeps.</summary>
public sealed class MemoryTests
{
    public static TheoryData<string, LimitTiming> Limits => new(
        from text in (string[])["100/s", "5000/s", "100/s burst=10", "1000/s spaced", "100/s counter", "100/min fixed"]
        from timing in (LimitTiming[])[LimitTiming.Nominal, LimitTiming.Bounded, LimitTiming.Guaranteed]
        select (text, timing));

    [Theory, MemberData(nameof(Limits))]
    internal void Taking_sending_and_being_answered_allocates_nothing(string text, LimitTiming timing)
    {
        var state = State(text, timing);
        var now = Use(state, 20_000, 0);
        Assert.Equal(0, Allocated.Least(() => now = Use(state, 100_000, now)));
    }

    [Theory]
    [InlineData("100/s")]
    [InlineData("100/s burst=10")]
    [InlineData("1000/s spaced")]
    public void The_one_step_take_allocates_nothing(string text)
    {
        var state = State(text, LimitTiming.Nominal);
        long now = 0;
        for (var warm = 0; warm < 1_000; warm++)
            state.TakeSent(1, now = state.FreeAt(1, now));
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var take = 0; take < 100_000; take++)
                state.TakeSent(1, now = state.FreeAt(1, now));
        }));
    }

    [Theory]
    [InlineData("100/s burst=10", 160)]
    [InlineData("100/s", 256)]
    [InlineData("100/s spaced", 160)]
    [InlineData("10 concurrent", 160)]
    public void An_idle_limit_is_small(string text, int most)
    {
        var (limit, terms) = (Limit.Parse(text), ArrivalTerms.Nominal);
        var (ours, server) = (new WallTime(0, 0, isKnown: true), WallTime.Unknown());
        var states = new LimitState[1_000];
        LimitStates.Create(limit, terms, ours, server);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var index = 0; index < states.Length; index++)
            states[index] = LimitStates.Create(limit, terms, ours, server);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / states.Length, 1, most);
        GC.KeepAlive(states);
    }

    [Fact]
    public void A_large_window_keeps_no_more_than_two_thousand_entries()
    {
        var state = State("1000000/min", LimitTiming.Nominal);
        state.TakeSent(1, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var take = 1; take < 1_000_000; take++)
            state.TakeSent(1, take * 60_000L);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 100_000);
        Assert.Equal(0, state.Available(60 * Clock.Second));
    }

    private static long Use(LimitState state, int takes, long now)
    {
        for (var take = 0; take < takes; take++)
        {
            var free = state.FreeAt(1, now);
            now = free == LimitState.Never ? now + Clock.Millisecond : Math.Max(now, free);
            state.Take(1);
            state.Sent(1, now);
            state.Answered(1, now, now += 10_000);
        }
        return now;
    }

    private static LimitState State(string text, LimitTiming timing) => LimitStates.Create(Limit.Parse(text),
        new ArrivalTerms(timing, 250 * Clock.Millisecond, 0), new WallTime(0, 0, isKnown: true), new WallTime(0, 0, isKnown: true));
}
