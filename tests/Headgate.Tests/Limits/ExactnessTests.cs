using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>Nobody waits longer than the server requires, and what was refused or returned leaves no trace.</summary>
public sealed class ExactnessTests
{
    private const long Start = 1_000 * Clock.Second;

    private static readonly WallTime Server = new(1_767_225_600L * Clock.Second + 123_456_789, 0, isKnown: true);

    public static TheoryData<LimitAlgorithm> Exact => [LimitAlgorithm.Sliding, LimitAlgorithm.Bucket, LimitAlgorithm.Spaced, LimitAlgorithm.Fixed];

    public static TheoryData<LimitAlgorithm> All => [.. Exact, LimitAlgorithm.Counter];

    [Theory, MemberData(nameof(Exact))]
    public void Without_guard_and_delay_nobody_waits_a_nanosecond_longer_than_the_server_requires(LimitAlgorithm algorithm) => Cases.Run(100, random =>
    {
        var limit = Any(random, algorithm, "guard=0");
        var state = New(limit, ArrivalTerms.Nominal);
        var sends = new List<(long At, long Cost)>();
        var now = Start;
        for (var send = 0; send < 40; send++)
        {
            var cost = random.Chance(0.5) ? 1 : random.NextInt64(1, Most(limit) + 1);
            var free = state.FreeAt(cost, now);
            Assert.True(Allows(limit, sends, free, cost), $"{limit}: refused at {free}");
            Assert.True(free == now || !Allows(limit, sends, free - 1, cost), $"{limit}: could have gone before {free}");
            now = free + (random.Chance(0.5) ? 0 : random.NextInt64(Clock.Nanoseconds(limit.Period)));
            state.TakeSent(cost, now);
            sends.Add((now, cost));
        }
    });

    [Theory, MemberData(nameof(All))]
    public void Back_filling_foresees_exactly_what_a_cost_taken_now_delays(LimitAlgorithm algorithm) => Cases.Run(100, random =>
    {
        var limit = Any(random, algorithm, random.Pick("", "guard=0"));
        for (var now = (Used: 0, At: Start); now.Used < 20; now.Used++)
        {
            // The same past twice: a state cannot be copied.
            var seed = random.Next();
            var (state, at) = Past(limit, seed, now.Used);
            var (taken, cost) = (1L, random.NextInt64(1, Most(limit) + 1));
            if (state.FreeAt(taken, at) > at)
                continue;
            state.FreeAt(cost, at);
            var (twin, _) = Past(limit, seed, now.Used);
            twin.FreeAt(cost, at);
            twin.TakeSent(taken, at);
            var free = twin.FreeAt(cost, at);
            Assert.True(state.FitsAt(free, cost, at, taken), $"{limit}: would go at {free}, {free - at} from now");
            if (free > at)
                Assert.False(state.FitsAt(free - 1, cost, at, taken), $"{limit}: would not go before {free}");
        }
    });

    [Theory, MemberData(nameof(All))]
    public void A_returned_permit_leaves_no_trace(LimitAlgorithm algorithm) => Cases.Run(200, random =>
    {
        var limit = Any(random, algorithm, "");
        var timing = random.Pick(LimitTiming.Nominal, LimitTiming.Bounded, LimitTiming.Guaranteed);
        var (touched, untouched) = (New(limit, Terms(timing)), New(limit, Terms(timing)));
        var now = Start;
        for (var step = 0; step < 60; step++)
        {
            now += random.NextInt64(Clock.Nanoseconds(limit.Period) / 5);
            var extra = random.NextInt64(1, Most(limit) + 1);
            touched.Take(extra);
            touched.FreeAt(1, now);
            untouched.FreeAt(1, now);
            touched.Return(extra);
            Assert.Equal(untouched.Available(now), touched.Available(now));
            foreach (var cost in (ReadOnlySpan<long>)[1, 2, Most(limit) / 2, Most(limit)])
                if (cost > 0)
                    Assert.Equal(untouched.FreeAt(cost, now), touched.FreeAt(cost, now));
            if (untouched.FreeAt(1, now) > now)
                continue;
            foreach (var state in (ReadOnlySpan<LimitState>)[touched, untouched])
            {
                state.Take(1);
                state.Sent(1, now);
                state.Answered(1, now, now);
            }
        }
        Assert.Equal(untouched.IsIdle(now), touched.IsIdle(now));
    });

