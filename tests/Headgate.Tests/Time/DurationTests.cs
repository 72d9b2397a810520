using Headgate.Time;

namespace Headgate.Tests.Time;

public sealed class DurationTests
{
    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("0.5", 500)]
    [InlineData("0", 0)]
    [InlineData(".5", 500)]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("5min", 300_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1.5d", 129_600_000)]
    [InlineData(" 250 ms ", 250)]
    [InlineData("3650d", 315_360_000_000)]
    public void A_number_is_seconds_and_a_unit_is_that_unit(string text, long milliseconds)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Duration.Parse(text));
        Assert.True(Duration.TryParse(text, out _));
    }

    [Fact]
    public void What_is_smaller_than_a_tick_is_rounded_to_one() => Assert.Equal((1, 0), (Duration.Parse("0.00000005").Ticks, Duration.Parse("0.00000004").Ticks));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1e3")]
    [InlineData("1,5s")]
    [InlineData("1.2.3s")]
    [InlineData(".")]
    [InlineData("5 minutes")]
    [InlineData("5S")]
    [InlineData("00:00:30")]
    [InlineData("3651d")]
    [InlineData("99999999999999999999999")]
    [InlineData("NaN")]
    [InlineData("١s")]
    public void Anything_else_is_refused_with_an_example(string text)
    {
        Assert.False(Duration.TryParse(text, out var value));
        Assert.Equal(TimeSpan.Zero, value);
        var message = Assert.Throws<FormatException>(() => Duration.Parse(text)).Message;
        Assert.StartsWith($"\"{text}\" is not a duration", message);
        Assert.Contains("for example", message);
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(1, "0.0001ms")]
    [InlineData(2_500_000, "250ms")]
    [InlineData(15_000_000, "1500ms")]
    [InlineData(900_000_000, "90s")]
    [InlineData(1_200_000_000, "2m")]
    [InlineData(72_000_000_000, "2h")]
    [InlineData(1_728_000_000_000, "2d")]
    [InlineData(-900_000_000, "-90s")]
    public void It_is_written_in_the_largest_unit_that_needs_no_fraction(long ticks, string text) => Assert.Equal(text, Duration.Format(new TimeSpan(ticks)));

    [Fact]
    public void Written_it_is_read_back_equal()
    {
        var random = new Random(1);
        for (var number = 0; number < 2_000; number++)
        {
            var value = new TimeSpan(random.NextInt64((long)Math.Pow(10, random.Next(1, 16))) % Duration.Longest.Ticks);
            Assert.Equal(value, Duration.Parse(Duration.Format(value)));
        }
    }
}
