namespace Headgate.Caching;

/// <summary>A request as a cache sees it, read once.</summary>
internal sealed class CacheRequest
{
    /// <summary>Those of the cache that it was read for.</summary>
    public required CacheRules Rules { get; init; }

    public required CacheKey Key { get; init; }

    public required string Method { get; init; }

    public required Uri Uri { get; init; }

    public required FieldList Fields { get; init; }

    public required CacheDirectives Directives { get; init; }

    /// <summary>The part of the body that it asks for; null for all of it. A field that asks for several parts, or that nobody can read, asks for all.</summary>
    public ByteRange? Range { get; private init; }

    /// <summary>Whether a stored answer can be what it asks for: what changes something, or has a body, goes on its way.</summary>
    public bool IsLookup { get; private init; }

    /// <summary>It asks to be validated (RFC 9111 §5.2.1.4; its old form counts where the new one is absent).</summary>
    public bool WantsValidation { get; private init; }

    /// <summary>It asks to leave no trace, or sets conditions that only the API itself can judge (RFC 9111 §4.3.2).</summary>
    public bool GoesPast { get; private init; }

    /// <summary>It gets credentials on its way that are not among its headers: it counts as one that has them (RFC 9111 §3.5).</summary>
    public bool GetsCredentials { get; private init; }

    /// <param name="rules">Those of the cache.</param>
    /// <param name="method">As it is written: methods have letter case.</param>
    /// <param name="uri">The absolute URL.</param>
    /// <param name="fields">All of its headers, the caller's own credentials among them.</param>
    /// <param name="hasBody">Whether it has one: what that means to the answer only the API knows.</param>
    /// <param name="owner">Whose answers it gets, beside those of its credentials; empty for anybody's.</param>
    /// <param name="getsCredentials">It gets some that are not among them.</param>
    public static CacheRequest Of(CacheRules rules, string method, Uri uri, FieldList fields, bool hasBody, string owner = "", bool getsCredentials = false)
    {
        var directives = CacheDirectives.Of(fields);
        return new CacheRequest
        {
            Rules = rules,
            Key = CacheKey.Of(rules, uri, fields, owner),
            Method = method,
            Uri = uri,
            Fields = fields,
            Directives = directives,
            Range = method == "GET" ? ByteRange.Read(fields.First("Range")) : null,
            GetsCredentials = getsCredentials,
            IsLookup = method is "GET" or "HEAD" && !hasBody,
            WantsValidation = fields.Has("Cache-Control") ? directives.NoCache : HasPragma(fields),
            GoesPast = directives.NoStore || fields.Has("If-Match") || fields.Has("If-Unmodified-Since"),
        };
    }

    private static bool HasPragma(FieldList fields)
    {
        foreach (var member in fields.Members("Pragma"))
            if (member.Equals("no-cache", StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }
}
