namespace Headgate.Caching;

/// <summary>Compares the names of versions (RFC 9110 §8.8.3).</summary>
internal static class EntityTag
{
    /// <summary>Whether it changes with every byte.</summary>
    public static bool IsStrong(string? tag) => tag is { Length: >= 2 } && tag[0] == '"' && tag[^1] == '"';

    /// <summary>The same to the byte.</summary>
    public static bool AreSame(string? one, string? other) => IsStrong(one) && one == other;

    /// <summary>The same, or as good as that.</summary>
    public static bool AreAlike(ReadOnlySpan<char> one, ReadOnlySpan<char> other) => Opaque(one).SequenceEqual(Opaque(other));

    /// <summary>Whether one of the tags of an <c>If-None-Match</c> is alike; an asterisk is to any.</summary>
    public static bool IsAmong(FieldList request, string? tag)
    {
        foreach (var field in request)
            if (field.Is("If-None-Match") && IsAmong(field.Value, tag))
                return true;
        return false;
    }

    // Not as other lists: within the quotes of a tag a backslash is a character like any other.
    private static bool IsAmong(ReadOnlySpan<char> list, string? tag)
    {
        while (!list.IsEmpty)
        {
            list = list.TrimStart(" \t,");
            var quote = list.IndexOf('"');
            var end = list.IndexOf(',');
            if (quote >= 0 && (end < 0 || quote < end))
                end = list[(quote + 1)..].IndexOf('"') is >= 0 and var closing ? quote + closing + 2 : -1;
            var one = (end < 0 ? list : list[..end]).TrimEnd(" \t");
            if (one is "*" || (tag is not null && !one.IsEmpty && AreAlike(one, tag)))
                return true;
            list = end < 0 ? default : list[end..];
        }
        return false;
    }

    private static ReadOnlySpan<char> Opaque(ReadOnlySpan<char> tag) => tag.StartsWith("W/") ? tag[2..] : tag;
}
