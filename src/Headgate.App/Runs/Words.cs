using System.Globalization;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>Numbers as people read them.</summary>
internal static class Words
{
    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Nanoseconds as <c>850 µs</c>, <c>12.3 ms</c>, <c>4.21 s</c>, <c>3 min 5 s</c>, <c>2 h 10 min</c>.</summary>
    public static string Time(long nanoseconds)
    {
        var seconds = nanoseconds / (double)Clock.Second;
        return seconds switch
        {
            < 0.001 => Invariant($"{seconds * 1e6:0} µs"),
            < 1 => Invariant($"{seconds * 1e3:0.#} ms"),
            < 120 => Invariant($"{seconds:0.00} s"),
            < 7200 => Invariant($"{(long)seconds / 60} min {(long)seconds % 60} s"),
            _ => Invariant($"{(long)seconds / 3600} h {(long)seconds % 3600 / 60} min"),
        };
    }

    public static string Percent(double part) => Invariant($"{part * 100:0.0} %");

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
