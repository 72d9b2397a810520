namespace Headgate.Configuration;

/// <summary>Where the bearer tokens of an API come from: the client credentials grant of OAuth 2.0 (RFC 6749 §4.4). Immutable; equality is by value.</summary>
internal sealed record OAuthConfiguration
{
    /// <summary>The token endpoint: https, or http on loopback.</summary>
    public required Uri TokenUrl { get; init; }

    public required string ClientId { get; init; }

    /// <summary>Where the client's secret is, <c>env:NAME</c> or <c>file:</c> and an absolute path; read anew for each token.</summary>
    public required string ClientSecret { get; init; }

    /// <summary>What is asked for; the server's own choice if there are none.</summary>
    public ValueList<string> Scopes { get; init; } = [];

    /// <summary>Whom the token is for, where the server wants that told; null for nothing.</summary>
    public string? Audience { get; init; }

    /// <summary>Whether id and secret go into the body, which not every server takes, rather than into the Authorization header (RFC 6749 §2.3.1).</summary>
    public bool InBody { get; init; }
}
