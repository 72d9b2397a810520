using Headgate.Quotas;

namespace Headgate.Caching;

/// <summary>The directives that count for this cache: those of a field meant for it (RFC 9213), else of <c>Cache-Control</c>.</summary>
/// <param name="Directives">What they say.</param>
/// <param name="IsTargeted">They are of such a field: then <c>Cache-Control</c> and <c>Expires</c> are as good as absent (§2.1).</param>
internal readonly record struct TargetedControl(CacheDirectives Directives, bool IsTargeted)
{
    /// <summary>Reads the first field on the list of targets that is there, not empty and well-formed (§2.2).</summary>
    public static TargetedControl Of(CacheRules rules, FieldList fields)
    {
        foreach (var target in rules.Targets)
            if (fields.Combined(target) is { } text && Read(text) is { } directives)
                return new TargetedControl(directives, IsTargeted: true);
        return new TargetedControl(CacheDirectives.Of(fields), IsTargeted: false);
    }

    private static CacheDirectives? Read(string text)
    {
        if (!StructuredList.IsDictionary(text))
            return null;
        var directives = new CacheDirectives();
        var list = new StructuredList(text);
        while (list.NextMember(out var key, out var item))
            if (!Take(directives, key, item))
                return null;
        return directives;
    }

    /// <summary>Says no if a directive has a value of a type that it cannot have: the field cannot be trusted then.</summary>
    private static bool Take(CacheDirectives directives, ReadOnlySpan<char> key, StructuredItem item)
    {
        var isNumber = key is "max-age" or "s-maxage" or "stale-while-revalidate" or "stale-if-error";
        if (isNumber && item.Type is not StructuredType.Integer)
            return false;
        if (item is { Type: StructuredType.Boolean, Number: 0 })
            return true;
        directives.Set(key, item.Type switch
        {
            StructuredType.Boolean => null,
            StructuredType.String => QuotedText.Unescaped(item.Text),
            _ => item.Text.ToString(),
        });
        return true;
    }
}
