using System.Buffers;

namespace Headgate.Caching;

/// <summary>What a cache is and may do.</summary>
internal sealed record CacheRules
{
    /// <summary>One that serves any number of users with the same answers; a private one keeps those of different credentials apart.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// Every 200 to a GET is fresh for so many seconds, whatever it says of that, for APIs that say nothing; null for what they say.
    /// <c>no-store</c>, Vary and the wishes of a request count all the same.
    /// </summary>
    public long? Ttl { get; init; }

    /// <summary>Fields with directives for caches like this one, the first first, for example <c>CDN-Cache-Control</c>.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>A header in which this API has its keys, beside those that say by their names what they are; null for none.</summary>
    public string? KeyField { get; init; }

    /// <summary>
    /// Headers by which a server may be led to answer for another host, path or method: no cache keeps what they get for others, whatever <c>Vary</c> says.
    /// </summary>
    public IReadOnlyList<string> SteeringFields { get; init; } =
    [
        "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Server", "X-Forwarded-Method",
        "Front-End-Https", "X-Url-Scheme", "X-Host", "X-Http-Host-Override", "X-Original-Host", "X-Original-Url", "X-Original-Uri", "X-Rewrite-Url", "X-Script-Name", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
    ];

    /// <summary>How long at most an answer that says nothing of its lifetime is fresh, in seconds: a day.</summary>
    public long LongestGuess { get; init; } = 86_400;

    /// <summary>For how long after its lifetime an answer stands in for an API out of reach where nothing is said of that, in seconds: a day.</summary>
    public long LongestStale { get; init; } = 86_400;

    /// <summary>What was asked for up to then is validated before it is used, since nobody looked after what changed later; milliseconds since the Unix epoch.</summary>
    public long Since { get; init; } = long.MinValue;

    /// <summary>The same for rules by which the same answers are kept, for the same requests.</summary>
    public string Mark => $"{(IsShared ? "shared" : "private")} {Ttl} {LongestGuess} {string.Join(',', Targets)} {KeyField}";

    /// <summary>Its name in <c>Cache-Status</c>.</summary>
    public string Name { get; init; } = "headgate";

    /// <summary>Whether a header of a request says who asks. Nobody knows all that APIs have thought of: one too many keeps answers apart that need not be, one too few gives somebody another's.</summary>
    public bool IsCredential(string name) =>
        (name.AsSpan().ContainsAny(CredentialWords) && !name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("Sec-", StringComparison.OrdinalIgnoreCase))
        || name.Equals(KeyField, StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> CredentialWords =
        SearchValues.Create(["auth", "token", "key", "secret", "passw", "cookie", "session", "credential", "signature", "jwt", "user", "account", "tenant", "customer", "bearer", "email", "cert", "ident", "imperson", "behalf", "-org", "client", "access", "-sid", "workspace"], StringComparison.OrdinalIgnoreCase);
}
