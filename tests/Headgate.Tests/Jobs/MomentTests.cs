using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class MomentTests
{
    private static readonly DateTimeOffset Accepted = new(2026, 5, 1, 12, 0, 0, TimeSpan.FromHours(2));

    [Theory]
    [InlineData("90", "2026-05-01T10:01:30Z", "90s")]
    [InlineData("2h", "2026-05-01T12:00:00Z", "2h")]
    [InlineData("0", "2026-05-01T10:00:00Z", "0ms")]
    [InlineData("2030-01-02T03:04:05Z", "2030-01-02T03:04:05Z", "2030-01-02T03:04:05Z")]
    [InlineData("2030-01-02t03:04:05.123456z", "2030-01-02T03:04:05.123456Z", "2030-01-02T03:04:05.123456Z")]
    [InlineData("2030-01-02T03:04:05+05:30", "2030-01-01T21:34:05Z", "2030-01-01T21:34:05Z")]
    [InlineData("2030-01-02T03:04:05-08:00", "2030-01-02T11:04:05Z", "2030-01-02T11:04:05Z")]
    public void A_moment_is_a_date_or_a_duration_from_acceptance(string text, string meant, string written)
    {
        Assert.True(Moment.TryParse(text, out var moment));
        Assert.Equal(DateTimeOffset.Parse(meant, System.Globalization.CultureInfo.InvariantCulture), moment.From(Accepted));
        Assert.Equal(written, moment.ToString());
        Assert.True(Moment.TryParse(moment.ToString(), out var again));
        Assert.Equal(moment, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tomorrow")]
    [InlineData("-5")]
    [InlineData("2030-01-02")]
    [InlineData("2030-01-02T03:04:05")]
    [InlineData("2030-01-02 03:04:05Z")]
    [InlineData("2030-13-02T03:04:05Z")]
    [InlineData("2030-02-30T03:04:05Z")]
    [InlineData("02/01/2030T03:04:05Z")]
    [InlineData("99999d")]
    public void Anything_else_is_none(string text) => Assert.False(Moment.TryParse(text, out _));
}
