using System.Globalization;

namespace Headgate.Time;

/// <summary>
/// Reads and writes durations: a number of seconds (<c>30</c>, <c>0.5</c>) or a number with a unit
/// (<c>250ms 30s 5m 2h 1d</c>). The same parser serves configuration, request lines, headers and flags.
/// </summary>
/// <remarks>All members are thread-safe.</remarks>
public static class Duration
{
    /// <summary>The longest duration that is accepted: ten years. Longer ones are refused as a slip of the pen.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <summary>Reads a duration.</summary>
    /// <param name="text">A number of seconds, or a number with one of the units ms, s, m, h, d.</param>
    /// <returns>The duration, from zero to <see cref="Longest"/>.</returns>
    /// <exception cref="FormatException">The text is not a duration; the message shows it with an example.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var value)
            ? value
            : throw new FormatException($"\"{Excerpt.Of(text)}\" is not a duration: give a number of seconds, or a number with ms, s, m, h or d, for example 30 or \"250ms\"");

    /// <summary>Reads a duration; says whether it was one.</summary>
    /// <param name="text">A number of seconds, or a number with one of the units ms, s, m, h, d.</param>
    /// <param name="value">The duration, or zero.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        text = text.Trim();
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            digits++;
        if (digits is 0 or > 20 || UnitTicks(text[digits..].Trim()) is not { } unit)
            return false;
        if (!decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        if (number > Longest.Ticks / (decimal)unit)
            return false;
        value = new TimeSpan((long)decimal.Round(number * unit, MidpointRounding.AwayFromZero));
        return true;
    }

    /// <summary>Writes a duration in the largest unit that needs no fraction: <c>250ms</c>, <c>90s</c>, <c>2h</c>.</summary>
    /// <param name="value">The duration; negative ones are written with a minus sign.</param>
    public static string Format(TimeSpan value)
    {
        foreach (var (unit, ticks) in (ReadOnlySpan<(string, long)>)[("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond)])
            if (value.Ticks != 0 && value.Ticks % ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / ticks}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / (decimal)TimeSpan.TicksPerMillisecond:0.####}ms");
    }

    private static long? UnitTicks(ReadOnlySpan<char> unit) => unit switch
    {
        "ms" => TimeSpan.TicksPerMillisecond,
        "" or "s" => TimeSpan.TicksPerSecond,
        "m" or "min" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        "d" => TimeSpan.TicksPerDay,
        _ => null,
    };
}
