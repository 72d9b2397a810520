using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>Fixed windows of a server whose clock is known only by the Date of its answers, or not at all.</summary>
public sealed class FixedWindowTests
{
    public static TheoryData<LimitTiming> Timings => NeverOverTests.Timings;

    [Theory, MemberData(nameof(Timings))]
    internal void No_aligned_window_is_exceeded(LimitTiming timing) => Cases.Run(300, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)}/{random.Period(10_000)} fixed{random.Guard()}");
        var period = Clock.Nanoseconds(limit.Period);
        var clock = new ServerClock(random, random.NextInt64(2_000_000_000) * Clock.Second, limit.Guard is null);
        var client = Run(random, limit, timing, clock, period);
        Assert.Null(Refusal(limit, FixedServer.Aligned(limit.Amount, period, 0), client, clock));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void No_day_week_or_month_is_exceeded_even_where_the_clock_changes(LimitTiming timing) => Cases.Run(150, random =>
    {
        var (zone, unit) = (random.Pick("Europe/Berlin", "America/New_York", "Antarctica/Troll", "Africa/Cairo", "Pacific/Apia", "UTC"), random.Pick("day", "day", "week", "month"));
        var limit = Limit.Parse($"{random.Next(1, 31)}/{unit} fixed tz={zone}");
        var near = new DateTimeOffset(2026, random.Pick(1, 3, 4, 10, 11), random.Next(1, 29), random.Next(24), 0, 0, TimeSpan.Zero);
        var clock = new ServerClock(random, Clock.Nanoseconds(near - DateTimeOffset.UnixEpoch), isDrifting: true);
        var client = Run(random, limit, timing, clock, Clock.Nanoseconds(TimeSpan.FromDays(unit switch { "day" => 1, "week" => 7, _ => 31 })));
        Assert.Null(Refusal(limit, FixedServer.Calendar(limit.Amount, limit.Zone!, unit, 0), client, clock));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void A_stated_difference_of_the_clocks_is_enough(LimitTiming timing) => Cases.Run(150, random =>
    {
        var skew = random.Next(1, 3000);
        var limit = Limit.Parse($"{random.Next(1, 51)}/{random.Period(10_000)} fixed skew={skew}ms");
        var period = Clock.Nanoseconds(limit.Period);
        var offset = random.NextInt64(2_000_000_000) * Clock.Second;
        var terms = NeverOverTests.Terms(random, timing, period);
        var state = LimitStates.Create(limit, terms, new WallTime(offset, 0, isKnown: true), WallTime.Unknown());
        var client = NewClient(random, state, terms, limit, period, null);
        client.Run(120);
        var off = random.NextInt64(-skew, skew + 1) * Clock.Millisecond;
        Assert.Null(FixedServer.Aligned(limit.Amount, period, 0).Refuses(client.InOrder, at => at + offset + off) is { } refusal ? $"{limit}: {refusal}" : null);
    });

    [Fact]
    public void Every_window_is_used_to_the_last_unit()
    {
        var (state, server) = Known("100/min fixed");
        var now = 1_000 * Clock.Second;
        var counts = new Dictionary<long, int>();
        for (var sends = 0; sends < 2_000; sends++)
        {
            now = state.FreeAt(1, now);
            state.TakeSent(1, now);
            var window = (now + server.Offset) / (60 * Clock.Second);
            counts[window] = counts.GetValueOrDefault(window) + 1;
        }
        Assert.All(counts.Values, count => Assert.Equal(100, count));
    }

    [Fact]
    public void As_soon_as_the_clock_is_known_a_new_window_is_a_new_start()
    {
        var server = WallTime.Unknown();
        var state = State("100/min fixed", server);
        var now = 3_600 * Clock.Second;
        state.TakeSent(100, now);
        Assert.Equal(now + 60 * Clock.Second + 7 * Clock.Millisecond, state.FreeAt(1, now));
        // The server's minute ends 10 s from now, give or take the second that a Date leaves open.
        server.Learn(now, now, 50 * Clock.Second);
        Assert.InRange(state.FreeAt(1, now) - now, Cases.Seconds(10), Cases.Seconds(10) + 14 * Clock.Millisecond);
        Assert.Equal(100, state.Available(now + 11 * Clock.Second));
    }

    [Fact]
    public void A_clock_that_was_set_is_counted_anew()
    {
        var (state, server) = Known("10/min fixed");
        var now = 1_000 * Clock.Second;
        state.TakeSent(10, now);
        var before = state.FreeAt(1, now);
        // The server's clock was put back by 30 s: what was sent lies in the same minute still.
        var date = (now + server.Offset) / Clock.Second * Clock.Second - 30 * Clock.Second;
        server.Learn(now, now, date);
        Assert.InRange(state.FreeAt(1, now) - before, Cases.Seconds(28), Cases.Seconds(32));
    }

    [Fact]
    public void What_was_taken_counts_in_every_window_it_may_fall_into_when_back_filling()
    {
        var (state, server) = Known("10/min fixed");
        // 1 ms before the minute ends, for all we know.
        var minute = 60 * Clock.Second;
        var now = (1_000 * minute / minute * minute) - server.Offset % minute - Clock.Millisecond;
        Assert.False(state.FitsAt(now, 10, now, 1));
        Assert.True(state.FitsAt(now, 9, now, 1));
        Assert.False(state.FitsAt(now + 2 * Clock.Millisecond, 10, now, 1));
        Assert.False(state.FitsAt(now + minute, 10, now, 1));
        Assert.True(state.FitsAt(now + minute + 9 * Clock.Millisecond, 10, now, 1));
    }

    [Fact]
    public void In_flight_that_fills_the_window_has_to_arrive_and_its_window_to_end()
    {
        var (state, server) = Known("10/min fixed", new ArrivalTerms(LimitTiming.Bounded, 5 * Clock.Second, 0));
        var minute = 60 * Clock.Second;
        var start = 1_000 * minute - server.Offset % minute;
        state.Take(10);
        Assert.Equal(LimitState.Never, state.FreeAt(1, start));
        state.Sent(10, start);
        Assert.InRange(state.FreeAt(1, start), start + minute, start + minute + 20 * Clock.Millisecond);
        // Sent just before the end it may arrive, and count, in the minute after.
        var (late, _) = Known("10/min fixed", new ArrivalTerms(LimitTiming.Bounded, 5 * Clock.Second, 0));
        late.Take(10);
        late.Sent(10, start - Clock.Second);
        Assert.InRange(late.FreeAt(1, start), start + minute, start + minute + 20 * Clock.Millisecond);
    }

    private static (LimitState State, WallTime Server) Known(string text, ArrivalTerms? terms = null)
    {
        var server = new WallTime(1_767_225_600L * Clock.Second + 17_123_456_789, 0, isKnown: true);
        return (State(text, server, terms), server);
    }

    private static LimitState State(string text, WallTime server, ArrivalTerms? terms = null) =>
        LimitStates.Create(Limit.Parse(text), terms ?? ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true), server);

    private static Client Run(Random random, Limit limit, LimitTiming timing, ServerClock clock, long period)
    {
        var terms = NeverOverTests.Terms(random, timing, random.Pick(period, Math.Min(period, 60 * Clock.Second)));
        var server = WallTime.Unknown();
        var state = LimitStates.Create(limit, terms, new WallTime(0, 0, isKnown: true), server);
        var share = random.Pick(0, 0.3, 1);
        var client = NewClient(random, state, terms, limit, period, (sent, answered) =>
        {
            if (random.Chance(share))
                server.Learn(sent, answered, clock.Date(sent + random.NextInt64(answered - sent + 1)));
        });
        client.Run(120);
        return client;
    }

    private static Client NewClient(Random random, LimitState state, ArrivalTerms terms, Limit limit, long period, Action<long, long>? onAnswer) => new(random, state, terms)
    {
        MaxCost = Math.Min(limit.Amount, random.Pick(1, 1, 10)),
        MaxLatency = random.Pick(0, 100 * Clock.Millisecond, 5 * Clock.Second, period / 10, period),
        MaxPause = random.Pick(period / 20, period, 3 * period),
        Pauses = 0.1,
        OnAnswer = onAnswer,
        ClockFades = true,
    };

    private static string? Refusal(Limit limit, ModelServer server, Client client, ServerClock clock) =>
        server.Refuses(client.InOrder, clock.At) is { } refusal ? $"{limit}: {refusal}" : null;

    /// <summary>A server's wall clock: some time off, up to 100 ppm fast or slow, and a Date renewed whenever asked or once a second.</summary>
    private sealed class ServerClock(Random random, long offset, bool isDrifting)
    {
        private readonly long _drift = isDrifting ? random.Pick(0, 10_100, -10_100) : 0;
        private readonly long? _beat = random.Chance(0.5) ? random.NextInt64(Clock.Second) : null;
        private readonly long _start = 1_000 * Clock.Second;

        public long At(long at) => at + offset + (_drift == 0 ? 0 : (at - _start) / _drift);

        public long Date(long at)
        {
            var now = At(at);
            var stamped = _beat is { } beat ? now - (now - beat) % Clock.Second : now;
            return stamped / Clock.Second * Clock.Second;
        }
    }
}
