using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

public sealed class ConcurrencyCapTests
{
    private const long Start = 1_000 * Clock.Second;

    [Fact]
    public void It_doubles_after_every_50_ms_of_clean_answers_up_to_the_most()
    {
        var cap = new ConcurrencyCap(100, slowStart: true);
        long[] seen = [.. Enumerable.Range(0, 20).Select(step => After(cap, Start + step * 10 * Clock.Millisecond))];
        Assert.Equal([16, 32, 64, 100], seen.Distinct());
        Assert.Equal(16, seen[4]);
        Assert.Equal(32, seen[5]);
        Assert.False(cap.IsGrowing);
    }

    [Fact]
    public void A_refusal_halves_it_and_for_a_second_nothing_is_clean()
    {
        var cap = new ConcurrencyCap(100, slowStart: false);
        cap.Take(80);
        cap.Refused(Start);
        Assert.Equal(40, cap.Now);
        for (var at = Start; at < Start + Clock.Second; at += 20 * Clock.Millisecond)
            Assert.Equal(40, After(cap, at));
        Assert.Equal(40, After(cap, Start + Clock.Second));
        Assert.Equal(80, After(cap, Start + Clock.Second + 50 * Clock.Millisecond));
    }

    [Fact]
    public void A_limit_of_connections_is_told_as_such_and_does_not_start_slowly()
    {
        var cap = new Headgate.Configuration.ConnectionsConfiguration { PerHost = 50 }.Cap()!;
        Assert.Equal((50, false), (cap.Now, cap.IsGrowing));
        var scope = new Headgate.Gates.Scope("api", [cap], _ => throw new InvalidOperationException());
        Assert.Equal("at most 50 connections (api)", scope.Checkpoints[0].Describe());
        Assert.Null(Headgate.Configuration.ConnectionsConfiguration.Default.Cap());
    }

    private static long After(ConcurrencyCap cap, long now)
    {
        cap.Clean(now);
        return cap.Now;
    }
}
