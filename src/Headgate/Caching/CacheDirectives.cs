namespace Headgate.Caching;

/// <summary>
/// What <c>Cache-Control</c> says (RFC 9111 §5.2, RFC 5861, RFC 8246), of a request or of an answer. Of a directive that stands twice the first
/// counts (§4.2.1); letter case does not.
/// </summary>
/// <remarks>
/// A lifetime that is no number is none at all: an answer is stale rather than kept by mistake (§4.2.1). What forbids counts however it is
/// written; what allows only counts when it is well-formed.
/// </remarks>
internal sealed class CacheDirectives
{
    public static readonly CacheDirectives None = new();

    public bool NoStore { get; private set; }

    /// <summary>The whole answer, not just some fields of it.</summary>
    public bool NoCache { get; private set; }

    /// <summary>The whole answer, not just some fields of it.</summary>
    public bool Private { get; private set; }

    public bool Public { get; private set; }

    public bool MustRevalidate { get; private set; }

    public bool ProxyRevalidate { get; private set; }

    public bool MustUnderstand { get; private set; }

    public bool OnlyIfCached { get; private set; }

    public bool Immutable { get; private set; }

    /// <summary>Seconds, as all below.</summary>
    public long? MaxAge { get; private set; }

    public long? SharedMaxAge { get; private set; }

    public long? StaleWhileRevalidate { get; private set; }

    public long? StaleIfError { get; private set; }

    public long? MinFresh { get; private set; }

    /// <summary>The greatest number for a request that takes an answer however stale it is.</summary>
    public long? MaxStale { get; private set; }

    /// <summary>Fields that <c>no-cache="…"</c> and <c>private="…"</c> name.</summary>
    public IReadOnlyList<string> NoCacheFields { get; private set; } = [];

    public IReadOnlyList<string> PrivateFields { get; private set; } = [];

    public static CacheDirectives Of(FieldList fields)
    {
        CacheDirectives? read = null;
        foreach (var member in fields.Members("Cache-Control"))
            (read ??= new CacheDirectives()).Read(member);
        return read ?? None;
    }

    /// <summary>Takes a directive over.</summary>
    /// <param name="name">In small letters.</param>
    /// <param name="argument">What it says, without quotes; null if it says nothing.</param>
    public void Set(ReadOnlySpan<char> name, string? argument)
    {
        switch (name)
        {
            case "no-store": NoStore = true; break;
            case "must-revalidate": MustRevalidate = true; break;
            case "proxy-revalidate": ProxyRevalidate = true; break;
            case "public": Public |= argument is null; break;
            case "must-understand": MustUnderstand |= argument is null; break;
            case "only-if-cached": OnlyIfCached |= argument is null; break;
            case "immutable": Immutable |= argument is null; break;
            case "max-age": MaxAge ??= Lifetime(argument); break;
            case "s-maxage": SharedMaxAge ??= Lifetime(argument); break;
            case "stale-while-revalidate": StaleWhileRevalidate ??= Lifetime(argument); break;
            case "stale-if-error": StaleIfError ??= Lifetime(argument); break;
            case "min-fresh": MinFresh ??= DeltaSeconds.Read(argument); break;
            case "max-stale": MaxStale ??= argument is null ? long.MaxValue : DeltaSeconds.Read(argument); break;
            case "no-cache" when Names(argument) is { Count: > 0 } names: NoCacheFields = [.. NoCacheFields, .. names]; break;
            case "no-cache": NoCache = true; break;
            case "private" when Names(argument) is { Count: > 0 } names: PrivateFields = [.. PrivateFields, .. names]; break;
            case "private": Private = true; break;
        }
    }

    private static long Lifetime(string? argument) => DeltaSeconds.Read(argument) ?? 0;

    private void Read(ReadOnlySpan<char> member)
    {
        var equals = member.IndexOf('=');
        var name = equals < 0 ? member : member[..equals];
        // A space before or after the sign is no part of the grammar: the directive is there, what it says is not.
        var argument = equals < 0 ? null : Unquoted(member[(equals + 1)..]);
        if (name.IndexOf(' ') is >= 0 and var space)
        {
            name = name[..space];
            argument = "";
        }
        Span<char> small = stackalloc char[32];
        if (name.Length is > 0 and <= 32 && name.ToLowerInvariant(small) is >= 0 and var length)
            Set(small[..length], argument);
    }

    private static string Unquoted(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '"' || text[^1] != '"')
            return text.ToString();
        var inside = text[1..^1].ToString();
        return inside.Contains('\\', StringComparison.Ordinal) ? QuotedText.Unescaped(inside) : inside;
    }

    private static List<string> Names(string? argument) =>
        argument is null ? [] : [.. argument.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
