using Headgate.App.Verify;
using Headgate.Ledgers;

namespace Headgate.Tests.Verify;

public sealed class LedgerAuditTests
{
    [Theory]
    [InlineData(long.MinValue, 1)]
    [InlineData(0, 1970)]
    [InlineData(long.MaxValue, 9999)]
    public void A_time_beyond_the_calendar_is_told_all_the_same(long us, int year) => Assert.Equal(year, AccessLog.Wall(us).Year);

    [Fact]
    public void A_window_that_is_just_full_is_no_breach_and_one_more_is()
    {
        using var full = new LedgerScript(null, "3/s").Burst(3, 0, 10).Burst(3, 1010, 10);
        Assert.Equal((3m, 3m, false), Facts(full.Audit().Single()));
        using var over = new LedgerScript(null, "3/s").Burst(3, 0, 10).Send(1009.998, 1020);
        var found = over.Audit().Single();
        Assert.Equal((4m, 3m, true), Facts(found));
        Assert.Equal([1, 2, 3, 4], found.Attempts);
        Assert.Equal(1_009_998, found.Worst!.ToUs);
    }

    [Fact]
    public void An_answer_that_comes_late_keeps_its_place_until_then()
    {
        using var script = new LedgerScript(null, "2/s").Send(0, 900).Send(0, 10).Send(1100, 1110).Send(1200, 1210);
        Assert.Equal((3m, 2m, true), Facts(script.Audit().Single()));
    }

    [Fact]
    public void What_has_no_end_keeps_its_place_until_a_run_goes_on_and_then_until_straggle()
    {
        using var open = new LedgerScript(null, "1/s").Send(0).Restart(50_000, LedgerScript.Header("1/s"));
        Assert.Equal((1m, true), (open.Audit().Single().Worst!.Amount, open.Audit().Single().IsProven));
        using var resumed = new LedgerScript(null, "1/s").Send(0).Restart(10_000, LedgerScript.Header("1/s")).Send(13_000, 13_010);
        Assert.False(resumed.Audit().Single().Worst!.IsBreach);
        using var early = new LedgerScript(null, "1/s").Send(0).Restart(1500, LedgerScript.Header("1/s")).Send(2999, 3010);
        Assert.True(early.Audit().Single().Worst!.IsBreach);
        // Its process may have died right after the send, and a run in between have waited for it.
        using var between = new LedgerScript(null, "1/s").Send(0).Restart(10_000, LedgerScript.Header("1/s")).Send(12_999, 13_010);
        Assert.Equal((false, false, true), (between.Audit().Single().Worst!.IsBreach, between.Audit().Single().IsProven, between.Audit().Single().IsOpen));
        Assert.Equal((1, 2), ((int)early.Read().Unended, early.Read().Headers.Count));
    }

