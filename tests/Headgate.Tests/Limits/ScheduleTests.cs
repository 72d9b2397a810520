using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>A limit with hours (<c>when=</c>) holds then and at no other time.</summary>
public sealed class ScheduleTests
{
    private static readonly DateTimeOffset Monday = new(2026, 6, 1, 0, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public void Outside_its_hours_a_limit_holds_nobody()
    {
        var (state, at) = At("1/h when=Mon-Fri 09:00-18:00 tz=Europe/Berlin", Monday.AddHours(7));
        for (var send = 0; send < 10; send++)
        {
            Assert.Equal(at, state.FreeAt(1, at));
            state.TakeSent(1, at);
        }
    }

    [Fact]
    public void Whoever_is_held_goes_when_the_hours_end()
    {
        var (state, at) = At("1/day when=Mon-Fri 09:00-18:00 tz=Europe/Berlin", Monday.AddHours(17.5));
        Assert.Equal(at, state.FreeAt(1, at));
        state.TakeSent(1, at);
        var end = at + 1800 * Clock.Second;
        Assert.Equal(end, state.FreeAt(1, at));
        Assert.Equal(end, state.FreeAt(1, end - 1));
        Assert.Equal(end, state.FreeAt(1, end));
    }

    [Fact]
    public void Whoever_would_go_before_the_hours_end_does()
    {
        var (state, at) = At("1/min guard=0 when=daily 09:00-18:00 tz=Europe/Berlin", Monday.AddHours(12));
        state.TakeSent(1, at);
        Assert.Equal(at + 60 * Clock.Second, state.FreeAt(1, at));
    }

    [Theory]
    [InlineData("guaranteed", 1)]
    [InlineData("bounded:10s", 12)]
    [InlineData("nominal", 0)]
    public void What_could_arrive_inside_the_hours_counts_as_inside(string timing, int lead)
    {
        var (state, at) = At($"1/h when=Mon-Fri 09:00-18:00 tz=Europe/Berlin timing={timing}", Monday.AddHours(9).AddSeconds(-lead - 0.5));
        state.TakeSent(1, at);
        Assert.Equal(at, state.FreeAt(1, at));
        var (later, within) = At($"1/h when=Mon-Fri 09:00-18:00 tz=Europe/Berlin timing={timing}", Monday.AddHours(9).AddSeconds(-lead + 0.5));
        later.TakeSent(1, within);
        Assert.Equal(lead > 1 || timing == "nominal", later.FreeAt(1, within) > within);
    }

    [Fact]
    public void With_guaranteed_timing_no_more_is_in_flight_than_may_arrive_when_the_hours_begin()
    {
        var (state, at) = At("3/h when=Mon-Fri 09:00-18:00 tz=Europe/Berlin timing=guaranteed", Monday.AddHours(3));
        for (var send = 0; send < 3; send++)
        {
            Assert.Equal(at, state.FreeAt(1, at));
            state.Take(1);
            state.Sent(1, at);
        }
        Assert.Equal(LimitState.Never, state.FreeAt(1, at));
        state.Answered(1, at, at + 1);
        Assert.Equal(at + 1, state.FreeAt(1, at + 1));
    }

    [Fact]
    public void The_hours_follow_a_step_of_our_wall_clock()
    {
        var limit = Limit.Parse("1/day when=daily 09:00-18:00");
        var ours = new WallTime(Unix(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero)), 0, isKnown: true);
        var state = LimitStates.Create(limit, ArrivalTerms.Nominal, ours, WallTime.Unknown());
        state.TakeSent(1, 0);
        Assert.Equal(6 * 3600 * Clock.Second, state.FreeAt(1, 0));
        ours.Set(ours.Offset + 5 * 3600 * Clock.Second);
        Assert.Equal(3600 * Clock.Second, state.FreeAt(1, 0));
        ours.Set(ours.Offset + 3600 * Clock.Second);
        Assert.Equal(1, state.FreeAt(1, 1));
    }

    [Fact]
    public void Hours_without_an_end_never_end()
    {
        var (state, at) = At("1/week guard=0 when=daily 00:00-24:00", Monday);
        state.TakeSent(1, at);
        Assert.Equal(at + 7 * 86_400 * Clock.Second, state.FreeAt(1, at));
        Assert.Equal(at + 7 * 86_400 * Clock.Second, state.FreeAt(1, at + 1));
    }

    [Fact]
    public void Whatever_the_hours_no_window_inside_them_is_exceeded() => Cases.Run(200, random =>
    {
        var from = random.Next(24 * 60);
        var to = (from + random.Next(1, 24 * 60)) % (24 * 60);
        var limit = Limit.Parse($"{random.Next(1, 20)}/{random.Next(10_000, 3_600_000)}ms{random.Pick("", " burst=3", " spaced")} when={random.Pick("daily", "Mon-Fri", "Tue,Sat")} {Time(from)}-{Time(to)} tz={random.Pick("Europe/Berlin", "UTC", "Asia/Kathmandu")}");
        var timing = random.Pick(LimitTiming.Guaranteed, LimitTiming.Bounded, LimitTiming.Nominal);
        var terms = NeverOverTests.Terms(random, timing, 60 * Clock.Second);
        var ours = new WallTime(Unix(Monday.AddMinutes(random.Next(7 * 24 * 60))), 0, isKnown: true);
        var client = new Client(random, LimitStates.Create(limit, terms, ours, WallTime.Unknown()), terms)
        {
            MaxLatency = random.Pick(0, 5 * Clock.Second, 300 * Clock.Second),
            MaxPause = 3600 * Clock.Second * random.Next(1, 12),
            Pauses = 0.15,
        };
        client.Run(300);
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        ModelServer server = limit.Algorithm switch
        {
            LimitAlgorithm.Bucket => new BucketServer(limit.Burst, n, p),
            LimitAlgorithm.Spaced => new SpacedServer(n, p),
            _ => new SlidingServer(n, p),
        };
        var refusal = server.Refuses(client.InOrder.Where(arrival => limit.When!.Holds(DateTimeOffset.UnixEpoch.AddTicks((arrival.At + ours.Offset) / 100), limit.Zone!)));
        Assert.True(refusal is null, $"{limit}: {refusal}");

        static string Time(int minutes) => $"{minutes / 60:00}:{minutes % 60:00}";
    });

    private static (LimitState State, long Now) At(string text, DateTimeOffset time)
    {
        var limit = Limit.Parse(text);
        const long now = 5_000 * Clock.Second;
        return (LimitStates.Create(limit, new ArrivalTerms(LimitTiming.Bounded, ArrivalTerms.LeastBound, ArrivalTerms.DefaultStraggle), new WallTime(Unix(time) - now, 0, isKnown: true), WallTime.Unknown()), now);
    }

    private static long Unix(DateTimeOffset time) => Clock.Nanoseconds(time - DateTimeOffset.UnixEpoch);
}
