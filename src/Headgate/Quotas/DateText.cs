using Headgate.Retries;

namespace Headgate.Quotas;

/// <summary>Reads dates that are not of HTTP: ISO 8601 as far as servers use it, and what scripts print. Allocates nothing, throws nothing.</summary>
internal static class DateText
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";

    /// <summary>Reads <c>2026-01-01T00:00:00.5+01:00</c> (RFC 3339), also without seconds; without a zone it is UTC.</summary>
    /// <param name="text">The value.</param>
    /// <param name="ticks">The instant, in ticks as <see cref="DateTimeOffset.UtcTicks"/>.</param>
    /// <param name="step">How fine the form is, in ticks.</param>
    public static bool TryReadIso(ReadOnlySpan<char> text, out long ticks, out long step)
    {
        (ticks, step) = (0, TimeSpan.TicksPerMinute);
        var rest = new TextCursor(text);
        var year = rest.Digits(4);
        var month = rest.Take('-') ? rest.Digits(2) : -1;
        var day = rest.Take('-') ? rest.Digits(2) : -1;
        if (!rest.Take('T') && !rest.Take('t') && !rest.Take(' '))
            return false;
        var hours = rest.Digits(2);
        var minutes = rest.Take(':') ? rest.Digits(2) : -1;
        var (seconds, billionths) = (0L, 0L);
        if (rest.Take(':'))
        {
            if (!char.IsAsciiDigit(rest.Next) || !rest.Number(out seconds, out billionths, out var decimals))
                return false;
            step = decimals == 0 ? TimeSpan.TicksPerSecond : TimeSpan.TicksPerMillisecond;
        }
        return TryReadZone(ref rest, out var zone) && rest.IsAtEnd
            && TryMake(year, month, day, hours, minutes, seconds, out ticks) && TryShift(ref ticks, (billionths + 99) / 100 - zone);
    }

    /// <summary>Reads an HTTP-date, or <c>Sat Nov 28 2026 02:17:00 GMT+0000 (Coordinated Universal Time)</c>.</summary>
    public static bool TryReadWords(ReadOnlySpan<char> text, DateTimeOffset now, out DateTimeOffset date)
    {
        if (HttpDate.TryParse(text, now, out date))
            return true;
        var rest = new TextCursor(text);
        // The name of the day says nothing that the date does not.
        if (rest.Rest.IndexOf(' ') is not 3)
            return false;
        rest.Skip(4);
        var month = 1;
        while (month <= 12 && !rest.Take(Months.AsSpan((month - 1) * 3, 3)))
            month++;
        var day = rest.Take(' ') ? rest.Digits(2) : -1;
        var year = rest.Take(' ') ? rest.Digits(4) : -1;
        var hours = rest.Take(' ') ? rest.Digits(2) : -1;
        var minutes = rest.Take(':') ? rest.Digits(2) : -1;
        var seconds = rest.Take(':') ? rest.Digits(2) : -1;
        rest.Spaces();
        if (!rest.Take("GMT") || !TryReadZone(ref rest, out var zone) || !TryMake(year, month, day, hours, minutes, seconds, out var ticks) || !TryShift(ref ticks, -zone))
            return false;
        rest.Spaces();
        date = new DateTimeOffset(ticks, TimeSpan.Zero);
        return rest.IsAtEnd || rest.Next == '(';
    }

    private static bool TryReadZone(ref TextCursor rest, out long ticks)
    {
        ticks = 0;
        if (rest.Take('Z') || rest.Take('z') || rest.Next is not ('+' or '-'))
            return true;
        var sign = rest.Take('-') ? -1 : 1;
        rest.Take('+');
        var hours = rest.Digits(2);
        rest.Take(':');
        var minutes = rest.Digits(2);
        ticks = sign * (hours * TimeSpan.TicksPerHour + minutes * TimeSpan.TicksPerMinute);
        return hours is >= 0 and < 24 && minutes is >= 0 and < 60;
    }

    private static bool TryMake(int year, int month, int day, int hours, int minutes, long seconds, out long ticks)
    {
        ticks = 0;
        // 60 is a leap second.
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hours is < 0 or > 23 || minutes is < 0 or > 59 || seconds is < 0 or > 60)
            return false;
        ticks = new DateTime(year, month, day, hours, minutes, 0, DateTimeKind.Utc).Ticks + seconds * TimeSpan.TicksPerSecond;
        return ticks <= DateTime.MaxValue.Ticks;
    }

    private static bool TryShift(ref long ticks, long by)
    {
        ticks += by;
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks;
    }
}
