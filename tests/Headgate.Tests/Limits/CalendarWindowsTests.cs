using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

public sealed class CalendarWindowsTests
{
    [Theory]
    [InlineData("1/day fixed tz=Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z", 23)]
    [InlineData("1/day fixed tz=Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", 25)]
    [InlineData("1/day fixed tz=Europe/Berlin", "2026-07-01T00:00Z", "2026-06-30T22:00Z", 24)]
    [InlineData("1/day fixed tz=Antarctica/Troll", "2026-10-25T12:00Z", "2026-10-24T22:00Z", 26)]
    [InlineData("1/week fixed tz=Europe/Berlin", "2026-03-29T12:00Z", "2026-03-22T23:00Z", 167)]
    [InlineData("1/week fixed tz=Europe/Berlin", "2026-06-01T00:00Z", "2026-05-31T22:00Z", 168)]
    [InlineData("1/month fixed tz=Europe/Berlin", "2026-10-15T12:00Z", "2026-09-30T22:00Z", 745)]
    [InlineData("1/month fixed", "2028-02-15T12:00Z", "2028-02-01T00:00Z", 696)]
    [InlineData("1/day fixed", "2026-03-29T12:00Z", "2026-03-29T00:00Z", 24)]
    [InlineData("1/week fixed", "2026-06-03T12:00Z", "2026-05-28T00:00Z", 168)]
    [InlineData("1/15min fixed", "2026-06-03T12:20Z", "2026-06-03T12:15Z", 0.25)]
    // Midnight is skipped there: the day begins at one o'clock.
    [InlineData("1/day fixed tz=Africa/Cairo", "2026-04-24T12:00Z", "2026-04-23T22:00Z", 23)]
    // The 30th of December 2011 was left out.
    [InlineData("1/day fixed tz=Pacific/Apia", "2011-12-30T09:00Z", "2011-12-29T10:00Z", 24)]
    [InlineData("1/day fixed tz=Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", 24)]
    public void A_window_lies_between_its_edges(string text, string inside, string start, double hours)
    {
        var windows = new CalendarWindows(Limit.Parse(text));
        var index = windows.IndexOf(Unix(inside));
        Assert.Equal(Unix(start), windows.StartOf(index));
        Assert.Equal(index, windows.IndexOf(Unix(start)));
        Assert.Equal(index, windows.IndexOf(Unix(start) + (long)(hours * 3600 * Clock.Second) - 100));
        Assert.NotEqual(index, windows.IndexOf(Unix(start) - 100));
        Assert.NotEqual(index, windows.IndexOf(Unix(start) + (long)(hours * 3600 * Clock.Second)));
    }

    [Fact]
    public void Every_moment_lies_in_the_window_it_is_said_to_lie_in() => Cases.Run(500, random =>
    {
        var limit = Limit.Parse(random.Pick("1/day fixed tz=America/Sao_Paulo", "1/week fixed tz=Europe/Dublin", "1/month fixed tz=Australia/Lord_Howe", "1/90min fixed", "1/day fixed tz=Africa/Cairo", "1/month fixed tz=Asia/Kathmandu"));
        var windows = new CalendarWindows(limit);
        var unix = random.NextInt64(4_000_000_000) * Clock.Second + random.NextInt64(10_000_000) * 100;
        for (var look = 0; look < 5; look++, unix += random.NextInt64(86_400) * Clock.Second)
        {
            var index = windows.IndexOf(unix);
            Assert.InRange(unix, windows.StartOf(index), windows.StartOf(index + 1) - 1);
            Assert.True(windows.StartOf(index + 1) - windows.StartOf(index) <= Clock.Nanoseconds((limit.IsMonthly ? TimeSpan.FromDays(31) : limit.Period) + CalendarWindows.Excess(limit)));
        }
    });

    [Fact]
    public void Before_the_epoch_there_are_windows_too()
    {
        var windows = new CalendarWindows(Limit.Parse("1/10s fixed"));
        Assert.Equal((-1, -1, 0, -2), (windows.IndexOf(-1), windows.IndexOf(-10 * Clock.Second), windows.IndexOf(0), windows.IndexOf(-10 * Clock.Second - 1)));
    }

    private static long Unix(string text) => Clock.Nanoseconds(DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch);
}
