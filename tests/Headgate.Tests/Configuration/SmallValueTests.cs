using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Tests.Configuration;

public sealed class SmallValueTests
{
    [Theory]
    [InlineData("60%", 6000)]
    [InlineData("0.2", 2000)]
    [InlineData("12.5 %", 1250)]
    [InlineData("0.01%", 1)]
    [InlineData("100%", 10_000)]
    [InlineData("1", 10_000)]
    [InlineData("0", 0)]
    public void A_percentage_is_text_with_its_sign_or_a_number_up_to_one(string text, int basisPoints)
    {
        Assert.True(Percentage.TryParse(text, out var value));
        Assert.Equal(basisPoints, value.BasisPoints);
    }

    [Theory]
    [InlineData("60")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("%")]
    [InlineData("")]
    [InlineData("0.001%")]
    [InlineData("x%")]
    public void What_is_no_percentage_is_refused(string text) => Assert.False(Percentage.TryParse(text, out _));

    [Fact]
    public void A_part_of_an_amount_is_rounded_down()
    {
        Assert.Equal(6, new Percentage(6000).Of(11));
        Assert.Equal(1_000_000_000_000, Percentage.Whole.Of(1_000_000_000_000));
        Assert.Equal("12.5%", new Percentage(1250).ToString());
    }

    [Theory]
    [InlineData("408", 408, 408)]
    [InlineData("5xx", 500, 599)]
    [InlineData("4XX", 400, 499)]
    public void A_status_is_a_number_or_a_class(string text, int first, int last)
    {
        Assert.True(StatusRange.TryParse(text, out var range));
        Assert.Equal(new StatusRange(first, last), range);
        Assert.True(range.Contains(first) && range.Contains(last) && !range.Contains(last + 1));
    }

    [Theory]
    [InlineData("99")]
    [InlineData("600")]
    [InlineData("6xx")]
    [InlineData("5x")]
    [InlineData("5x1")]
    [InlineData("+10")]
    public void What_is_no_status_is_refused(string text) => Assert.False(StatusRange.TryParse(text, out _));

    [Theory]
    [InlineData("bounded", LimitTiming.Bounded, null)]
    [InlineData("bounded:300ms", LimitTiming.Bounded, 300)]
    [InlineData("guaranteed", LimitTiming.Guaranteed, null)]
    [InlineData("nominal", LimitTiming.Nominal, null)]
    public void A_timing_may_give_its_bound(string text, LimitTiming mode, int? milliseconds)
    {
        Assert.True(TimingChoice.TryParse(text, out var choice));
        Assert.Equal(new TimingChoice(mode, milliseconds is { } given ? TimeSpan.FromMilliseconds(given) : null), choice);
        Assert.Equal(text, choice.ToString());
    }

    [Theory]
    [InlineData("bound")]
    [InlineData("bounded:")]
    [InlineData("bounded:0")]
    [InlineData("nominal:1s")]
    public void What_is_no_timing_is_refused(string text) => Assert.False(TimingChoice.TryParse(text, out _));

    [Theory]
    [InlineData("limts", "limits")]
    [InlineData("Limits", "limits")]
    [InlineData("rnu", "run")]
    [InlineData("simul", "simulate")]
    [InlineData("retires", "retries")]
    [InlineData("zebra", null)]
    [InlineData("shell", null)]
    public void The_nearest_name_is_a_slip_away_or_none(string typed, string? expected) =>
        Assert.Equal(expected, NearestName.Find(typed, ["run", "limits", "simulate", "retries", "help", "send"]));

    [Fact]
    public void Lists_are_equal_when_their_items_are()
    {
        ValueList<string> one = ["a", "b"], same = ["a", "b"], other = ["b", "a"];

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, other);
        Assert.False(one.Equals(null));
    }
}
