using Headgate.Limits;
using Headgate.Quotas;
using Headgate.Time;

namespace Headgate.Tests.Quotas;

public sealed class QuotaModelTests
{
    private const long Second = Clock.Second;

    private readonly QuotaModel _model = new();

    private static Quota Window(long limit, long remaining, double seconds) =>
        new() { Limit = limit, Remaining = remaining, ResetsIn = TimeSpan.FromSeconds(seconds + 1), Slack = TimeSpan.FromSeconds(1) };

    private string? Learned(Quota quota, long at = 10 * Second) => _model.Learn(quota, at, at + Second / 100)?.Limit.ToString();

    [Fact]
    public void A_window_is_as_long_as_the_longest_time_told_and_the_next_usual_period_above()
    {
        Assert.Equal("5000/30min", Learned(Window(5000, 4000, 1300)));
        Assert.Null(Learned(Window(5000, 3000, 1200)));
        Assert.Equal("5000/h", Learned(Window(5000, 4999, 3580)));
        Assert.Null(Learned(Window(5000, 4999, 3590)));
    }

    [Fact]
    public void The_first_period_lasts_as_long_as_the_rounding_of_its_header_leaves_open()
    {
        Assert.Equal("5000/3601s", Learned(Window(5000, 4999, 3600)));
        Assert.False(_model.IsSettled);
        Assert.Equal("5000/h", Learned(Window(5000, 4999, 3600), 3700 * Second));
        Assert.True(_model.IsSettled);
    }

    [Fact]
    public void A_window_that_is_told_is_taken_at_its_word() =>
        Assert.Equal("100/7s", Learned(new Quota { Limit = 100, Remaining = 99, Window = TimeSpan.FromSeconds(7), ResetsIn = TimeSpan.FromSeconds(60) }));

    [Fact]
    public void Where_all_comes_back_little_by_little_a_share_tells_the_whole()
    {
        var quota = new Quota { Limit = 500, Reset = QuotaReset.Full, Slack = TimeSpan.FromMilliseconds(1) };
        Assert.Equal("500/s", Learned(quota with { Remaining = 499, ResetsIn = TimeSpan.FromMilliseconds(121) }));
        Assert.Equal("500/min", Learned(quota with { Remaining = 440, ResetsIn = TimeSpan.FromMilliseconds(7201) }));
    }

    [Fact]
    public void A_refill_is_a_bucket()
    {
        Assert.Equal("2/s burst=40", Learned(new Quota { Limit = 40, Remaining = 8, Refill = 2 }));
        Assert.Equal("25/10s burst=50", new QuotaModel().Learn(new Quota { Limit = 50, Remaining = 8, Refill = 2.5m }, 0, 1)?.Limit.ToString());
    }

    [Fact]
    public void What_is_in_flight_at_once_is_a_limit_of_that() => Assert.Equal("5 concurrent", Learned(new Quota { Limit = 5, Remaining = 3, IsConcurrency = true }));

    [Fact]
    public void Units_are_kept() => Assert.Equal("90000 tokens/min", Learned(new Quota { Limit = 90_000, Remaining = 80_000, Unit = "tokens", Window = TimeSpan.FromMinutes(1) }));

    [Fact]
    public void Nothing_is_learned_from_what_is_left_alone_or_from_a_limit_of_nothing()
    {
        Assert.Null(Learned(new Quota { Remaining = 197 }));
        Assert.Null(Learned(new Quota { Limit = 0, Remaining = 0, Window = TimeSpan.FromMinutes(1) }));
        Assert.Null(Learned(new Quota { Limit = 5000 }));
    }

    [Fact]
    public void Less_holds_at_once_and_more_only_by_an_answer_to_what_was_sent_since()
    {
        Assert.Equal("100/min", Learned(Window(100, 99, 50), 10 * Second));
        Assert.Equal("50/min", Learned(Window(50, 49, 50), 9 * Second));
        Assert.Null(Learned(Window(100, 98, 50), 9 * Second));
        Assert.Equal("100/min", Learned(Window(100, 98, 50), 12 * Second));
    }

