using Headgate.Time;

namespace Headgate.Retries;

/// <summary>Reads <c>Retry-After</c> (RFC 9110 §10.2.3): seconds, or a date; also seconds with a fraction, and lengths such as <c>6m0s</c>, as some servers send them.</summary>
internal static class RetryAfter
{
    /// <summary>
    /// Longer waits are cut to this: ten years, the longest duration anywhere in the program. It only keeps absurd numbers out of the
    /// arithmetic; nothing a server means seriously is shortened.
    /// </summary>
    public static readonly TimeSpan Longest = Duration.Longest;

    /// <summary>Reads how long to wait. Allocates nothing, throws nothing.</summary>
    /// <param name="value">The value of the header.</param>
    /// <param name="answersDate">
    /// The answer's own <c>Date</c>: a date is read against it, so that the clocks need not agree. Both are cut to whole seconds by the
    /// server, so the difference, waited from now, never ends before the stated time.
    /// </param>
    /// <param name="now">Our wall clock, for an answer without <c>Date</c>.</param>
    /// <returns>The wait from now on, rounded up to whole milliseconds, zero to <see cref="Longest"/>; null if it cannot be read.</returns>
    public static TimeSpan? TryRead(ReadOnlySpan<char> value, DateTimeOffset? answersDate, DateTimeOffset now)
    {
        value = value.Trim(" \t");
        if (value.IsEmpty)
            return null;
        if (TryReadMilliseconds(value, out var milliseconds))
            return Clamp(milliseconds);
        if (!HttpDate.TryParse(value, answersDate ?? now, out var date))
            return Quotas.ResetTime.TryReadLength(value, TimeSpan.TicksPerSecond) is { } length ? Clamp((length.Ticks - 1) / TimeSpan.TicksPerMillisecond + 1) : null;
        var ticks = (date - (answersDate ?? now)).Ticks;
        return Clamp(ticks <= 0 ? 0 : (ticks - 1) / TimeSpan.TicksPerMillisecond + 1);
    }

    private static TimeSpan Clamp(long milliseconds) =>
        milliseconds >= Longest.Ticks / TimeSpan.TicksPerMillisecond ? Longest : new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond);

    // [+-] digits [ "." digits ]: by hand, because a number of any length is to be read without overflow and rounded up, not off.
    private static bool TryReadMilliseconds(ReadOnlySpan<char> text, out long milliseconds)
    {
        milliseconds = 0;
        var isNegative = text[0] == '-';
        if (text[0] is '-' or '+')
            text = text[1..];
        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? default : text[(point + 1)..];
        if ((whole.IsEmpty && fraction.IsEmpty) || !AreDigits(whole) || !AreDigits(fraction))
            return false;
        // Not a wait at all (RFC 9110: delay-seconds has no sign): to be ignored, as what cannot be read.
        if (isNegative)
            return false;
        foreach (var digit in whole)
            milliseconds = Math.Min(milliseconds * 10 + (digit - '0'), Longest.Ticks);
        for (var i = 0; i < 3; i++)
            milliseconds = milliseconds * 10 + (i < fraction.Length ? fraction[i] - '0' : 0);
        if (fraction.Length > 3 && !fraction[3..].TrimEnd('0').IsEmpty)
            milliseconds++;
        return true;
    }

    private static bool AreDigits(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!char.IsAsciiDigit(c))
                return false;
        return true;
    }
}
