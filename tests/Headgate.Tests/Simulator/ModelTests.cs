using Headgate.App.Simulator.Models;
using Headgate.Limits;

namespace Headgate.Tests.Simulator;

public sealed class ModelTests
{
    private const long Second = TimeSpan.TicksPerSecond;
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    /// <summary>A moment on a full second, minute and hour.</summary>
    private static readonly long Start = (new DateTimeOffset(2026, 3, 27, 12, 0, 0, TimeSpan.Zero) - DateTimeOffset.UnixEpoch).Ticks;

    [Fact]
    public void What_came_exactly_a_period_ago_no_longer_counts()
    {
        var model = new SlidingModel(2, Second);
        model.Add(Start, 2);
        Assert.Equal(1, model.Wait(Start + Second - 1, 1));
        Assert.Equal(0, model.Wait(Start + Second, 2));
    }

    [Fact]
    public void A_large_cost_waits_until_enough_has_left_the_window()
    {
        var model = new SlidingModel(10, Second);
        for (var i = 0; i < 10; i++)
            model.Add(Start + i * Millisecond, 1);
        Assert.Equal(Second - 9 * Millisecond, model.Wait(Start + 9 * Millisecond, 1));
        Assert.Equal(Second - 9 * Millisecond + 6 * Millisecond, model.Wait(Start + 9 * Millisecond, 7));
        Assert.Equal(ServerModel.Never, model.Wait(Start + 9 * Millisecond, 11));
    }

    [Fact]
    public void A_bucket_of_3_that_drains_7_a_second_is_exact_after_an_hour()
    {
        var model = new BucketModel(3, 7, Second);
        var now = Start;
        // Full speed for an hour in steps of 1/7 s, which no number of ticks is: rounding would let in one too many or too few.
        for (var i = 0L; i < 7 * 3_600; i++)
        {
            now = Start + (i * Second + 6) / 7;
            Assert.Equal(0, model.Wait(now, 1));
            model.Add(now, 1);
        }
        Assert.True(model.Worst is >= 1 and < 1.000001);
        model.Add(now, 2);
        Assert.InRange(model.Wait(now, 1), Second / 7 - 1, Second / 7 + 1);
    }

    [Fact]
    public void Two_bursts_at_the_seam_of_fixed_windows_are_both_let_in()
    {
        var model = new FixedModel(100, WindowGrid.Epoch(60 * Second));
        model.Add(Start + 59 * Second, 100);
        Assert.Equal(Second, model.Wait(Start + 59 * Second, 1));
        Assert.Equal(0, model.Wait(Start + 60 * Second, 100));
    }

    [Fact]
    public void A_two_window_counter_refuses_a_client_that_trusts_in_a_sliding_window()
    {
        var model = new CounterModel(100, 60 * Second);
        model.Add(Start + 30 * Second, 100);
        // A quarter into the next window three quarters of the hundred still count.
        Assert.Equal(0, model.Wait(Start + 75 * Second, 25));
        Assert.True(model.Wait(Start + 75 * Second, 26) > 0);
    }

    [Fact]
    public void Segments_remember_longer_than_the_period()
    {
        var model = new SegmentModel(1, Second, 10);
        model.Add(Start + 1 * Millisecond, 1);
        Assert.Equal(99 * Millisecond, model.Wait(Start + Second + 1 * Millisecond, 1));
    }

    [Fact]
    public void Places_are_free_when_what_took_them_ends()
    {
        var model = new ConcurrentModel(2);
        model.Add(Start, 1);
        model.Add(Start, 1);
        Assert.True(model.Wait(Start, 1) > 0);
        model.End(1);
        Assert.Equal(0, model.Wait(Start, 1));
        Assert.Equal(2, model.Worst);
    }

