namespace Headgate.Caching;

/// <summary>
/// Reads a date of HTTP in its three forms (RFC 9110 §5.6.7) to the letter, but for letter case: a cache takes what is anything else for the past
/// (RFC 9111 §5.3). Allocates nothing, throws nothing.
/// </summary>
internal static class ExactDate
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";
    private const string ShortDays = "sunmontuewedthufrisat";
    private static readonly string[] LongDays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// <summary>The date in seconds since the Unix epoch; null if it is none.</summary>
    /// <param name="text">The value of the field.</param>
    /// <param name="now">Milliseconds since the Unix epoch: a year of two digits is at most 50 years ahead of it.</param>
    public static long? Read(ReadOnlySpan<char> text, long now)
    {
        text = text.Trim(" \t");
        var comma = text.IndexOf(',');
        return comma == 3 ? Usual(text) : comma > 3 ? Rfc850(text[..comma], text[(comma + 1)..], now) : Asctime(text);
    }

    /// <summary><c>Sun, 06 Nov 1994 08:49:37 GMT</c></summary>
    private static long? Usual(ReadOnlySpan<char> text) =>
        text.Length == 29 && IsShortDay(text[..3]) && Are(text, " ", 4) && Are(text, " ", 7) && Are(text, " ", 11) && Are(text, " ", 16) && Are(text, " GMT", 25)
            ? Make(Number(text.Slice(12, 4)), Month(text.Slice(8, 3)), Number(text.Slice(5, 2)), text.Slice(17, 8))
            : null;

    /// <summary><c>Sunday, 06-Nov-94 08:49:37 GMT</c></summary>
    private static long? Rfc850(ReadOnlySpan<char> day, ReadOnlySpan<char> text, long now)
    {
        if (text.Length != 23 || !IsLongDay(day) || !Are(text, " ", 0) || !Are(text, "-", 3) || !Are(text, "-", 7) || !Are(text, " ", 10) || !Are(text, " GMT", 19))
            return null;
        var year = Number(text.Slice(8, 2));
        if (year < 0)
            return null;
        var thisYear = DateTimeOffset.FromUnixTimeMilliseconds(now).Year;
        year += thisYear - thisYear % 100;
        if (year > thisYear + 50)
            year -= 100;
        else if (year <= thisYear - 50)
            year += 100;
        return Make(year, Month(text.Slice(4, 3)), Number(text.Slice(1, 2)), text.Slice(11, 8));
    }

    /// <summary><c>Sun Nov  6 08:49:37 1994</c></summary>
    private static long? Asctime(ReadOnlySpan<char> text)
    {
        if (text.Length != 24 || !IsShortDay(text[..3]) || !Are(text, " ", 3) || !Are(text, " ", 7) || !Are(text, " ", 10) || !Are(text, " ", 19))
            return null;
        var day = text[8] == ' ' ? text.Slice(9, 1) : text.Slice(8, 2);
        return Make(Number(text.Slice(20, 4)), Month(text.Slice(4, 3)), Number(day), text.Slice(11, 8));
    }

    private static long? Make(int year, int month, int day, ReadOnlySpan<char> time)
    {
        var (hour, minute, second) = (Number(time[..2]), Number(time.Slice(3, 2)), Number(time.Slice(6, 2)));
        if (year < 1 || month < 1 || day < 1 || day > DateTime.DaysInMonth(year, month) || time[2] != ':' || time[5] != ':')
            return null;
        // 60 is a leap second.
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60)
            return null;
        return new DateTimeOffset(year, month, day, hour, minute, 0, TimeSpan.Zero).ToUnixTimeSeconds() + second;
    }

    private static int Number(ReadOnlySpan<char> digits)
    {
        var number = 0;
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c))
                return -1;
            number = number * 10 + (c - '0');
        }
        return number;
    }

    private static int Month(ReadOnlySpan<char> name) => Months.AsSpan().IndexOf(name, StringComparison.OrdinalIgnoreCase) is >= 0 and var at && at % 3 == 0 ? at / 3 + 1 : -1;

    private static bool IsShortDay(ReadOnlySpan<char> name) => ShortDays.AsSpan().IndexOf(name, StringComparison.OrdinalIgnoreCase) is >= 0 and var at && at % 3 == 0;

    private static bool IsLongDay(ReadOnlySpan<char> name)
    {
        foreach (var day in LongDays)
            if (name.Equals(day, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private static bool Are(ReadOnlySpan<char> text, string these, int at) => text[at..].StartsWith(these, StringComparison.OrdinalIgnoreCase);
}
