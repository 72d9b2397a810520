using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.Tests.Proxies;

public sealed class ProxyHealthTests
{
    private const long Second = Clock.Second;

    [Fact]
    public void Few_go_through_one_that_is_new_and_more_with_each_answer()
    {
        var health = new ProxyHealth(null);
        Assert.Equal((0, Clock.Never), (health.FreeAt(1, 0), health.FreeAt(2, 0)));

        List<int> rooms = [health.Room];
        for (var answers = 0; answers < 6; answers++)
        {
            Assert.True(health.Answered(1, Second));
            rooms.Add(health.Room);
        }

        Assert.Equal([2, 4, 8, 16, 32, 64, int.MaxValue], rooms);
        Assert.True(health.IsProven);
        Assert.False(health.Answered(1, Second));
    }

    [Fact]
    public void Each_fault_in_a_row_is_a_longer_pause_and_then_one_request()
    {
        var health = Proven();
        List<long> pauses = [];
        for (var now = Second; pauses.Count < 8; now = health.RestsUntil)
        {
            Assert.True(health.Failed("refused", now, now));
            pauses.Add((health.RestsUntil - now) / Second);
            Assert.Equal(health.RestsUntil, health.FreeAt(0, now));
            Assert.Equal((health.RestsUntil, Clock.Never), (health.FreeAt(0, health.RestsUntil), health.FreeAt(1, health.RestsUntil)));
        }

        Assert.Equal([1, 4, 16, 64, 256, 600, 600, 600], pauses);
        Assert.Equal(("refused", (string?)null), (health.LastFault, health.DeadReason));
    }

    [Fact]
    public void An_answer_ends_probation_and_the_next_pause_is_the_first_again()
    {
        var health = Proven();
        health.Failed("refused", Second, Second);
        health.Failed("refused", 3 * Second, 3 * Second);
        Assert.True(health.Answered(10 * Second, 11 * Second));
        Assert.False(health.IsOnProbation);

        health.Failed("refused", 20 * Second, 20 * Second);

        Assert.Equal(21 * Second, health.RestsUntil);
    }

    [Fact]
    public void Those_that_went_with_the_first_that_failed_say_nothing_new()
    {
        var health = Proven();
        Assert.True(health.Failed("refused", Second, 2 * Second));
        for (var other = 0; other < 20; other++)
            Assert.False(health.Failed("refused", Second, 2 * Second + other));
        // Nor does an answer to what was sent before.
        Assert.False(health.Answered(Second, 3 * Second));

        Assert.Equal((3 * Second, 1), (health.RestsUntil, health.Room));
    }

    [Fact]
    public void Where_no_more_is_to_be_tried_it_is_dead_after_five_and_one_that_never_worked_after_four()
    {
        Assert.Equal("refused, 5 times in a row", DeadAfter(Proven(5), out var tries));
        Assert.Equal(5, tries);
        Assert.Equal("refused, 4 times in a row", DeadAfter(new ProxyHealth(5), out tries));
        Assert.Equal(4, tries);
    }

    [Fact]
    public void One_that_is_mended_is_tried_with_one_request()
    {
        var health = new ProxyHealth(null);
        health.Kill("407", Second);
        Assert.Equal(Clock.Never, health.FreeAt(0, Second));

        health.Revive(Second);

        Assert.Equal((Second, (string?)null), (health.FreeAt(0, Second), health.DeadReason));
    }

    [Fact]
    public void A_latency_counts_half_each_half_minute_so_that_it_is_measured_again()
    {
        var health = new ProxyHealth(null);
        health.Answered(1, 1 + Second);
        Assert.Equal((Second, Second / 2, Second / 4, 0L), (health.Expected(2 * Second), health.Expected(32 * Second), health.Expected(62 * Second), health.Expected(86_400 * Second)));
        Assert.Equal(Second, health.Latency);
    }

    private static string? DeadAfter(ProxyHealth health, out int tries)
    {
        tries = 0;
        for (var now = 100 * Second; health.DeadReason is null; now = health.RestsUntil)
        {
            tries++;
            health.Failed("refused", now, now);
        }
        return health.DeadReason;
    }

    private static ProxyHealth Proven(int? leftAfter = null)
    {
        var health = new ProxyHealth(leftAfter);
        for (var answers = 0; answers < 6; answers++)
            health.Answered(1, 2);
        return health;
    }
}
