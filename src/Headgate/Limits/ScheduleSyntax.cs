using System.Globalization;

namespace Headgate.Limits;

/// <summary>The grammar of <c>when=</c>: days such as <c>Mon-Fri</c>, <c>Sat,Sun</c> or <c>daily</c>, and hours such as <c>09:00-18:00</c>.</summary>
internal static class ScheduleSyntax
{
    private const int EveryDay = 0b111_1111;
    private static readonly string[] Names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    public static bool TryRead(string days, string? hours, out LimitSchedule? schedule)
    {
        schedule = null;
        var (from, to) = (TimeSpan.Zero, TimeSpan.FromDays(1));
        if (ReadDays(days) is not { } bits || (hours is not null && !TryReadHours(hours, out from, out to)))
            return false;
        schedule = new LimitSchedule(bits, from, to);
        return true;
    }

    public static string Write(LimitSchedule schedule)
    {
        var days = schedule.Days == EveryDay ? "daily" : string.Join(',', Names.Where((_, day) => (schedule.Days & (1 << day)) != 0));
        return schedule.From == TimeSpan.Zero && schedule.To == TimeSpan.FromDays(1)
            ? days
            : string.Create(CultureInfo.InvariantCulture, $"{days} {WriteTime(schedule.From)}-{WriteTime(schedule.To)}");
    }

    private static int? ReadDays(string text)
    {
        if (text == "daily")
            return EveryDay;
        var bits = 0;
        foreach (var part in text.Split(','))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var first = DayOf(dash < 0 ? part : part[..dash]);
            var last = dash < 0 ? first : DayOf(part[(dash + 1)..]);
            if (first < 0 || last < 0)
                return null;
            for (var day = first; ; day = (day + 1) % 7)
            {
                bits |= 1 << day;
                if (day == last)
                    break;
            }
        }
        return bits;
    }

    private static int DayOf(string name) => Array.FindIndex(Names, day => day.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static bool TryReadHours(string text, out TimeSpan from, out TimeSpan to)
    {
        from = to = default;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && TryReadTime(text[..dash], out from) && from < TimeSpan.FromDays(1) && TryReadTime(text[(dash + 1)..], out to) && to != from;
    }

    private static bool TryReadTime(string text, out TimeSpan time)
    {
        time = default;
        if (text.Length != 5 || text[2] != ':' || !byte.TryParse(text[..2], NumberStyles.None, CultureInfo.InvariantCulture, out var hour) || !byte.TryParse(text[3..], NumberStyles.None, CultureInfo.InvariantCulture, out var minute))
            return false;
        time = new TimeSpan(hour, minute, 0);
        return minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
    }

    private static string WriteTime(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours:00}:{time.Minutes:00}");
}
