namespace Headgate.Quotas;

/// <summary>Reads how many: <c>5000</c>, <c>598.0</c>, <c>100, 100;w=10</c>, <c>32/40</c>. Allocates nothing, throws nothing.</summary>
internal static class CountText
{
    /// <summary>More than this is cut: it only keeps absurd numbers out of the arithmetic.</summary>
    public const long Most = 1_000_000_000_000;

    /// <summary>Reads a whole number, or one with a fraction, which is cut off. What is below zero says that nothing is known.</summary>
    public static long? Read(ReadOnlySpan<char> text)
    {
        var rest = new TextCursor(text);
        return rest.Number(out var whole, out _, out _) && rest.IsAtEnd ? Math.Min(whole, Most) : null;
    }

    /// <summary>Reads the first number of a list, whatever parameters it has; and the window of the policy in the list that allows the same.</summary>
    public static long? ReadFirst(ReadOnlySpan<char> text, out TimeSpan? window)
    {
        window = null;
        var end = text.IndexOfAny(',', ';');
        if (end < 0)
            return Read(text);
        if (Read(text[..end]) is not { } first)
            return null;
        foreach (var part in text.Split(','))
        {
            var policy = text[part];
            var parameters = policy.IndexOf(';');
            if (parameters > 0 && Read(policy[..parameters]) == first && Parameter(policy[parameters..], "w=") is > 0 and <= PolicyText.LongestWindow and var seconds)
                window = TimeSpan.FromSeconds(seconds);
        }
        return first;
    }

    /// <summary>Reads <c>32/40</c>, also as a member: <c>api-usage=18/5000</c>.</summary>
    public static (long Used, long Limit)? ReadShare(ReadOnlySpan<char> text)
    {
        text = text[(text.IndexOf('=') + 1)..];
        if (text.IndexOfAny(',', ';') is >= 0 and var end)
            text = text[..end];
        var slash = text.IndexOf('/');
        return slash > 0 && Read(text[..slash]) is { } used && Read(text[(slash + 1)..]) is { } limit ? (used, limit) : null;
    }

    private static long Parameter(ReadOnlySpan<char> parameters, ReadOnlySpan<char> name)
    {
        foreach (var part in parameters.Split(';'))
            if (parameters[part].Trim() is var parameter && parameter.StartsWith(name, StringComparison.Ordinal))
                return Read(parameter[name.Length..]) ?? 0;
        return 0;
    }
}
