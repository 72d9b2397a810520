namespace Headgate.Caching;

/// <summary>One range of bytes that is asked for (RFC 9110 §14.1.2).</summary>
/// <param name="First">The first byte; null where the last so many are asked for.</param>
/// <param name="Last">The last byte, or how many at the end; null for all that follow.</param>
internal readonly record struct ByteRange(long? First, long? Last)
{
    /// <summary>Reads a field of one range; null for anything else, which asks for all.</summary>
    public static ByteRange? Read(string? text)
    {
        if (text is null || !text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            return null;
        var set = text.AsSpan(6).Trim(" \t");
        var dash = set.IndexOf('-');
        if (dash < 0)
            return null;
        var (first, last) = (Position(set[..dash]), Position(set[(dash + 1)..]));
        // What is there but no number.
        if ((first is null && dash > 0) || (last is null && dash < set.Length - 1) || (first is null && last is null) || last < first)
            return null;
        return new ByteRange(first, last);
    }

    /// <summary>The bytes of a body of that length; null if it has none of them.</summary>
    public (long First, long Length)? Of(long total)
    {
        var (first, end) = First is { } start ? (start, Last is { } last && last < total ? last + 1 : total) : (Math.Max(0, total - Last!.Value), total);
        return first < end ? (first, end - first) : null;
    }

    private static long? Position(ReadOnlySpan<char> digits)
    {
        // Longer than any body.
        if (digits.Length is 0 or > 18)
            return null;
        foreach (var c in digits)
            if (!char.IsAsciiDigit(c))
                return null;
        return long.Parse(digits);
    }
}
