namespace Headgate.Caching;

/// <summary>Which bytes of a body an answer has.</summary>
/// <param name="First">The first.</param>
/// <param name="Length">How many.</param>
/// <param name="Total">How many the body has; null if nobody says.</param>
internal readonly record struct ContentRange(long First, long Length, long? Total)
{
    public long End => First + Length;

    public bool IsComplete => First == 0 && Length == Total;

    public static ContentRange Whole(long length) => new(0, length, length);

    /// <summary>Reads <c>bytes 0-4/10</c> or <c>bytes 0-4/*</c>; null for anything else (RFC 9110 §14.4).</summary>
    public static ContentRange? Read(string? text)
    {
        if (text is null || !text.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase))
            return null;
        var rest = text.AsSpan(6).Trim(" \t");
        var slash = rest.IndexOf('/');
        if (slash < 0 || ByteRange.Read($"bytes={rest[..slash]}") is not { First: { } first, Last: { } last })
            return null;
        var length = rest[(slash + 1)..];
        if (length is "*")
            return new ContentRange(first, last - first + 1, null);
        return ByteRange.Read($"bytes={length}-") is { First: { } total } && last < total ? new ContentRange(first, last - first + 1, total) : null;
    }

    public string Format() => $"bytes {First}-{End - 1}/{Total?.ToString() ?? "*"}";

    /// <summary>The bytes that are asked for; null if not all of them are here.</summary>
    public (long First, long Length)? Find(ByteRange range)
    {
        if (Total is { } total)
            return range.Of(total) is { } part && part.First >= First && part.First + part.Length <= End ? part : null;
        return range is { First: { } first, Last: { } last } && first >= First && last < End ? (first, last - first + 1) : null;
    }

    /// <summary>The one range that is missing so that all that is asked for is here, next to what is; null if there is no such.</summary>
    /// <param name="range">What is asked for; null for all.</param>
    public ByteRange? Missing(ByteRange? range)
    {
        if (Total is not { } total || (range is null ? (0, total) : range.Value.Of(total)) is not { } part)
            return null;
        var end = part.First + part.Length;
        if (part.First >= First && part.First <= End && end > End)
            return new ByteRange(End, end == total ? null : end - 1);
        if (part.First < First && end >= First && end <= End)
            return new ByteRange(part.First, First - 1);
        return null;
    }
}
