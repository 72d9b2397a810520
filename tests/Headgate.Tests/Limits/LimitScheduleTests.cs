using Headgate.Limits;

namespace Headgate.Tests.Limits;

public sealed class LimitScheduleTests
{
    [Theory]
    [InlineData("Mon-Fri", null, 0b011_1110)]
    [InlineData("Sat,Sun", null, 0b100_0001)]
    [InlineData("fri-mon", null, 0b110_0011)]
    [InlineData("Tue", null, 0b000_0100)]
    [InlineData("Mon,Wed-Thu,Sun", null, 0b001_1011)]
    [InlineData("daily", "00:00-24:00", 0b111_1111)]
    public void Days_are_read(string days, string? hours, int bits)
    {
        Assert.True(ScheduleSyntax.TryRead(days, hours, out var schedule));
        Assert.Equal(new LimitSchedule(bits, TimeSpan.Zero, TimeSpan.FromDays(1)), schedule);
        Assert.Equal(schedule, Again(schedule!));
    }

    [Theory]
    [InlineData("Mon-")]
    [InlineData("-Mon")]
    [InlineData("Mon--Fri")]
    [InlineData("Mon,")]
    [InlineData("Monday")]
    [InlineData("1-5")]
    public void What_names_no_day_is_refused(string days) => Assert.False(ScheduleSyntax.TryRead(days, null, out _));

    [Theory]
    [InlineData("09:00")]
    [InlineData("09:00-")]
    [InlineData("09:00-18:60")]
    [InlineData("25:00-26:00")]
    [InlineData("09-18")]
    [InlineData("0900-1800")]
    [InlineData("+9:00-18:00")]
    public void What_names_no_hours_is_refused(string hours) => Assert.False(ScheduleSyntax.TryRead("daily", hours, out _));

    [Theory]
    [InlineData("2026-06-01T09:00", true)]
    [InlineData("2026-06-01T08:59", false)]
    [InlineData("2026-06-01T17:59", true)]
    [InlineData("2026-06-01T18:00", false)]
    [InlineData("2026-06-06T12:00", false)]
    public void Office_hours_hold_on_working_days(string local, bool holds) => Assert.Equal(holds, Holds("Mon-Fri", "09:00-18:00", local));

    [Theory]
    [InlineData("2026-06-05T22:00", true)]
    [InlineData("2026-06-05T21:59", false)]
    [InlineData("2026-06-06T01:59", true)]
    [InlineData("2026-06-06T02:00", false)]
    [InlineData("2026-06-06T22:00", false)]
    [InlineData("2026-06-05T01:00", false)]
    public void Hours_over_midnight_belong_to_the_day_they_begin_on(string local, bool holds) => Assert.Equal(holds, Holds("Fri", "22:00-02:00", local));

    private static bool Holds(string days, string hours, string local)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        Assert.True(ScheduleSyntax.TryRead(days, hours, out var schedule));
        Assert.Equal(schedule, Again(schedule!));
        return schedule!.Holds(new DateTimeOffset(DateTime.Parse(local, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromHours(2)), zone);
    }

    private static LimitSchedule? Again(LimitSchedule schedule)
    {
        var words = ScheduleSyntax.Write(schedule).Split(' ');
        return ScheduleSyntax.TryRead(words[0], words.ElementAtOrDefault(1), out var again) ? again : null;
    }
}
