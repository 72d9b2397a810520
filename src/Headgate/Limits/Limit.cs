using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// A promise about an API, a key, a proxy or everything: <c>100/s</c>, <c>90000 tokens/min</c>, <c>10 concurrent</c>.
/// Immutable; equality is by value. Made by <see cref="Parse"/>.
/// </summary>
/// <remarks>
/// <code>
/// LIMIT  = AMOUNT "/" PERIOD OPTION* | INT "bucket" AMOUNT "/" PERIOD OPTION* | INT "concurrent"
/// AMOUNT = INT [ " " UNIT ]     PERIOD = [INT] ( ms | s | min | h | d | week | month )
/// OPTION = sliding | fixed | counter | spaced | burst=INT | jitter=DUR | tz=ZONE | skew=DUR | guard=DUR
///        | when=DAYS[ HH:MM-HH:MM] | timing=guaranteed|bounded[:DUR]|nominal
/// </code>
/// </remarks>
public sealed record Limit
{
    /// <summary>The unit of a limit that names none.</summary>
    public const string Requests = "requests";

    internal Limit() { }

    /// <summary>N: how much of the unit in each period, or how many at once; 1 to 10^12.</summary>
    public long Amount { get; internal init; }

    /// <summary>What is counted; <c>requests</c> unless named.</summary>
    public string Unit { get; internal init; } = Requests;

    /// <summary>P: the length of the window; zero for <see cref="LimitAlgorithm.Concurrent"/> and for calendar months.</summary>
    public TimeSpan Period { get; internal init; }

    /// <summary>Whether the window is a calendar month (only with <see cref="LimitAlgorithm.Fixed"/>).</summary>
    public bool IsMonthly { get; internal init; }

    /// <summary>How the server counts.</summary>
    public LimitAlgorithm Algorithm { get; internal init; }

    /// <summary>B: the room of a bucket; zero for other algorithms.</summary>
    public long Burst { get; internal init; }

    /// <summary>For <see cref="LimitAlgorithm.Spaced"/>: sends at gaps P/N plus this, counted from the send; none by default.</summary>
    public TimeSpan? Jitter { get; internal init; }

    /// <summary>The zone of calendar windows and of <see cref="When"/>; UTC by default.</summary>
    public TimeZoneInfo? Zone { get; internal init; }

    /// <summary>For <see cref="LimitAlgorithm.Fixed"/>: how far the server's clock may differ from ours; learned from answers by default.</summary>
    public TimeSpan? Skew { get; internal init; }

    /// <summary>How much every window is lengthened against unlike clocks; 1 ms + P/10,000 by default.</summary>
    public TimeSpan? Guard { get; internal init; }

    /// <summary>The times at which the limit holds; always by default.</summary>
    public LimitSchedule? When { get; internal init; }

    /// <summary>What is known of arrival, where the limit itself says so; else the API's setting holds.</summary>
    public LimitTiming? Timing { get; internal init; }

    /// <summary>D of <see cref="LimitTiming.Bounded"/>, where the limit itself gives it.</summary>
    public TimeSpan? Bound { get; internal init; }

    /// <summary>Reads a limit.</summary>
    /// <param name="text">One limit, for example <c>100/s</c>.</param>
    /// <exception cref="FormatException">The text is not a limit. The message shows the text, the position and an example.</exception>
    public static Limit Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var limit, out var error) ? limit! : throw new FormatException(error);
    }

    /// <summary>Reads a limit; says what is wrong, where, and shows an example, if it is none.</summary>
    /// <param name="text">One limit, for example <c>100/s</c>.</param>
    /// <param name="limit">The limit, or null.</param>
    /// <param name="error">What is wrong, or null.</param>
    public static bool TryParse(string? text, out Limit? limit, out string? error) => LimitSyntax.TryRead(text ?? "", out limit, out error);

    /// <summary>Writes the limit so that <see cref="Parse"/> reads it back equal.</summary>
    public override string ToString() => LimitSyntax.Write(this);
}
