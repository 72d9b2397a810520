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
        long[] seen = [.. Enumerable.Range(0, 100).Select(step => After(cap, Start + step * 2 * Clock.Millisecond))];
        Assert.Equal([16, 32, 64, 100], seen.Distinct());
        Assert.Equal(16, seen[24]);
        Assert.Equal(32, seen[25]);
        Assert.False(cap.IsGrowing);
    }

    [Fact]
    public void It_does_not_double_for_the_few_that_a_server_answers_before_it_refuses()
    {
        var cap = new ConcurrencyCap(100, slowStart: true);
        long[] seen = [.. Enumerable.Range(0, 8).Select(step => After(cap, Start + step * 100 * Clock.Millisecond))];
        Assert.Equal([16, 16, 16, 16, 16, 16, 16, 32], seen);
        cap.Take(16);
        cap.Refused(Start + Clock.Second);
        var later = Start + 3 * Clock.Second;
        Assert.Equal([8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 32], Enumerable.Range(0, 12).Select(step => After(cap, later + step * 100 * Clock.Millisecond)));
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
        for (var answers = 1; answers < 20; answers++)
            Assert.Equal(40, After(cap, Start + Clock.Second));
        Assert.Equal(80, After(cap, Start + Clock.Second + 50 * Clock.Millisecond));
    }

    [Fact]
    public void While_it_starts_slowly_those_it_lets_go_are_spread_over_the_50_ms_until_the_first_refusal()
    {
        var cap = new ConcurrencyCap(100, slowStart: true);
        var gap = 50 * Clock.Millisecond / 16;
        Assert.Equal(Start, cap.FreeAt(1, Start));
        cap.Take(1);
        Assert.Equal((Start + gap, 0), (cap.FreeAt(1, Start), cap.Available(Start)));
        Assert.Equal((Start + gap, Start + gap), (cap.FreeAt(1, Start + gap - 1), cap.NextCertain));
        Assert.True(cap.FitsAt(Start + gap, 1, Start, taken: 0));
        Assert.False(cap.FitsAt(Start + gap, 1, Start, taken: 1));
        Assert.True(cap.FitsAt(Start + 2 * gap, 1, Start, taken: 1));
        // What was not used is not made up for.
        var later = Start + Clock.Second;
        Assert.Equal(later, cap.FreeAt(1, later));
        cap.Take(1);
        Assert.Equal(later + gap, cap.FreeAt(1, later));
        // Whoever has heard of all that left sends on.
        cap.Answered(1, Start, later);
        Assert.Equal(later + gap, cap.FreeAt(1, later));
        cap.Lost(1, later, later);
        Assert.Equal(later, cap.FreeAt(1, later));
        cap.Take(1);
        cap.Refused(later);
        Assert.Equal(later, cap.FreeAt(1, later));
    }

    [Fact]
    public void Once_it_has_all_that_it_may_have_nothing_is_spread()
    {
        var (grown, asked) = (new ConcurrencyCap(32, slowStart: true), new ConcurrencyCap(100, slowStart: false));
        for (var answers = 0; answers < 8; answers++)
            After(grown, Start + answers * 50 * Clock.Millisecond);
        foreach (var cap in (ConcurrencyCap[])[grown, asked])
            for (var taken = 0; taken < 32; taken++)
            {
                Assert.Equal(Start + Clock.Second, cap.FreeAt(1, Start + Clock.Second));
                cap.Take(1);
            }
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