    [Fact]
    public void An_end_that_was_lost_with_its_process_leaves_a_limit_unproven_and_not_exceeded()
    {
        // Answered, its place given on, killed before the end was written.
        using var script = new LedgerScript(null, "1 concurrent", "1/s", "1 bucket 1/s").Send(0).Send(1200);
        Assert.All(script.Audit(), found => Assert.Equal((false, false, true), (found.Worst!.IsBreach, found.IsProven, found.IsOpen)));
        using var over = new LedgerScript(null, "1/s").Send(0).Send(900);
        Assert.True(over.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void A_place_that_was_given_on_before_its_end_was_written_is_not_counted_twice_at_the_restart()
    {
        // Its body was read and its place given on, its result not yet written: both are open when the process dies.
        using var concurrent = new LedgerScript(null, "1 concurrent").Send(0).Send(20).Restart(300, LedgerScript.Header("1 concurrent")).Send(2400, 2410);
        var found = concurrent.Audit().Single();
        Assert.Equal((false, false, true), (found.Worst!.IsBreach, found.IsProven, found.IsOpen));
        using var tooSoon = new LedgerScript(null, "1 concurrent").Send(0).Send(20).Restart(300, LedgerScript.Header("1 concurrent")).Send(1500, 1510);
        Assert.True(tooSoon.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void One_that_was_open_at_a_death_counts_once_in_a_window_that_reaches_over_the_restart()
    {
        var bounded = LedgerScript.Header("3/s") with { Timing = "bounded:100ms" };
        // The end of another, written after D, says nothing of it.
        using var script = new LedgerScript(bounded).Send(0).Send(10, 400).Restart(500, bounded).Send(800, 810);
        Assert.False(script.Audit().Single().Worst!.IsBreach);
        using var over = new LedgerScript(bounded).Send(0).Send(10, 400).Restart(500, bounded).Send(800, 810).Send(820, 830);
        Assert.True(over.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void Bounded_timing_lets_a_place_go_after_D_and_takes_it_again_after_a_restart()
    {
        var bounded = LedgerScript.Header("1/s") with { Timing = "bounded", BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } };
        using var slow = new LedgerScript(bounded).Send(0, 30_000, late: 250).Send(1250, 1300).Send(2300, 2310);
        Assert.False(slow.Audit().Single().Worst!.IsBreach);
        using var givenUp = new LedgerScript(bounded).Send(0, 10_000, late: 12_000, failure: "timeout").Send(1250, 1300).Send(9999, 10_001).Send(13_000, 13_001);
        Assert.False(givenUp.Audit().Single().Worst!.IsBreach);
        using var early = new LedgerScript(bounded).Send(0, 200, late: 2200, failure: "network").Send(1250, 1300);
        Assert.True(early.Audit().Single().Worst!.IsBreach);
        using var tooSoon = new LedgerScript(bounded).Send(0).Restart(1500, bounded).Send(2500, 2600);
        Assert.True(tooSoon.Audit().Single().Worst!.IsBreach);
        using var inTime = new LedgerScript(bounded).Send(0).Restart(10_000, bounded).Send(13_000, 13_100);
        Assert.False(inTime.Audit().Single().Worst!.IsBreach);
        using var neverEnded = new LedgerScript(bounded).Send(0).Send(1250, 1300);
        Assert.False(neverEnded.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void What_was_in_flight_when_its_process_died_counts_once_in_a_window_that_spans_the_death()
    {
        var bounded = LedgerScript.Header("2/s") with { Timing = "bounded", BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } };
        using var whole = new LedgerScript(bounded).Send(0).Restart(300, bounded).Send(400, 410);
        Assert.Equal((2m, 2m, false), Facts(whole.Audit().Single()));
        using var over = new LedgerScript(bounded).Send(0).Restart(300, bounded).Send(400, 410).Send(420, 430);
        Assert.True(over.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void What_a_later_run_sent_with_nominal_timing_is_not_proven()
    {
        var bounded = LedgerScript.Header("2/s") with { Timing = "bounded", BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } };
        using var script = new LedgerScript(bounded).Send(0, 10).Restart(5000, bounded with { Timing = "nominal" }).Send(6000, 6010);
        Assert.Equal([true, false], script.Audit().Select(found => found.IsProven));
    }

    [Fact]
    public void A_changed_D_holds_for_what_is_sent_after()
    {
        var bounded = LedgerScript.Header("1/s") with { Timing = "bounded", BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } };
        using var script = new LedgerScript(bounded).Send(0, 30_000, late: 250)
            .Write(w => w.WriteLimits(new LedgerLimits(new Dictionary<string, IReadOnlyList<string>>(), 1_000_000) { BoundMs = new Dictionary<string, decimal> { ["api"] = 500 } }))
            .Send(1250, 30_000, late: 1750).Send(2600, 2610);
        Assert.True(script.Audit().Single().Worst!.IsBreach);
        Assert.Equal([250_000, 500_000], script.Read().Bounds["api"].Select(b => b.BoundUs));
    }

    [Fact]
    public void Nominal_timing_audits_sends_only_and_says_not_proven()
    {
        using var script = new LedgerScript(LedgerScript.Header("2/s") with { Timing = "nominal" }).Send(0, 5000).Send(0, 5000).Send(1000, 1010);
        var found = script.Audit().Single();
        Assert.Equal((2m, 2m, false), Facts(found));
        Assert.False(found.IsProven);
    }

    [Fact]
    public void A_limit_may_have_a_timing_of_its_own()
    {
        using var script = new LedgerScript(null, "2/s timing=nominal", "2/s", "2/s timing=bounded:100ms").Send(0, 5000).Send(0, 5000).Send(1100, 1110);
        var found = script.Audit();
        Assert.Equal([false, true, false], found.Select(f => f.Worst!.IsBreach));
        Assert.Equal([false, true, true], found.Select(f => f.IsProven));
    }

    [Fact]
    public void Costs_count_as_settled_and_more_than_declared_is_undeclared()
    {
        using var script = new LedgerScript(null, "100 tokens/min")
            .Send(0, 10, cost: [new("tokens", 60)], actual: [new("tokens", 20)])
            .Send(20, 30, cost: [new("tokens", 60)], actual: [new("tokens", 70)]);
        Assert.Equal((90m, 100m, false), Facts(script.Audit().Single()));
        var fault = Assert.Single(script.Read().Undeclared);
        Assert.Equal((2, "70 tokens used, 60 declared"), (fault.Attempt, fault.What));
        using var more = new LedgerScript(null, "100 tokens/min").Send(0, 10, cost: [new("tokens", 60)]).Send(20, cost: [new("tokens", 60)]);
        Assert.Equal((120m, 100m, true), Facts(more.Audit().Single()));
    }

    [Fact]
    public void Units_that_are_settled_with_the_body_count_until_its_end()
    {
        using var script = new LedgerScript(null, "100 tokens/s").Send(0, 5000, late: 10, cost: [new("tokens", 60)]).Send(1500, 1510, cost: [new("tokens", 60)]);
        Assert.True(script.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void An_end_without_an_intent_is_told()
    {
        using var script = new LedgerScript(null, "1/s").Send(0, 1).Write(w => w.WriteEnd(new LedgerEnd { Number = 77, EndUs = 5, LateUs = 5, Status = 200 }));
        Assert.Equal(77, Assert.Single(script.Read().Unrecorded).Attempt);
    }

    [Fact]
    public void An_attempt_number_used_twice_is_damage()
    {
        using var script = new LedgerScript(null, "1/s").Send(0, 1).Write(w => w.WriteIntent(new LedgerIntent { WallUs = 1, SentUs = 1, Number = 1 }));
        Assert.Contains("attempt 1 begins a second time", Assert.Single(script.Read().Damage).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_scope_counts_its_own()
    {
        var header = LedgerScript.Header() with
        {
            Limits = new Dictionary<string, IReadOnlyList<string>>
            {
                ["total"] = ["10/s"],
                ["api"] = ["6/s"],
                ["api/key"] = ["2/s"],
                ["api/key:gold"] = ["4/s"],
                ["api/proxy"] = ["5/s"],
                ["other/key"] = ["9/s"],
            },
            Keys = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["api"] = new Dictionary<string, string> { ["a"] = "f1", ["b"] = "f2", ["alias of b"] = "f2", ["gold"] = "f3" } },
        };
        using var script = new LedgerScript(header)
            .Send(0, 1, key: "a").Send(1, 2, key: "b", proxy: "p").Send(2, 3, key: "alias of b", proxy: "p").Send(3, 4, key: "gold").Send(4, 5, key: "gold").Send(5, 6, key: "gold")
            .Send(6, 7, upstream: "other");
        var found = script.Audit();
        Assert.Equal(
            [("total", "10/s", null, 7m), ("api", "6/s", null, 6m), ("api/key", "2/s", "alias of b", 2m), ("api/key:gold", "4/s", null, 3m), ("api/proxy", "5/s", "p", 2m), ("other/key", "9/s", (string?)null, null)],
            found.Select(f => (f.Scope, f.Limit.ToString(), f.Member, f.Worst?.Amount)).ToList<(string, string, string?, decimal?)>());
        Assert.Equal(2, found[2].Members);
        using var over = new LedgerScript(header).Send(0, 1, key: "b").Send(1, 2, key: "alias of b").Send(2, 3, key: "b");
        Assert.Contains(over.Audit(), f => f.Scope == "api/key" && f.Worst is { IsBreach: true });
    }

    [Fact]
    public void Proxies_of_one_exit_are_counted_together()
    {
        var header = LedgerScript.Header() with { Limits = new Dictionary<string, IReadOnlyList<string>> { ["api/proxy"] = ["2/s"], ["api/proxy:y"] = ["3/s"] } };
        using var script = new LedgerScript(header).Send(0, 1, proxy: "p", exit: "x").Send(1, 2, proxy: "q", exit: "x").Send(2, 3, proxy: "r").Send(3, 4, proxy: "s", exit: "y").Send(4, 5, proxy: "t", exit: "y").Send(5, 6, proxy: "t", exit: "y");
        Assert.DoesNotContain(script.Audit(), f => f.Worst is { IsBreach: true });
        using var over = new LedgerScript(header).Send(0, 1, proxy: "p", exit: "x").Send(1, 2, proxy: "q", exit: "x").Send(2, 3, proxy: "p", exit: "x");
        Assert.Contains(over.Audit(), f => f.Scope == "api/proxy" && f.Worst is { IsBreach: true });
    }

    [Fact]
    public void A_limit_lowered_on_the_way_counts_what_was_sent_before()
    {
        using var script = new LedgerScript(null, "4/s").Burst(4, 0, 10).Change(100, "api", "2/s").Send(1010, 1020).Send(1011, 1020).Send(1500, 1510);
        var found = script.Audit().Single();
        Assert.Equal(("2/s", 3m, true), (found.Limit.ToString(), found.Worst!.Amount, found.Worst.IsBreach));
        using var kept = new LedgerScript(null, "4/s").Burst(4, 0, 10).Change(100, "api", "2/s").Burst(2, 1010, 5);
        Assert.False(kept.Audit().Single().Worst!.IsBreach);
        using var reopened = new LedgerScript(null, "4/s").Burst(4, 0, 10).Change(100, "api", "2/s").Send(500, 510);
        Assert.True(reopened.Audit().Single().Worst!.IsBreach);
        using var ended = new LedgerScript(null, "1/s").Send(0, 1).Change(100, "api").Burst(5, 200);
        Assert.False(ended.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void A_bucket_changed_on_the_way_keeps_its_level()
    {
        using var kept = new LedgerScript(null, "4 bucket 4/s").Burst(4, 0).Change(100, "api", "4 bucket 1/s").Send(1100, 1100);
        Assert.False(kept.Audit().Single().Worst!.IsBreach);
        using var reopened = new LedgerScript(null, "4 bucket 4/s").Burst(4, 0).Change(100, "api", "4 bucket 1/s").Burst(4, 1000);
        Assert.True(reopened.Audit().Single().Worst!.IsBreach);
        // Lowering the rate says nothing of what was right before.
        using var lowered = new LedgerScript(null, "2 bucket 10/s").Burst(1, 0).Burst(1, 100).Burst(1, 200).Burst(1, 300).Change(400, "api", "2 bucket 1/s").Burst(1, 500);
        Assert.False(lowered.Audit().Single().Worst!.IsBreach);
        // After a restart the state is rebuilt from what was sent, by the limit that holds now.
        using var restarted = new LedgerScript(null, "10 bucket 1/s").Burst(10, 0).Restart(1000, LedgerScript.Header("10 bucket 10/s")).Burst(10, 1000);
        Assert.False(restarted.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void A_bucket_is_audited_by_its_level()
    {
        using var script = new LedgerScript(null, "10/s burst=2").Send(0, 0).Send(0, 0).Send(100, 100).Send(200, 200);
        Assert.Equal((2m, 2m, false), Facts(script.Audit().Single()));
        using var over = new LedgerScript(null, "10/s burst=2").Send(0, 0).Send(0, 0).Send(50, 50);
        Assert.Equal((2.5m, 2m, true), Facts(over.Audit().Single()));
        using var late = new LedgerScript(null, "10/s burst=2").Send(0, 90).Send(0, 90).Send(110, 110);
        Assert.Equal((2.8m, 2m, true), Facts(late.Audit().Single()));
    }

    [Fact]
    public void A_counter_is_audited_as_its_safe_bucket_or_else_at_every_alignment()
    {
        using var quick = new LedgerScript(null, "100/s counter").Burst(2, 0).Burst(1, 15);
        Assert.Equal((2m, "as the bucket that two windows never refuse"), (quick.Audit().Single().Worst!.Allowed, quick.Audit().Single().Rule));
        using var exact = new LedgerScript(null, "100/s counter").Burst(50, 0).Burst(50, 1000);
        Assert.Equal((100m, 100m, false), Facts(exact.Audit().Single()));
        // 60 just before the windows change, and half of the next one later 71: 60/2 + 71.
        using var over = new LedgerScript(null, "100/s counter").Burst(60, 0).Burst(71, 500.1);
        Assert.True(over.Audit().Single().Worst!.IsBreach);
        using var one = new LedgerScript(null, "1/s counter").Send(0, 0).Send(2000, 2000);
        Assert.All(one.Audit(), f => Assert.False(f.Worst!.IsBreach));
        using var early = new LedgerScript(null, "1/s counter").Send(0, 0).Send(1990, 1990);
        Assert.Contains(early.Audit(), f => f.Worst!.IsBreach);
    }

    [Fact]
    public void Spaced_sends_keep_their_distance_from_the_late_before()
    {
        using var script = new LedgerScript(null, "10/s spaced").Send(0, 20).Send(120, 130).Send(230, 240);
        Assert.Equal((100m, 100m, false), Facts(script.Audit().Single()));
        using var near = new LedgerScript(null, "10/s spaced").Send(0, 20).Send(119, 130);
        Assert.Equal((99m, 100m, true), Facts(near.Audit().Single()));
        using var overlapping = new LedgerScript(null, "10/s spaced").Send(0, 200).Send(119, 130);
        Assert.True(overlapping.Audit().Single().Worst!.IsBreach);
        using var jitter = new LedgerScript(null, "10/s spaced jitter=5ms").Send(0, 200).Send(105, 130);
        var found = jitter.Audit().Single();
        Assert.Equal((105m, 100m, false), Facts(found));
        Assert.False(found.IsProven);
        using var thirds = new LedgerScript(null, "3/s spaced").Send(0, 0).Send(333.333, 333.333).Send(666.666, 666.666);
        Assert.False(thirds.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void Concurrency_is_from_the_send_to_the_end_of_the_body()
    {
        using var script = new LedgerScript(null, "2 concurrent").Send(0, 100, late: 1).Send(50, 200, late: 51).Send(100, 150, late: 101).Send(150, 160);
        Assert.Equal((2m, 2m, false), Facts(script.Audit().Single()));
        using var over = new LedgerScript(null, "2 concurrent").Send(0, 100, late: 1).Send(50, 200, late: 51).Send(99, 150, late: 101);
        Assert.Equal((3m, 2m, true), Facts(over.Audit().Single()));
    }

    [Fact]
    public void A_fixed_window_that_no_sliding_one_exceeds_is_proven_for_any_clock()
    {
        using var script = new LedgerScript(null, "3/min fixed").Burst(3, 0, 10).Burst(3, 60_010, 10);
        var found = script.Audit().Single();
        Assert.True(found.IsProven);
        Assert.Equal("wherever its windows begin", found.Rule);
    }

    [Fact]
    public void A_fixed_window_goes_by_the_stated_skew_or_by_the_servers_clock()
    {
        // 2026-01-01T00:00 is the edge of a minute: three before it and three after.
        using var skew = new LedgerScript(null, "3/min fixed skew=1s").Burst(3, 50_000, 10).Burst(3, 61_500, 10);
        Assert.Equal((3m, 3m, false), Facts(skew.Audit().Single()));
        Assert.True(skew.Audit().Single().IsProven);
        using var near = new LedgerScript(null, "3/min fixed skew=1s").Burst(3, 50_000, 10).Burst(3, 60_500, 10);
        Assert.True(near.Audit().Single().Worst!.IsBreach);
        using var server = new LedgerScript(null, "3/min fixed")
            .Write(w => w.WriteServerClock(new LedgerServerClock("api", LedgerScript.WallAtZero - 30_000_000, 500_000, 0)))
            .Burst(3, 80_000, 10).Burst(3, 91_000, 10);
        Assert.Equal((3m, 3m, false), Facts(server.Audit().Single()));
        Assert.True(server.Audit().Single().IsProven);
        using var unknown = new LedgerScript(null, "3/min fixed").Burst(3, 50_000, 10).Burst(3, 61_500, 10);
        Assert.False(unknown.Audit().Single().Worst!.IsBreach);
        Assert.False(unknown.Audit().Single().IsProven);
    }

    [Theory]
    [InlineData("2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "day")] // the day of 23 hours begins at midnight in Berlin
    [InlineData("2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", "day")]
    [InlineData("2026-01-04T22:59:59Z", "2026-01-04T23:00:00Z", "week")] // a Sunday and a Monday
    [InlineData("2026-01-31T22:59:59Z", "2026-01-31T23:00:00Z", "month")]
    public void Calendar_windows_begin_at_midnight_of_their_zone(string before, string after, string period)
    {
        var limit = Headgate.Limits.Limit.Parse($"1/{period} fixed tz=Europe/Berlin");
        Assert.Equal(FixedAudit.NumberOf(limit, Us(before)) + 1, FixedAudit.NumberOf(limit, Us(after)));
        Assert.Equal(FixedAudit.NumberOf(limit, Us(after)), FixedAudit.NumberOf(limit, Us(after) + 1));

        static long Us(string time) => (DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / 10;
    }

    [Fact]
    public void Outside_its_hours_nothing_counts()
    {
        // 2026-01-01 is a Thursday.
        using var off = new LedgerScript(null, "1/s when=Fri 00:00-24:00").Burst(5, 0);
        Assert.Null(off.Audit().Single().Worst);
        using var on = new LedgerScript(null, "1/s when=Thu 00:00-01:00").Burst(5, 0);
        Assert.True(on.Audit().Single().Worst!.IsBreach);
    }

    [Fact]
    public void A_run_after_a_reboot_is_placed_by_the_wall_clock_and_says_so()
    {
        var later = LedgerScript.Header("1/min") with { Boot = "boot-2" };
        using var apart = new LedgerScript(null, "1/min").Send(5000, 5010).Restart(1000, later, wallAhead: 120_000).Send(1500, 1510);
        Assert.False(apart.Audit().Single().Worst!.IsBreach);
        Assert.Contains(apart.Read().Notes, note => note.Contains("another boot", StringComparison.Ordinal) && note.Contains("wall clock", StringComparison.Ordinal));
        using var near = new LedgerScript(null, "1/min").Send(5000, 5010).Restart(1000, later, wallAhead: 30_000).Send(1500, 1510);
        Assert.True(near.Audit().Single().Worst!.IsBreach);
        // A wall clock that was set back cannot put the second boot before the end of the first.
        using var behind = new LedgerScript(null, "1/s").Send(5000, 5010).Restart(1000, later with { Limits = LedgerScript.Header("1/s").Limits }, wallAhead: -60_000).Send(2500, 2510);
        Assert.False(behind.Audit().Single().Worst!.IsBreach);
        Assert.Equal(5_010_000 + 2_500_000, behind.Read().Attempts[1].Sent);
    }

    [Fact]
    public void Other_limits_can_be_audited_in_place_of_the_declared()
    {
        using var script = new LedgerScript(null, "100/s").Burst(5, 0).Send(0, 1, upstream: "other");
        Assert.Equal([("api", 5m, true), ("other", 1m, false)], script.Audit("4/s").Select(f => (f.Scope, f.Worst!.Amount, f.Worst.IsBreach)));
    }

    [Fact]
    public void A_limit_that_cannot_be_read_is_damage()
    {
        using var script = new LedgerScript(null, "fast").Send(0, 1);
        Assert.Contains("limit \"fast\"", Assert.Single(script.Read().Damage).Reason, StringComparison.Ordinal);
    }

    private static (decimal Amount, decimal Allowed, bool IsBreach) Facts(LimitFinding found) => (found.Worst!.Amount, found.Worst.Allowed, found.Worst.IsBreach);
}
