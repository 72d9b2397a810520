using Headgate.Time;

namespace Headgate.App.Simulator;

/// <summary>A delay, evenly spread between two bounds.</summary>
internal sealed record UplinkDelay(TimeSpan From, TimeSpan To)
{
    public static readonly UplinkDelay None = new(TimeSpan.Zero, TimeSpan.Zero);

    public bool IsNone => To == TimeSpan.Zero;

    /// <summary>Reads <c>0-30ms</c>, <c>5ms-0.2s</c> or <c>10ms</c>. A first bound without a unit takes that of the second.</summary>
    public static UplinkDelay? TryParse(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (!Duration.TryParse(text.AsSpan(dash + 1), out var to))
            return null;
        if (dash < 0)
            return new(to, to);
        var first = text[..dash].Trim();
        if (first.Length > 0 && char.IsAsciiDigit(first[^1]))
            first += text[(dash + 1)..].Trim().TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        return Duration.TryParse(first, out var from) && from <= to ? new(from, to) : null;
    }

    public TimeSpan Draw(Random random) => From + TimeSpan.FromTicks((long)((To - From).Ticks * random.NextDouble()));
}
