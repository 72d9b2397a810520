using System.Globalization;
using Headgate.Time;

namespace Headgate.App.Simulator;

/// <summary>How long answers take: always the same, log-normally spread around a median, or evenly between two times.</summary>
/// <param name="Median">Half of the answers take longer.</param>
/// <param name="Sigma">The standard deviation of the logarithm: 0 is always the median, 2 has one in forty above 50 times the median.</param>
/// <param name="Spread">How far an evenly spread one lies from the median at most; zero for the other shapes.</param>
internal sealed record LatencyShape(TimeSpan Median, double Sigma = 0, TimeSpan Spread = default)
{
    private const double LargestSigma = 5;

    /// <summary>No answer takes longer than this, whatever chance says.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static readonly LatencyShape None = new(TimeSpan.Zero);

    public bool IsNone => Median == TimeSpan.Zero && Spread == TimeSpan.Zero;

    /// <summary>Evenly spread between two times.</summary>
    public static LatencyShape Between(TimeSpan least, TimeSpan most) => new((least + most) / 2, Spread: (most - least) / 2);

    /// <summary>Reads <c>50ms</c>, <c>lognormal:50ms,2</c> or <c>uniform:10ms-50ms</c>.</summary>
    public static LatencyShape? TryParse(string text)
    {
        const string Even = "uniform:";
        if (text.StartsWith(Even, StringComparison.Ordinal))
            return text[Even.Length..].Split('-') is [var from, var to] && Duration.TryParse(from, out var least) && Duration.TryParse(to, out var most) && least <= most && most <= Longest
                ? Between(least, most)
                : null;
        const string Name = "lognormal:";
        if (!text.StartsWith(Name, StringComparison.Ordinal))
            return Duration.TryParse(text, out var @fixed) && @fixed <= Longest ? new(@fixed) : null;
        var parts = text[Name.Length..].Split(',');
        return parts.Length == 2
            && Duration.TryParse(parts[0], out var median) && median > TimeSpan.Zero && median <= Longest
            && double.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var sigma) && sigma <= LargestSigma
            ? new(median, sigma)
            : null;
    }

    public TimeSpan Draw(Random random)
    {
        if (Spread > TimeSpan.Zero)
            return Median + Spread * (2 * random.NextDouble() - 1);
        if (Sigma == 0)
            return Median;
        // Box and Muller: two even draws make one normal one.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return TimeSpan.FromTicks((long)Math.Min(Longest.Ticks, Median.Ticks * Math.Exp(Sigma * normal)));
    }
}
