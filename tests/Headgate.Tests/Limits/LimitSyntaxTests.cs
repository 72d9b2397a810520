using Headgate.Limits;

namespace Headgate.Tests.Limits;

public sealed class LimitSyntaxTests
{
    [Theory]
    [InlineData("100/s", 100, "requests", 1_000)]
    [InlineData("100/10s", 100, "requests", 10_000)]
    [InlineData("5/250ms", 5, "requests", 250)]
    [InlineData("100/sec", 100, "requests", 1_000)]
    [InlineData("100/second", 100, "requests", 1_000)]
    [InlineData("400/min", 400, "requests", 60_000)]
    [InlineData("400/minute", 400, "requests", 60_000)]
    [InlineData("10000/h", 10_000, "requests", 3_600_000)]
    [InlineData("10000/hour", 10_000, "requests", 3_600_000)]
    [InlineData("15_000/day", 15_000, "requests", 86_400_000)]
    [InlineData("15000/d", 15_000, "requests", 86_400_000)]
    [InlineData("1/week", 1, "requests", 604_800_000)]
    [InlineData("90000 tokens/min", 90_000, "tokens", 60_000)]
    [InlineData("90000 tokens_in2 / min", 90_000, "tokens_in2", 60_000)]
    [InlineData("100 requests/s", 100, "requests", 1_000)]
    [InlineData("1 request/s", 1, "requests", 1_000)]
    [InlineData("1000000000000/366d", 1_000_000_000_000, "requests", 31_622_400_000)]
    [InlineData("  100/s  ", 100, "requests", 1_000)]
    public void An_amount_and_a_period_are_a_sliding_limit(string text, long amount, string unit, long milliseconds)
    {
        var limit = Limit.Parse(text);
        Assert.Equal((amount, unit, TimeSpan.FromMilliseconds(milliseconds), LimitAlgorithm.Sliding), (limit.Amount, limit.Unit, limit.Period, limit.Algorithm));
    }

    [Fact]
    public void The_servers_algorithm_is_an_option()
    {
        Assert.Equal(LimitAlgorithm.Sliding, Limit.Parse("100/s sliding").Algorithm);
        Assert.Equal(LimitAlgorithm.Fixed, Limit.Parse("100/min fixed").Algorithm);
        Assert.Equal(LimitAlgorithm.Counter, Limit.Parse("100/s counter").Algorithm);
        Assert.Equal(LimitAlgorithm.Spaced, Limit.Parse("100/s spaced").Algorithm);
        Assert.Equal((LimitAlgorithm.Concurrent, 10), (Limit.Parse("10 concurrent").Algorithm, Limit.Parse("10 concurrent").Amount));
        Assert.Equal((LimitAlgorithm.Bucket, 20, 200), Shape("200/s burst=20"));
        Assert.Equal((LimitAlgorithm.Bucket, 40, 2), Shape("40 bucket 2/s"));
        Assert.Equal((LimitAlgorithm.Bucket, 1_000, 50), Shape("1_000 bucket 50 points/s guard=1ms"));
        Assert.True(Limit.Parse("100000/month fixed").IsMonthly);

        static (LimitAlgorithm, long, long) Shape(string text) => Limit.Parse(text) is var limit ? (limit.Algorithm, limit.Burst, limit.Amount) : default;
    }