    [Theory, MemberData(nameof(All))]
    public void Idle_is_what_behaves_like_new_and_nothing_else(LimitAlgorithm algorithm) => Cases.Run(200, random =>
    {
        var limit = Any(random, algorithm, "");
        var (state, now) = Past(limit, random.Next(), random.Next(30));
        var most = Most(limit);
        while (!state.IsIdle(now))
        {
            // Fixed windows are remembered for as long as the clock could turn out to be another, and counters have two ways to be free.
            if (algorithm is not (LimitAlgorithm.Fixed or LimitAlgorithm.Counter))
                Assert.True(state.FreeAt(most, now) > now, $"{limit}: not idle, and yet everything is free");
            now += Clock.Nanoseconds(limit.Period) / 50;
        }
        var fresh = New(limit, ArrivalTerms.Nominal);
        for (var step = 0; step < 30; step++)
        {
            var cost = random.NextInt64(1, most + 1);
            Assert.Equal(fresh.Available(now), state.Available(now));
            var free = fresh.FreeAt(cost, now);
            Assert.Equal(free, state.FreeAt(cost, now));
            now = free;
            fresh.TakeSent(cost, now);
            state.TakeSent(cost, now);
        }
    });

    [Theory, MemberData(nameof(All))]
    public void What_is_available_can_go_at_once_and_one_more_cannot(LimitAlgorithm algorithm) => Cases.Run(100, random =>
    {
        var limit = Any(random, algorithm, "");
        var (state, now) = Past(limit, random.Next(), random.Next(30));
        var available = state.Available(now);
        Assert.InRange(available, 0, Most(limit));
        if (available > 0)
            Assert.Equal(now, state.FreeAt(available, now));
        if (available < Most(limit) && algorithm is not (LimitAlgorithm.Spaced or LimitAlgorithm.Counter))
            Assert.True(state.FreeAt(available + 1, now) > now);
    });

    private static (LimitState State, long Now) Past(Limit limit, int seed, int sends)
    {
        var random = new Random(seed);
        var (state, now) = (New(limit, ArrivalTerms.Nominal), Start);
        for (var send = 0; send < sends; send++)
        {
            var cost = random.Chance(0.7) ? 1 : random.NextInt64(1, Most(limit) + 1);
            now = state.FreeAt(cost, now + (random.Chance(0.7) ? 0 : random.NextInt64(Clock.Nanoseconds(limit.Period))));
            state.TakeSent(cost, now);
        }
        return (state, now + random.NextInt64(Clock.Nanoseconds(limit.Period) / 4));
    }

    private static bool Allows(Limit limit, List<(long At, long Cost)> sends, long at, long cost)
    {
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        ModelServer server = limit.Algorithm switch
        {
            LimitAlgorithm.Bucket => new BucketServer(limit.Burst, n, p),
            LimitAlgorithm.Spaced => new SpacedServer(n, p),
            LimitAlgorithm.Fixed => FixedServer.Aligned(n, p, Server.Offset),
            _ => new SlidingServer(n, p),
        };
        foreach (var send in sends)
            Assert.True(server.Accepts(send.At, send.Cost));
        return server.Accepts(at, cost);
    }

    private static Limit Any(Random random, LimitAlgorithm algorithm, string options) => Limit.Parse($"{random.Next(1, 51)}/{random.Period(algorithm == LimitAlgorithm.Fixed ? 10_000 : 100)} {algorithm switch
    {
        LimitAlgorithm.Bucket => $"burst={random.Next(1, 51)}",
        _ => algorithm.ToString().ToLowerInvariant(),
    }} {options}");

    private static long Most(Limit limit) => limit.Algorithm switch { LimitAlgorithm.Bucket => limit.Burst, LimitAlgorithm.Spaced => 1, _ => limit.Amount };

    private static ArrivalTerms Terms(LimitTiming timing) => new(timing, timing == LimitTiming.Bounded ? Clock.Second : 0, Clock.Second);

    private static LimitState New(Limit limit, ArrivalTerms terms) => LimitStates.Create(limit, terms, new WallTime(0, 0, isKnown: true), Server);
}
