namespace Headgate.Caching;

/// <summary>A number of seconds as caches write it (RFC 9111 §1.2.2).</summary>
internal static class DeltaSeconds
{
    /// <summary>What a greater number counts as: 68 years.</summary>
    public const long Most = 1L << 31;

    /// <summary>Reads digits, and nothing else; null for anything else.</summary>
    public static long? Read(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return null;
        var seconds = 0L;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                return null;
            seconds = Math.Min(seconds * 10 + (c - '0'), Most);
        }
        return seconds;
    }
}
