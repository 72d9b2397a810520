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

        List<int> rooms = [health.Room(0)];
        for (var answers = 0; answers < 6; answers++)
        {
            Assert.True(health.Brought(false, 1, Second));
            rooms.Add(health.Room(0));
        }

        Assert.Equal([2, 4, 8, 16, 32, 64, int.MaxValue], rooms);
        Assert.True(health.IsProven);
        Assert.False(health.Brought(false, 1, Second));
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
        Assert.True(health.Brought(false, 10 * Second, 11 * Second));
        Assert.False(health.IsOnProbation);

        health.Failed("refused", 20 * Second, 20 * Second);

        Assert.Equal(21 * Second, health.RestsUntil);
    }

    [Fact]
    public void The_head_of_an_answer_ends_no_probation_and_makes_no_room()
    {
        var health = new ProxyHealth(5);
        List<long> pauses = [];
        for (var now = Second; health.DeadReason is null; now = health.RestsUntil)
        {
            health.Answered(now + 1, now + 2);
            Assert.Equal(pauses.Count == 0 ? 2 : 1, health.Room(now + 2));
            health.Failed("broke off", now + 1, now + 3, brokeOff: true);
            pauses.Add((health.RestsUntil - now) / Second);
        }

        Assert.Equal([1, 4, 16, 64], pauses);
        Assert.False(health.HasWorked);
    }

    [Fact]
    public void A_stream_that_keeps_coming_says_each_ten_seconds_what_an_answer_says_at_its_end()
    {
        var health = new ProxyHealth(null);
        health.Failed("refused", 0, 0);
        Assert.True(health.Answered(2 * Second, 3 * Second));
        Assert.False(health.Answered(2 * Second, 4 * Second));

        Assert.Equal((13 * Second, 13 * Second), (health.FreeAt(1, 3 * Second), health.FreeAt(1, 12 * Second)));
        Assert.Equal((13 * Second, 23 * Second), (health.FreeAt(3, 13 * Second), health.FreeAt(4, 13 * Second)));
        Assert.Equal(int.MaxValue, health.Room(63 * Second));
        Assert.True(health.IsOnProbation);
        // And at its end no less.
        health.Brought(false, 2 * Second, 24 * Second);
        Assert.Equal((16, false), (health.Room(24 * Second), health.IsOnProbation));
        health.Failed("refused", 25 * Second, 25 * Second);
        Assert.Equal(1, health.Room(80 * Second));
    }

    [Fact]
    public void An_answer_that_began_to_come_and_never_ended_has_said_nothing()
    {
        var health = new ProxyHealth(null);
        health.Answered(Second, 2 * Second);
        health.Lost(ranOut: false, 5 * Second, 6 * Second);
        Assert.Equal(4, health.Room(12 * Second));

        health.Lost(ranOut: false, Second, 13 * Second);

        Assert.Equal((2, Clock.Never, Second), (health.Room(60 * Second), health.FreeAt(2, 60 * Second), health.Latency));
        health.Answered(20 * Second, 21 * Second);
        health.Lost(ranOut: true, 20 * Second, 29 * Second);
        Assert.Equal((2, 2 * Second), (health.Room(60 * Second), health.Latency));
    }

    [Fact]
    public void Nor_has_the_head_of_one_without_a_body_where_answers_break_off()
    {
        var health = new ProxyHealth(null);
        health.Failed("broke off", Second, Second, brokeOff: true);
        health.Answered(3 * Second, 4 * Second);
        Assert.False(health.Brought(isEmpty: true, 3 * Second, 4 * Second));

        Assert.Equal(1, health.Room(80 * Second));
    }

    [Fact]
    public void That_an_answer_without_a_body_did_not_break_off_says_nothing()
    {
        var health = Proven();
        health.Failed("broke off", Second, Second, brokeOff: true);
        Assert.False(health.Brought(isEmpty: true, 3 * Second, 4 * Second));
        Assert.True(health.BreaksOff);
        Assert.True(health.Brought(isEmpty: false, 3 * Second, 4 * Second));
        Assert.False(health.BreaksOff);

        health.Failed("refused", 5 * Second, 5 * Second);
        Assert.True(health.Brought(isEmpty: true, 7 * Second, 8 * Second));
    }

    [Fact]
    public void Those_that_went_with_the_first_that_failed_say_nothing_new()
    {
        var health = Proven();
        Assert.True(health.Failed("refused", Second, 2 * Second));
        for (var other = 0; other < 20; other++)
            Assert.False(health.Failed("refused", Second, 2 * Second + other));
        // Nor does an answer to what was sent before.
        Assert.False(health.Brought(false, Second, 3 * Second));

        Assert.Equal((3 * Second, 1), (health.RestsUntil, health.Room(0)));
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
    public void Of_one_that_is_mended_an_answer_without_a_body_says_as_much_as_any()
    {
        var health = Proven();
        health.Failed("broke off", Second, Second, brokeOff: true);

        health.Revive(2 * Second);

        Assert.False(health.BreaksOff);
        Assert.True(health.Brought(isEmpty: true, 3 * Second, 4 * Second));
        Assert.False(health.IsOnProbation);
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
            health.Brought(false, 1, 2);
        return health;
    }
}
