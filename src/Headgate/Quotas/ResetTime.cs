using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Quotas;

/// <summary>
/// A time that a server tells, whatever the form: seconds or milliseconds to go, an instant of the epoch, a duration of Go or protobuf,
/// RFC 3339, HTTP-date, the date of a script. Allocates nothing, throws nothing.
/// </summary>
/// <param name="In">From the receipt of the answer; rounded up by what the form leaves open; at most ten years.</param>
/// <param name="Slack">A period P shows as at most P and this.</param>
internal readonly record struct ResetTime(TimeSpan In, TimeSpan Slack)
{
    private const long SmallestEpoch = 1_000_000_000;
    private const long Second = TimeSpan.TicksPerSecond;

    /// <summary>Reads a time; null if it is none, or lies below zero.</summary>
    /// <param name="text">The value.</param>
    /// <param name="number">What a bare number below 10^9 counts, in ticks: a second, or a millisecond. From 10^9 on it is an instant, by its magnitude in s, ms, µs or ns.</param>
    /// <param name="reference">The answer's own <c>Date</c>, so that the clocks need not agree; without one our wall clock.</param>
    public static ResetTime? TryRead(ReadOnlySpan<char> text, long number, DateTimeOffset reference)
    {
        var rest = new TextCursor(text);
        text = rest.Rest;
        if (!char.IsAsciiDigit(rest.Next) && rest.Next is not ('.' or '+'))
            return DateText.TryReadWords(text, reference, out var date) ? Instant(date.Ticks, Second, reference) : null;
        if (text.Length > 4 && text[4] == '-')
            return DateText.TryReadIso(text, out var ticks, out var step) ? Instant(ticks, step, reference) : null;
        rest.Take('+');
        if (!rest.Number(out var whole, out var billionths, out var decimals))
            return null;
        if (!rest.IsAtEnd)
            return TryReadUnits(rest, whole, billionths) is { } span ? ToGo(span, TimeSpan.TicksPerMillisecond) : null;
        if (whole >= SmallestEpoch && number == Second)
            return Epoch(whole, billionths, decimals);
        var all = (Int128)whole * number + ((Int128)billionths * number + 999_999_999) / 1_000_000_000;
        return ToGo(all, decimals switch { 0 => number, 1 => number / 10, 2 => number / 100, _ => number / 1000 });

        ResetTime Epoch(long whole, long billionths, int decimals)
        {
            var (unit, step) = whole switch
            {
                < 1_000 * SmallestEpoch => (Second, decimals == 0 ? Second : TimeSpan.TicksPerMillisecond),
                < 1_000_000 * SmallestEpoch => (TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerMillisecond),
                < 1_000_000_000 * SmallestEpoch => (TimeSpan.TicksPerMicrosecond, TimeSpan.TicksPerMicrosecond),
                _ => (0, 1),
            };
            var since = unit == 0 ? (Int128)whole / 100 + 1 : (Int128)whole * unit + ((Int128)billionths * unit + 999_999_999) / 1_000_000_000;
            return Instant(since + DateTime.UnixEpoch.Ticks, step, reference);
        }
    }

    /// <summary>Reads how long a window is: a duration, or a bare number; null if it is none.</summary>
    public static TimeSpan? TryReadLength(ReadOnlySpan<char> text, long number)
    {
        var rest = new TextCursor(text);
        if (!rest.Number(out var whole, out var billionths, out _))
            return null;
        var ticks = rest.IsAtEnd ? (Int128)whole * number + ((Int128)billionths * number + 999_999_999) / 1_000_000_000 : TryReadUnits(rest, whole, billionths);
        return ticks is { } length && length > 0 ? Clamp(length) : null;
    }

    // "6m0s", "1h2m3.5s", "12ms" as Go writes them; "3.5s" as protobuf does.
    private static Int128? TryReadUnits(TextCursor rest, long whole, long billionths)
    {
        Int128 ticks = 0;
        while (true)
        {
            var unit = rest.Take("ms") ? TimeSpan.TicksPerMillisecond
                : rest.Take("us") || rest.Take("µs") || rest.Take("μs") ? TimeSpan.TicksPerMicrosecond
                : rest.Take("ns") ? 0
                : rest.Take('h') ? TimeSpan.TicksPerHour
                : rest.Take('m') ? TimeSpan.TicksPerMinute
                : rest.Take('s') ? Second
                : -1;
            if (unit < 0)
                return null;
            ticks += unit == 0 ? ((Int128)whole + 99) / 100 : (Int128)whole * unit + ((Int128)billionths * unit + 999_999_999) / 1_000_000_000;
            if (rest.IsAtEnd)
                return ticks;
            if (!rest.Number(out whole, out billionths, out _))
                return null;
        }
    }

    // Nobody knows whether the server rounded up or cut off, so one step is added; of zero there is nothing to round.
    private static ResetTime ToGo(Int128 ticks, long step) => ticks == 0 ? default : new ResetTime(Clamp(ticks + step), new TimeSpan(step));

    // Date is cut to whole seconds, which only makes the difference larger; a second that was cut as well makes up for it.
    private static ResetTime Instant(Int128 ticks, long step, DateTimeOffset reference)
    {
        var away = ticks - reference.UtcTicks;
        return away <= -step ? default : new ResetTime(Clamp(away + step), new TimeSpan(2 * step + (step == Second ? 0 : Second)));
    }

    private static TimeSpan Clamp(Int128 ticks) => ticks >= Duration.Longest.Ticks ? Duration.Longest : new TimeSpan((long)ticks);
}
