using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>Whatever arrives when, as far as the timing allows it: a server of the kind the limit names never refuses.</summary>
public sealed class NeverOverTests
{
    private const int PerTiming = 300;

    public static TheoryData<LimitTiming> Timings => [LimitTiming.Guaranteed, LimitTiming.Bounded, LimitTiming.Nominal];

    [Theory, MemberData(nameof(Timings))]
    internal void A_sliding_limit_is_safe_for_servers_that_count_whole_windows_and_for_buckets(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)}{Unit(random)}/{random.Period()}{random.Guard()}");
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        var client = Run(random, limit, timing, Math.Min(n, random.Next(1, 51)));
        NeverRefused(client, limit, new SlidingServer(n, p));
        NeverRefused(client, limit, new FirstRequestServer(n, p));
        NeverRefused(client, limit, FixedServer.Aligned(n, p, random.NextInt64(p)));
        NeverRefused(client, limit, new BucketServer(n, n, p));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void A_bucket_is_never_fuller_than_full(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)} bucket {random.Next(1, 51)}{Unit(random)}/{random.Period()}{random.Guard()}");
        var (b, n, p) = (limit.Burst, limit.Amount, Clock.Nanoseconds(limit.Period));
        var client = Run(random, limit, timing, Math.Min(b, random.Next(1, 51)));
        NeverRefused(client, limit, new BucketServer(b, n, p));
        NeverRefused(client, limit, new GcraServer(b, n, p));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void A_counter_is_safe_for_two_window_counters_however_they_are_aligned(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var limit = Limit.Parse($"{random.Pick(random.Next(1, 5), random.Next(1, 51), random.Next(50, 200))}{Unit(random)}/{random.Period()} counter{random.Guard()}");
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        var client = Run(random, limit, timing, random.Pick(1, 1, Math.Min(n, random.Next(1, 51)), n));
        for (var alignment = 0; alignment < 4; alignment++)
            NeverRefused(client, limit, new CounterServer(n, p, random.NextInt64(p)));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void Spaced_arrivals_are_apart(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)}{Unit(random)}/{random.Period()} spaced{random.Guard()}");
        var client = Run(random, limit, timing, random.Pick(1, 1, Math.Min(limit.Amount, 5)), attempts: 60);
        NeverRefused(client, limit, new SpacedServer(limit.Amount, Clock.Nanoseconds(limit.Period)));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void What_is_in_flight_is_never_more_than_allowed(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)} concurrent");
        var terms = Terms(random, timing, Clock.Second);
        // Nominal timing promises nothing of what a server does with a request that was given up.
        var client = NewClient(random, limit, terms, Clock.Second, Math.Min(limit.Amount, random.Next(1, 51)), losses: timing == LimitTiming.Nominal ? 0 : 0.05);
        client.Run(150);
        Assert.Null(ConcurrentServer.Refuses(limit.Amount, client.Served));
    });

    [Theory, MemberData(nameof(Timings))]
    internal void Spaced_with_jitter_is_safe_while_the_way_varies_by_no_more(LimitTiming timing) => Cases.Run(PerTiming, random =>
    {
        var jitter = random.Next(1, 200);
        var limit = Limit.Parse($"{random.Next(1, 51)}/{random.Period()} spaced jitter={jitter}ms");
        var terms = Terms(random, timing, Clock.Second);
        var client = NewClient(random, limit, terms, Clock.Second, 1);
        client.Run(60);
        var way = random.NextInt64(Clock.Second);
        var arrivals = client.Arrivals.Select(arrival => arrival with { At = arrival.Sent + way + random.NextInt64(jitter * Clock.Millisecond + 1) });
        Assert.Null(new SpacedServer(limit.Amount, Clock.Nanoseconds(limit.Period)).Refuses(arrivals.OrderBy(arrival => arrival.At)));
    });

    private static Client Run(Random random, Limit limit, LimitTiming timing, long maxCost, int attempts = 150)
    {
        var pace = Clock.Nanoseconds(limit.Period) / (limit.Algorithm == LimitAlgorithm.Spaced ? limit.Amount : 1);
        var client = NewClient(random, limit, Terms(random, timing, pace), pace, maxCost);
        client.Run(attempts);
        return client;
    }

    internal static ArrivalTerms Terms(Random random, LimitTiming timing, long pace) =>
        new(timing, timing == LimitTiming.Bounded ? random.Spread(Clock.Millisecond, pace) : 0, timing == LimitTiming.Nominal ? 0 : random.Pick(0, random.Spread(Clock.Millisecond, 2 * pace)));

    internal static Client NewClient(Random random, Limit limit, ArrivalTerms terms, long pace, long maxCost, double losses = 0.05)
    {
        var ours = new WallTime(1_767_225_600L * Clock.Second, 0, isKnown: true);
        var client = new Client(random, LimitStates.Create(limit, terms, ours, WallTime.Unknown()), terms)
        {
            MaxCost = maxCost,
            MaxLatency = random.Pick(0, pace / 100, pace / 4, pace, 3 * pace),
            MaxPause = random.Pick(pace / 10, pace, 4 * pace),
            Losses = random.Pick(0, losses),
        };
        // The wall clock is stepped about, and D doubled: neither may matter.
        for (var step = 0; step < 5; step++)
            client.At(client.Now + random.NextInt64(5 * pace), () => ours.Set(random.NextInt64(2_000_000_000) * Clock.Second));
        client.At(client.Now + random.NextInt64(5 * pace), terms.Double);
        client.At(client.Now + random.NextInt64(5 * pace), () => terms.Learn(random.NextInt64(pace)));
        return client;
    }

    private static string Unit(Random random) => random.Chance(0.15) ? " tokens" : "";

    private static void NeverRefused(Client client, Limit limit, ModelServer server) =>
        Assert.Null(server.Refuses(client.InOrder) is { } refusal ? $"{limit}: {refusal}" : null);
}