    [Fact]
    public void Every_other_option_is_read()
    {
        var hours = Limit.Parse("20/s when=Mon-Fri 09:00-18:00 tz=Europe/Berlin");
        Assert.Equal(new LimitSchedule(0b011_1110, TimeSpan.FromHours(9), TimeSpan.FromHours(18)), hours.When);
        Assert.Equal("Europe/Berlin", hours.Zone!.Id);
        var skewed = Limit.Parse("100/min fixed skew=2 guard=1.5s");
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1.5)), (skewed.Skew, skewed.Guard));
        Assert.Equal(TimeSpan.FromMilliseconds(50), Limit.Parse("10/s spaced jitter=50ms").Jitter);
        Assert.Equal(LimitTiming.Guaranteed, Limit.Parse("10/s timing=guaranteed").Timing);
        Assert.Equal(LimitTiming.Nominal, Limit.Parse("10/s timing=nominal").Timing);
        Assert.Equal((LimitTiming.Bounded, null), (Limit.Parse("10/s timing=bounded").Timing, Limit.Parse("10/s timing=bounded").Bound));
        Assert.Equal((LimitTiming.Bounded, TimeSpan.FromMilliseconds(100)), (Limit.Parse("10/s timing=bounded:100ms").Timing, Limit.Parse("10/s timing=bounded:100ms").Bound));
        Assert.Equal(TimeSpan.Zero, Limit.Parse("10/s guard=0").Guard);
        Assert.Null(Limit.Parse("10/s").Guard);
    }

    [Theory]
    [InlineData("100/s", "100/s")]
    [InlineData("100/60s", "100/min")]
    [InlineData("100/90s", "100/90s")]
    [InlineData("100/1500ms", "100/1500ms")]
    [InlineData("100/7d", "100/week")]
    [InlineData("40 bucket 2/s", "2/s burst=40")]
    [InlineData("10 concurrent", "10 concurrent")]
    [InlineData("9_000 tokens/min counter", "9000 tokens/min counter")]
    [InlineData("1/month fixed tz=Asia/Tokyo", "1/month fixed tz=Asia/Tokyo")]
    [InlineData("100/day fixed skew=1500ms guard=0", "100/day fixed skew=1500ms guard=0ms")]
    [InlineData("10/s spaced jitter=50ms timing=nominal", "10/s spaced jitter=50ms timing=nominal")]
    [InlineData("10/s when=Sat,Sun 22:00-02:00 timing=bounded:2s", "10/s when=Sun,Sat 22:00-02:00 timing=bounded:2s")]
    [InlineData("10/s when=daily", "10/s when=daily")]
    public void Written_it_is_read_back_equal(string text, string written)
    {
        Assert.Equal(written, Limit.Parse(text).ToString());
        Assert.Equal(Limit.Parse(text), Limit.Parse(written));
    }

    [Fact]
    public void Any_limit_is_read_back_equal() => Cases.Run(500, random =>
    {
        var algorithm = random.Pick(LimitAlgorithm.Sliding, LimitAlgorithm.Fixed, LimitAlgorithm.Bucket, LimitAlgorithm.Counter, LimitAlgorithm.Spaced);
        var text = ChangeTests.Any(random, algorithm, random.Spread(100, 100_000_000)).ToString()
            + (random.Chance(0.3) ? $" when={random.Pick("daily", "Mon", "Fri-Mon", "Sat,Tue-Wed")}{random.Pick("", " 00:00-24:00", " 09:30-09:29", " 23:00-01:00")} tz={random.Pick("Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires")}" : "");
        var limit = Limit.Parse(text);
        Assert.Equal(limit, Limit.Parse(limit.ToString()));
    });

    [Theory]
    [InlineData("", 1, "an amount is missing")]
    [InlineData("   ", 4, "an amount is missing")]
    [InlineData("fast", 1, "expected an amount, found \"fast\"")]
    [InlineData("_1/s", 1, "expected an amount, found \"_1/s\"")]
    [InlineData("-1/s", 1, "expected an amount, found \"-1/s\"")]
    [InlineData("0/s", 1, "an amount must be from 1 to 1000000000000")]
    [InlineData("1000000000001/s", 1, "an amount must be from 1 to 1000000000000")]
    [InlineData("99999999999999999999999/s", 1, "an amount must be from 1 to 1000000000000")]
    [InlineData("1.5/s", 2, "expected \"/\" and a period, found \".5/s\"")]
    [InlineData("100", 4, "a period is missing")]
    [InlineData("100/", 5, "a period is missing")]
    [InlineData("100/10", 7, "a period is missing")]
    [InlineData("100/0s", 5, "the number of a period must be from 1")]
    [InlineData("100/fortnight", 5, "unknown period \"fortnight\"")]
    [InlineData("100/S", 5, "unknown period \"S\"")]
    [InlineData("100/m", 5, "\"m\" could be a minute or a month")]
    [InlineData("100/5m", 6, "\"m\" could be a minute or a month")]
    [InlineData("100/-5s", 5, "unexpected \"-5s\"")]
    [InlineData("100/s;", 6, "unexpected \";\"")]
    [InlineData("100/367d", 5, "the period is longer than a year")]
    [InlineData("100/9999999999999h", 5, "the number of a period must be from 1")]
    [InlineData("100/month", 10, "a month is a calendar month, which only a fixed window can be")]
    [InlineData("100/2month fixed", 5, "only one calendar month is a period")]
    [InlineData("100 Tokens/min", 5, "expected \"/\" and a period, found \"Tokens/min\"")]
    [InlineData("100 bucket/min", 5, "\"bucket\" is no unit")]
    [InlineData("100 concurrent/min", 5, "\"concurrent\" is no unit")]
    [InlineData("40 bucket", 10, "the rate of the bucket, such as 2/s is missing")]
    [InlineData("40 bucket fast", 11, "expected the rate of the bucket, such as 2/s, found \"fast\"")]
    [InlineData("40 bucket 2/s burst=3", 15, "\"burst\" and \"bucket\" exclude each other")]
    [InlineData("40 bucket 2/s fixed", 15, "\"fixed\" and \"bucket\" exclude each other")]
    [InlineData("10 concurrent timing=nominal", 15, "unexpected \"timing=nominal\"")]
    [InlineData("10/s fixed", 6, "a fixed window under 10 s cannot be told apart")]
    [InlineData("10/s sliding counter", 14, "\"counter\" and \"sliding\" exclude each other")]
    [InlineData("10/s spaced spaced", 13, "\"spaced\" is given twice")]
    [InlineData("10/s burst=5 burst=6", 14, "\"burst\" is given twice")]
    [InlineData("10/s burst=0", 6, "burst must be a number from 1 to 1000000000000, not \"0\"")]
    [InlineData("10/s burst=x", 6, "burst must be a number")]
    [InlineData("10/s burst", 6, "unknown option \"burst\"")]
    [InlineData("10/s brust=5", 6, "unknown option \"brust=5\"")]
    [InlineData("10/s =5", 6, "unknown option \"=5\"")]
    [InlineData("10/s guard=soon", 6, "guard must be a duration, not \"soon\"")]
    [InlineData("10/s guard=-1s", 6, "guard must be a duration, not \"-1s\"")]
    [InlineData("10/s guard=4000d", 6, "guard must be a duration, not \"4000d\"")]
    [InlineData("10/s guard=1ms jitter=5ms", 16, "jitter= is only for spaced")]
    [InlineData("10/s skew=1s", 6, "skew= is only for fixed")]
    [InlineData("10/s tz=Europe/Berlin", 6, "tz= needs fixed or when=")]
    [InlineData("10/min fixed tz=Europe/Berlin", 14, "tz= is for calendar windows: day, week or month")]
    [InlineData("10/day fixed tz=Middle/Earth", 14, "time zone \"Middle/Earth\" is not known to this machine")]
    [InlineData("10/s when=Mo-Fr", 6, "\"Mo-Fr\" names no days and hours")]
    [InlineData("10/s when=Mon 9:00-18:00", 6, "\"Mon 9:00-18:00\" names no days and hours")]
    [InlineData("10/s when=Mon 09:00-09:00", 6, "\"Mon 09:00-09:00\" names no days and hours")]
    [InlineData("10/s when=Mon 09:00-24:01", 6, "\"Mon 09:00-24:01\" names no days and hours")]
    [InlineData("10/s when=Mon 24:00-09:00", 6, "\"Mon 24:00-09:00\" names no days and hours")]
    [InlineData("10/s when=", 6, "\"\" names no days and hours")]
    [InlineData("10/s timing=exact", 6, "unknown timing \"exact\"")]
    [InlineData("10/s timing=bounded:0", 6, "unknown timing \"bounded:0\"")]
    [InlineData("10/s timing=bounded:0.5ms", 6, "the bound of timing must be at least 1 ms")]
    public void Anything_else_is_an_error_that_shows_the_text_the_position_and_an_example(string text, int position, string says)
    {
        Assert.False(Limit.TryParse(text, out var limit, out var error));
        Assert.Null(limit);
        Assert.StartsWith($"limit \"{text}\": {says}", error);
        Assert.Contains($" at position {position}; ", error);
        Assert.Matches("for example|write |leave out|is ms, s, min|options are|timing is", error!);
        Assert.Equal(error, Assert.Throws<FormatException>(() => Limit.Parse(text)).Message);
    }

    [Fact]
    public void Nothing_is_not_a_limit()
    {
        Assert.False(Limit.TryParse(null, out _, out var error));
        Assert.StartsWith("limit \"\": an amount is missing at position 1; for example", error);
        Assert.Throws<ArgumentNullException>(() => Limit.Parse(null!));
    }
}
