using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 6, 8, 49, 37, 500, TimeSpan.Zero);
    private static readonly DateTimeOffset Date = new(2026, 11, 6, 8, 0, 0, TimeSpan.Zero);

    private static double? Seconds(string value, DateTimeOffset? date = null) => RetryAfter.TryRead(value, date, Now)?.TotalSeconds;

    [Theory]
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData("  120\t", 120)]
    [InlineData("+3", 3)]
    [InlineData("2.0", 2)]
    [InlineData("0.25", 0.25)]
    [InlineData(".5", 0.5)]
    [InlineData("7.", 7)]
    public void Seconds_are_read_whole_or_with_a_fraction(string value, double seconds) => Assert.Equal(seconds, Seconds(value));

    [Theory]
    [InlineData("6m0s", 360)]
    [InlineData("1m", 60)]
    [InlineData("1500ms", 1.5)]
    [InlineData("1h2m3.5s", 3723.5)]
    public void Lengths_are_read_as_well(string value, double seconds) => Assert.Equal(seconds, Seconds(value));

    [Theory]
    [InlineData("0.0001", 0.001)]
    [InlineData("1.2340001", 1.235)]
    [InlineData("1.2340000", 1.234)]
    [InlineData("0.9999", 1)]
    public void A_fraction_is_rounded_up(string value, double seconds) => Assert.Equal(seconds, Seconds(value));

    [Theory]
    [InlineData("Fri, 06 Nov 2026 08:01:00 GMT")]
    [InlineData("Friday, 06-Nov-26 08:01:00 GMT")]
    [InlineData("Fri Nov  6 08:01:00 2026")]
    [InlineData("fri, 6 nov 2026 08:01:00 utc")]
    public void A_date_in_any_of_its_three_forms_is_read_against_the_answers_own_date(string value) => Assert.Equal(60, Seconds(value, Date));

    [Fact]
    public void A_date_without_the_answers_date_is_read_against_our_clock_and_rounded_up() =>
        Assert.Equal(22.5, Seconds("Fri, 06 Nov 2026 08:50:00 GMT"));

    [Fact]
    public void A_date_that_has_passed_is_zero() => Assert.Equal(0, Seconds("Sun, 06 Nov 1994 08:49:37 GMT", Date));

    [Theory]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("315360001")]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT")]
    public void An_absurd_wait_is_cut_to_ten_years(string value) => Assert.Equal(RetryAfter.Longest, RetryAfter.TryRead(value, Date, Now));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("soon")]
    [InlineData("-5")]
    [InlineData("-0.5")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1e3")]
    [InlineData("12 34")]
    [InlineData("12,5")]
    [InlineData("NaN")]
    [InlineData("Fri, 06 Nov 2026")]
    [InlineData("Fri, 31 Feb 2026 08:00:00 GMT")]
    [InlineData("Fri, 31 Dec 9999 23:59:60 GMT")]
    [InlineData("Fri, 06 Nov 2026 24:00:00 GMT")]
    [InlineData("Fri, 06 Nov 2026 08:60:00 GMT")]
    [InlineData("Fri, 06 Nov 2026 08:00:00 CET")]
    [InlineData("Fri, 06 Nov 2026 08:00:00 GMT and more")]
    [InlineData("Fry, 06 Nov 2026 08:00:00 GMT")]
    [InlineData("Fri, 06 Nov 026 08:00:00 GMT")]
    [InlineData("2026-11-06T08:00:00Z")]
    public void What_cannot_be_read_is_none(string value) => Assert.Null(Seconds(value, Date));

    [Theory]
    [InlineData("Friday, 06-Nov-26 00:00:00 GMT", 2026)]
    [InlineData("Sunday, 06-Nov-94 00:00:00 GMT", 1994)]
    [InlineData("Friday, 06-Nov-76 00:00:00 GMT", 2076)]
    [InlineData("Sunday, 06-Nov-77 00:00:00 GMT", 1977)]
    public void A_year_of_two_digits_is_not_more_than_fifty_years_ahead(string value, int year)
    {
        Assert.True(HttpDate.TryParse(value, Now, out var date));
        Assert.Equal(year, date.Year);
    }

    [Fact]
    public void A_leap_second_is_a_second()
    {
        Assert.True(HttpDate.TryParse("Sat, 31 Dec 2016 23:59:60 GMT", Now, out var date));
        Assert.Equal(new DateTimeOffset(2017, 1, 1, 0, 0, 0, TimeSpan.Zero), date);
    }

    [Fact]
    public void Any_text_is_read_or_not_but_never_throws_and_never_leaves_its_range()
    {
        var pieces = ArbMap.Default.ArbFor<string>().Generator.Or(Gen.Elements(
            "Fri", "Friday", ", ", "06", "-", "Nov", " ", "2026", "26", "08:49:37", ":", "GMT", "0", "9", ".", "\t", "\0", "ä", "99999999999999999999"));
        var texts = pieces.ListOf().Select(string.Concat).ToArbitrary();
        Prop.ForAll(texts, text =>
        {
            foreach (var date in (DateTimeOffset?[])[null, Date, DateTimeOffset.MinValue, DateTimeOffset.MaxValue])
                if (RetryAfter.TryRead(text, date, Now) is { } wait)
                    Assert.InRange(wait, TimeSpan.Zero, RetryAfter.Longest);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Any_number_of_seconds_and_any_date_come_back_as_they_were_written()
    {
        Prop.ForAll(Gen.Choose(0, 300_000_000).ToArbitrary(), seconds =>
        {
            Assert.Equal(seconds, Seconds(seconds.ToString(CultureInfo.InvariantCulture)));
            var date = Date.AddSeconds(seconds);
            foreach (var form in (string[])["R", "ddd MMM d HH:mm:ss yyyy", "dddd, dd-MMM-yy HH:mm:ss 'GMT'"])
                Assert.Equal(seconds, Seconds(date.ToString(form, CultureInfo.InvariantCulture), Date));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        string[] values = ["120", "1.5", "Fri, 06 Nov 2026 08:01:00 GMT", "Friday, 06-Nov-26 08:01:00 GMT", "Fri Nov  6 08:01:00 2026", "soon"];
        foreach (var value in values)
        {
            RetryAfter.TryRead(value, Date, Now);
            Assert.Equal((value, 0), (value, Allocated.Least(() =>
            {
                for (var i = 0; i < 100; i++)
                    RetryAfter.TryRead(value, Date, Now);
            })));
        }
    }
}