    [Fact]
    public void A_refusal_of_what_was_sent_within_the_limit_lengthens_a_period_that_nobody_told_four_times_at_most()
    {
        Learned(Window(100, 99, 0.5) with { Reset = QuotaReset.More, Slack = default });
        Assert.Equal("100/2s", _model.Limit!.ToString());
        Assert.Null(_model.Refused(null, null, sent: 9 * Second, answered: 11 * Second));
        Assert.Null(_model.Refused(Window(100, 5, 1), null, 12 * Second, 13 * Second));
        var limits = Enumerable.Range(2, 6).Select(i => _model.Refused(null, null, i * 10 * Second, i * 10 * Second + 1)?.Limit.ToString());
        Assert.Equal(["100/5s", "100/10s", "100/15s", "100/30s", null, null], limits);
    }

    [Fact]
    public void A_refusal_says_nothing_of_a_period_of_which_the_end_was_told()
    {
        Learned(Window(100, 99, 50));
        Assert.Null(_model.Refused(Window(100, 0, 20), TimeSpan.FromSeconds(20), 12 * Second, 13 * Second));
    }

    [Fact]
    public void A_refusal_that_asks_for_longer_than_the_period_tells_it()
    {
        Learned(Window(100, 99, 1));
        Assert.Equal("100/min", _model.Refused(null, TimeSpan.FromSeconds(45), 12 * Second, 13 * Second)?.Limit.ToString());
    }

    [Fact]
    public void A_period_that_was_told_is_not_lengthened()
    {
        Learned(new Quota { Limit = 100, Remaining = 99, Window = TimeSpan.FromSeconds(7) });
        Assert.Null(_model.Refused(null, TimeSpan.FromSeconds(45), 12 * Second, 13 * Second));
    }

    [Fact]
    public void One_wild_answer_is_forgotten()
    {
        Learned(Window(100, 99, 50_000));
        Assert.Equal("100/day", _model.Limit!.ToString());
        var at = 10 * Second;
        for (var hour = 0; hour < 24 * 40 && _model.Limit!.Period > TimeSpan.FromHours(1); hour++)
            Learned(Window(100, 99, 3599), at += 3600 * Second);
        Assert.Equal("100/h", _model.Limit!.ToString());
    }

    [Fact]
    public void Who_comes_in_the_middle_of_a_window_goes_on_where_the_server_is_and_begins_anew_with_it()
    {
        var now = 100 * Second;
        var lesson = _model.Learn(Window(100, 40, 20), now - Second / 10, now)!;
        Assert.Equal(("100/30s", true, 60L), (lesson.Limit.ToString(), lesson.IsFirst, lesson.Used));
        var state = LimitStates.Create(lesson.Limit, ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true), WallTime.Unknown());
        lesson.Begin(state, underWay: 10, bound: Second / 4, now);
        Assert.Equal(30, state.Available(now));
        // The sixty leave with the server's window, which ends 20 s from now, and the second that its header leaves open.
        Assert.Equal(30, state.Available(now + 20 * Second));
        Assert.Equal(90, state.Available(now + 22 * Second));
        Assert.Equal(100, state.Available(now + 31 * Second));
    }

    [Fact]
    public void What_the_server_counts_beyond_ours_was_used_by_others()
    {
        Learned(Window(100, 99, 60));
        Assert.Equal(25, _model.Foreign(Window(100, 60, 30), ours: 15));
        Assert.Equal(0, _model.Foreign(Window(100, 60, 30), ours: 50));
        Assert.Equal(0, _model.Foreign(Window(200, 60, 30), ours: 15));
        // It leaves our window of 61 s with the server's, in 29 s.
        Assert.Equal(68 * Second, _model.UsedAt(Window(100, 60, 28), now: 100 * Second));
    }
}
