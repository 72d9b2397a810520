using System.Globalization;

namespace Headgate.Configuration;

/// <summary>Reads and writes sizes: a number of bytes, or a number with a unit (<c>16MiB</c>, <c>500kB</c>).</summary>
internal static class ByteSize
{
    public const string Expects = "a size: a number of bytes, or a number with kB, MB, GB, KiB, MiB or GiB, for example \"16MiB\"";

    // Bare k, M and G are left out: half of mankind means 1000, the other half 1024.
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1), ("", 1),
    ];

    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        text = text.Trim();
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            digits++;
        if (digits is 0 or > 20 || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        var unit = text[digits..].Trim();
        foreach (var (name, factor) in Units)
            if (unit.Equals(name, StringComparison.OrdinalIgnoreCase))
                return TryMultiply(number, factor, out bytes);
        return false;
    }

    /// <summary>Writes a size in the largest unit that needs no fraction, so that it reads back the same.</summary>
    public static string Format(long bytes)
    {
        foreach (var (name, factor) in Units)
            if (bytes != 0 && bytes % factor == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / factor}{name}");
        return "0B";
    }

    private static bool TryMultiply(decimal number, long factor, out long bytes)
    {
        bytes = 0;
        if (number > long.MaxValue / factor || number * factor != decimal.Truncate(number * factor))
            return false;
        bytes = (long)(number * factor);
        return true;
    }
}
