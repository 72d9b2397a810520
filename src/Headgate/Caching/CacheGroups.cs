using Headgate.Quotas;

namespace Headgate.Caching;

/// <summary>Names that answers share so that they can be invalidated together (RFC 9875), within one origin.</summary>
internal static class CacheGroups
{
    /// <summary>Names that are read of one field; at least 32 must be (§2).</summary>
    private const int Most = 128;

    /// <summary>The groups an answer is in.</summary>
    public static string[] Of(FieldList answer) => Read(answer.Combined("Cache-Groups"));

    /// <summary>The groups that an answer to an unsafe method invalidates; of a safe one the field means nothing (§3).</summary>
    public static string[] InvalidatedBy(string method, FieldList answer) => Methods.IsSafe(method) ? [] : Read(answer.Combined("Cache-Group-Invalidation"));

    private static string[] Read(string? text)
    {
        if (text is null || !StructuredList.IsWellFormed(text))
            return [];
        var names = new List<string>();
        var list = new StructuredList(text);
        while (list.NextItem(out var item) && names.Count < Most)
            // Whatever else it may be, it is no name.
            if (item.Type == StructuredType.String)
                names.Add(QuotedText.Unescaped(item.Text));
        return [.. names];
    }
}
