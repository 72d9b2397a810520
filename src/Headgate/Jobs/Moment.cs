using System.Globalization;
using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>
/// A moment as requests name it: a date and time (RFC 3339, <c>2030-01-02T03:04:05Z</c>), or so long after the request was
/// accepted (<c>90</c>, <c>"5m"</c>). Immutable; equality is by value; thread-safe.
/// </summary>
public readonly record struct Moment
{
    private readonly long _ticks; // UTC ticks of a date, or ticks after acceptance
    private readonly bool _isAfter;

    /// <summary>A date and time.</summary>
    /// <param name="at">The moment; kept in UTC.</param>
    public Moment(DateTimeOffset at) => _ticks = at.UtcTicks;

    /// <summary>So long after acceptance.</summary>
    /// <param name="after">From zero to <see cref="Duration.Longest"/>.</param>
    /// <exception cref="ArgumentException">The duration is negative or longer than <see cref="Duration.Longest"/>.</exception>
    public Moment(TimeSpan after)
    {
        if (after < TimeSpan.Zero || after > Duration.Longest)
            throw new ArgumentException($"a moment lies 0 to {Duration.Longest.Days} days after acceptance, not {after}");
        _ticks = after.Ticks;
        _isAfter = true;
    }

    /// <summary>Whether it is counted from acceptance.</summary>
    public bool IsAfterAcceptance => _isAfter;

    /// <summary>A date and time.</summary>
    /// <param name="at">The moment.</param>
    public static implicit operator Moment(DateTimeOffset at) => new(at);

    /// <summary>So long after acceptance.</summary>
    /// <param name="after">From zero to <see cref="Duration.Longest"/>.</param>
    public static implicit operator Moment(TimeSpan after) => new(after);

    /// <summary>The date and time it means for a request accepted then; in UTC.</summary>
    /// <param name="accepted">When the request was accepted.</param>
    public DateTimeOffset From(DateTimeOffset accepted) =>
        _isAfter ? accepted.ToUniversalTime().AddTicks(_ticks) : new DateTimeOffset(_ticks, TimeSpan.Zero);

    /// <summary>Reads a moment; says whether it was one.</summary>
    /// <param name="text">A date and time with <c>Z</c> or an offset, or a duration.</param>
    /// <param name="value">The moment, or the default.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Moment value)
    {
        value = default;
        text = text.Trim();
        if (Duration.TryParse(text, out var after))
        {
            value = new Moment(after);
            return true;
        }
        // The offset is required: a time of unknown zone would silently mean another moment on another machine.
        if (text.Length < 20 || text[10] is not ('T' or 't') || !HasOffset(text))
            return false;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
            return false;
        value = new Moment(at);
        return true;
    }

    /// <summary>Writes it so that <see cref="TryParse"/> reads it back equal.</summary>
    public override string ToString() => _isAfter
        ? Duration.Format(new TimeSpan(_ticks))
        : new DateTime(_ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool HasOffset(ReadOnlySpan<char> text) =>
        text[^1] is 'Z' or 'z' || (text[^6] is '+' or '-' && text[^3] == ':');
}
