using System.Globalization;
using Headgate.Time;

namespace Headgate.App.Simulator;

/// <summary>How long answers take: always the same, or log-normally spread around a median.</summary>
/// <param name="Median">Half of the answers take longer.</param>
/// <param name="Sigma">The standard deviation of the logarithm: 0 is always the median, 2 has one in forty above 50 times the median.</param>
internal sealed record LatencyShape(TimeSpan Median, double Sigma = 0)
{
    private const double LargestSigma = 5;

    /// <summary>No answer takes longer than this, whatever chance says.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static readonly LatencyShape None = new(TimeSpan.Zero);

    public bool IsNone => Median == TimeSpan.Zero;

    /// <summary>Reads <c>50ms</c> or <c>lognormal:50ms,2</c>.</summary>
    public static LatencyShape? TryParse(string text)
    {
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
        if (Sigma == 0)
            return Median;
        // Box and Muller: two even draws make one normal one.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return TimeSpan.FromTicks((long)Math.Min(Longest.Ticks, Median.Ticks * Math.Exp(Sigma * normal)));
    }
}
