namespace Headgate.Retries;

/// <summary>
/// Reads the date of an HTTP header in its three forms (RFC 9110 §5.6.7): <c>Sun, 06 Nov 1994 08:49:37 GMT</c>,
/// <c>Sunday, 06-Nov-94 08:49:37 GMT</c> and <c>Sun Nov  6 08:49:37 1994</c>. Allocates nothing, throws nothing.
/// </summary>
/// <remarks>
/// Lenient where servers are: letter case, one-digit days and UTC for GMT. The name of the day must be one but need not fit the date.
/// </remarks>
internal static class HttpDate
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";
    private static readonly string[] Days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// <summary>Reads a date; says whether it was one.</summary>
    /// <param name="text">The value of the header.</param>
    /// <param name="now">Decides what a year of two digits means: not more than 50 years ahead of this.</param>
    /// <param name="date">The date in UTC, in whole seconds.</param>
    public static bool TryParse(ReadOnlySpan<char> text, DateTimeOffset now, out DateTimeOffset date)
    {
        var rest = new Reader(text.Trim(" \t"));
        date = default;
        if (!rest.DayName())
            return false;
        int day, month, year, seconds;
        if (rest.Take(','))
        {
            rest.Spaces();
            day = rest.Number(1, 2);
            var separator = rest.Take('-') ? '-' : rest.Take(' ') ? ' ' : '\0';
            month = rest.Month();
            if (separator == '\0' || !rest.Take(separator))
                return false;
            year = rest.Year(now);
            if (!rest.Take(' '))
                return false;
            seconds = rest.TimeOfDay();
            if (!rest.Take(' ') || !rest.Zone())
                return false;
        }
        else
        {
            if (!rest.Take(' '))
                return false;
            month = rest.Month();
            rest.Spaces();
            day = rest.Number(1, 2);
            if (!rest.Take(' '))
                return false;
            seconds = rest.TimeOfDay();
            if (!rest.Take(' '))
                return false;
            year = rest.Number(4, 4);
        }
        return rest.IsAtEnd && TryMake(year, month, day, seconds, out date);
    }

    private static bool TryMake(int year, int month, int day, int seconds, out DateTimeOffset date)
    {
        date = default;
        if (year is < 1 or > 9999 || month is < 1 or > 12 || seconds < 0 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return false;
        var midnight = new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero);
        // A leap second at the end of time.
        if (DateTimeOffset.MaxValue - midnight < TimeSpan.FromSeconds(seconds))
            return false;
        date = midnight.AddSeconds(seconds);
        return true;
    }

    /// <summary>What is left to read. A part that is not there reads as -1, which no date accepts.</summary>
    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public bool Take(char c)
        {
            if (_rest.IsEmpty || _rest[0] != c)
                return false;
            _rest = _rest[1..];
            return true;
        }

        public void Spaces() => _rest = _rest.TrimStart(' ');

        public int Number(int least, int most)
        {
            int digits = 0, value = 0;
            while (digits < most && digits < _rest.Length && char.IsAsciiDigit(_rest[digits]))
                value = value * 10 + (_rest[digits++] - '0');
            if (digits < least)
                return -1;
            _rest = _rest[digits..];
            return value;
        }

        public bool DayName()
        {
            foreach (var day in Days)
                if (Word(day) || Word(day.AsSpan(0, 3)))
                    return true;
            return false;
        }

        public int Month()
        {
            for (var month = 1; month <= 12; month++)
                if (Word(Months.AsSpan((month - 1) * 3, 3)))
                    return month;
            return -1;
        }

        public bool Zone() => Word("GMT") || Word("UTC");

        public int Year(DateTimeOffset now)
        {
            var before = _rest.Length;
            var year = Number(2, 4);
            return (before - _rest.Length) switch
            {
                4 => year,
                2 => Century(year, now.UtcDateTime.Year),
                _ => -1,
            };
        }

        // RFC 9110 §5.6.7: what seems more than 50 years ahead is the most recent past year with the same last two digits.
        private static int Century(int year, int thisYear)
        {
            var full = thisYear - thisYear % 100 + year;
            return full > thisYear + 50 ? full - 100 : full < thisYear - 49 ? full + 100 : full;
        }

        public int TimeOfDay()
        {
            var hours = Number(2, 2);
            var minutes = Take(':') ? Number(2, 2) : -1;
            var seconds = Take(':') ? Number(2, 2) : -1;
            // 60 is a leap second.
            return hours is >= 0 and < 24 && minutes is >= 0 and < 60 && seconds is >= 0 and <= 60 ? (hours * 60 + minutes) * 60 + seconds : -1;
        }

        private bool Word(ReadOnlySpan<char> word)
        {
            if (!_rest.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                return false;
            _rest = _rest[word.Length..];
            return true;
        }
    }
}
