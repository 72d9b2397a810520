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
    public void What_has_ended_and_is_not_recorded_takes_of_the_most_but_not_of_a_cap_that_grows()
    {
        var (full, slow) = (new ConcurrencyCap(20, slowStart: false), new ConcurrencyCap(20, slowStart: true));
        foreach (var cap in (ConcurrencyCap[])[full, slow])
        {
            cap.Take(2);
            cap.Ended(1, Start, isAborted: false, Start);
            cap.Keep();
        }
        Assert.Equal((18, 15), (full.Available(Start), slow.Available(Start)));
        Assert.False(full.FitsAt(Start, 1, Start, taken: 18));
        Assert.True(full.FitsAt(Start, 1, Start, taken: 17));
        full.LetGo();
        Assert.Equal(19, full.Available(Start));
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