    [Fact]
    public void The_smallest_gap_is_the_worst_of_a_spaced_limit()
    {
        var model = new SpacedModel(10, Second);
        Assert.Null(model.Worst);
        model.Add(Start, 1);
        Assert.Equal(0, model.WorstPercent);
        model.Add(Start + 100 * Millisecond, 1);
        Assert.Equal(100, model.WorstPercent, 6);
        model.Add(Start + 150 * Millisecond, 1);
        Assert.Equal(50, model.Worst);
        Assert.Equal(200, model.WorstPercent, 6);
    }

    [Theory]
    // The clocks of Berlin go forward on 29 March 2026 and back on 25 October: days of 23 and 25 hours.
    [InlineData("100/day fixed tz=Europe/Berlin", "2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z")]
    [InlineData("100/day fixed tz=Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("100/day fixed tz=Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData("100/day fixed", "2026-03-28T22:59:00Z", "2026-03-29T00:00:00Z")]
    [InlineData("100/week fixed tz=Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("100/week fixed tz=Europe/Berlin", "2026-03-29T22:00:00Z", "2026-04-05T22:00:00Z")]
    [InlineData("100/week fixed", "2026-03-28T12:00:00Z", "2026-04-02T00:00:00Z")]
    [InlineData("100/month fixed", "2026-02-03T12:00:00Z", "2026-03-01T00:00:00Z")]
    [InlineData("100/month fixed tz=America/New_York", "2026-12-31T12:00:00Z", "2027-01-01T05:00:00Z")]
    // In Beirut the day of 29 March 2026 begins at one.
    [InlineData("100/day fixed tz=Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00Z")]
    public void Calendar_windows_end_when_a_clock_on_the_wall_says_so(string limit, string now, string end)
    {
        var model = ModelChoice.Declared.Create(Limit.Parse(limit));
        var at = (DateTimeOffset.Parse(now, null) - DateTimeOffset.UnixEpoch).Ticks;
        model.Add(at, 100);
        Assert.Equal(DateTimeOffset.Parse(end, null) - DateTimeOffset.Parse(now, null), TimeSpan.FromTicks(model.Wait(at, 1)));
    }

    [Theory]
    [InlineData("100/s", "sliding")]
    [InlineData("100/min fixed", "fixed")]
    [InlineData("40 bucket 2/s", "bucket of 40")]
    [InlineData("100/s burst=5", "bucket of 5")]
    [InlineData("100/s counter", "two-window counter")]
    [InlineData("100/s spaced", "spaced")]
    [InlineData("10 concurrent", "concurrent")]
    public void A_limit_is_counted_as_it_declares(string limit, string model) =>
        Assert.Equal(model, ModelChoice.Declared.Create(Limit.Parse(limit)).Name);

    [Theory]
    [InlineData("counter", "two-window counter")]
    [InlineData("segments=10", "10 segments")]
    [InlineData("bucket=20", "bucket of 20")]
    public void A_chosen_model_counts_all_limits_with_a_period(string choice, string model)
    {
        Assert.Equal(model, ModelChoice.TryParse(choice)!.Create(Limit.Parse("100/s")).Name);
        Assert.Equal("concurrent", ModelChoice.TryParse(choice)!.Create(Limit.Parse("10 concurrent")).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("segments")]
    [InlineData("segments=0")]
    [InlineData("segments=-1")]
    [InlineData("bucket=x")]
    [InlineData("counter=2")]
    [InlineData("leaky=2")]
    public void Anything_else_is_no_model(string text) => Assert.Null(ModelChoice.TryParse(text));

    [Fact]
    public void A_log_of_more_than_a_million_stays_small_and_errs_against_the_client()
    {
        const long Window = 3_600 * Second;
        var log = new CostLog(Window);
        for (var i = 0; i < 3_000_000; i++)
            log.Add(Start + i * 1000, 1);
        Assert.Equal(3_000_000, log.Total);
        // 2 million came within 200 s; a millionth of an hour is 3.6 ms.
        Assert.InRange(log.Count, 1_000_000, 1_060_000);
        log.DropUntil(Start + 2_000_000L * 1000);
        Assert.InRange(log.Total, 999_999, 999_999 + 36);
    }
}
