using System.Globalization;
using Headgate.Time;

namespace Headgate.Configuration;

/// <summary>What is put in the way of the attempts of an API, to see how all else takes it.</summary>
internal sealed record ChaosConfiguration
{
    public static readonly ChaosConfiguration None = new();

    public ChaosErrors Errors { get; init; }

    public ChaosLatency Latency { get; init; }

    /// <summary>The share of attempts whose connection breaks.</summary>
    public Percentage Resets { get; init; }
}

/// <summary>Answers with an error in place of the API: <c>2%</c>, <c>503 2%</c>.</summary>
/// <param name="Status">The status; 503 unless given.</param>
/// <param name="Share">Of how many attempts.</param>
internal readonly record struct ChaosErrors(int Status, Percentage Share)
{
    public const string Expects = "a share of errors, with or without their status: \"2%\" or \"503 2%\"";

    private const int UsualStatus = 503;

    public static bool TryParse(ReadOnlySpan<char> text, out ChaosErrors value)
    {
        value = default;
        text = text.Trim();
        var (status, space) = (UsualStatus, text.IndexOf(' '));
        if (space == 3 && text[0] is >= '2' and <= '5' && int.TryParse(text[..3], NumberStyles.None, CultureInfo.InvariantCulture, out status) && status >= 100)
            text = text[4..];
        else
            status = UsualStatus;
        if (!Percentage.TryParse(text, out var share))
            return false;
        value = new ChaosErrors(status, share);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Status} {Share}");
}

/// <summary>A delay before an attempt: <c>200ms 10%</c>, or of all attempts: <c>200ms</c>.</summary>
/// <param name="Length">By how much.</param>
/// <param name="Share">Of how many attempts.</param>
internal readonly record struct ChaosLatency(TimeSpan Length, Percentage Share)
{
    public const string Expects = "a delay, with or without the share of attempts that have it: \"200ms\" or \"200ms 10%\"";

    public static bool TryParse(ReadOnlySpan<char> text, out ChaosLatency value)
    {
        value = default;
        text = text.Trim();
        var (share, cut) = (Percentage.Whole, -1);
        // The share is the last word, unless a space stands between its number and its sign, as one may before a unit.
        if (text.EndsWith("%"))
        {
            cut = text[..^1].TrimEnd().LastIndexOf(' ');
            if (cut < 0 || !Percentage.TryParse(text[cut..], out share))
                return false;
        }
        if (!Duration.TryParse(cut < 0 ? text : text[..cut], out var length))
            return false;
        value = new ChaosLatency(length, share);
        return true;
    }

    public override string ToString() => $"{Duration.Format(Length)} {Share}";
}
