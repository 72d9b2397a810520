using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>What the guard is for: a server's clock that runs 100 ppm fast or slow, is cut to milliseconds, or counts both ends of a window.</summary>
public sealed class UnlikeClockTests
{
    public static TheoryData<string> Limits => ["sliding", "counter", "spaced", "burst=1", "burst=2", "burst=7", "burst=50"];

    [Theory, MemberData(nameof(Limits))]
    public void The_guard_covers_drift_and_the_edges_of_clocks(string option) => Cases.Run(150, random =>
    {
        var limit = Limit.Parse($"{random.Next(1, 51)}/{random.Period()} {option}");
        var terms = ArrivalTerms.Nominal;
        var most = limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : 3;
        var client = NeverOverTests.NewClient(random, limit, terms, Clock.Nanoseconds(limit.Period), Math.Min(limit.Amount, most));
        client.Run(120);
        foreach (var (name, clock) in Clocks(random))
            Assert.True(Server(limit, random).Refuses(client.InOrder, clock) is not { } refusal, $"{limit}, {name}: {Server(limit, random).Refuses(client.InOrder, clock)}");
    });

    private static IEnumerable<(string Name, Func<long, long> Clock)> Clocks(Random random)
    {
        var edge = random.NextInt64(1_000_000);
        yield return ("in step", at => at);
        yield return ("cut to milliseconds", at => (at + edge) / Clock.Millisecond * Clock.Millisecond);
        // 100 ppm of the guard's own millisecond are lost on the way.
        yield return ("100 ppm slow", at => at - at / 10_001);
        yield return ("100 ppm fast", at => at + at / 10_001);
    }

    private static ModelServer Server(Limit limit, Random random)
    {
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        return limit.Algorithm switch
        {
            LimitAlgorithm.Bucket => new BucketServer(limit.Burst, n, p),
            LimitAlgorithm.Counter => new CounterServer(n, p, random.NextInt64(p)),
            LimitAlgorithm.Spaced => new SpacedServer(n, p),
            _ => new SlidingServer(n, p, isStrict: true),
        };
    }
}
