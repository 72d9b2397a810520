using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>Who may call the service, how often, from which pages and by which names. The initial values are the defaults.</summary>
internal sealed record AccessConfiguration
{
    public static readonly AccessConfiguration Default = new();

    /// <summary>The tokens that the configuration itself names, beside those of files.</summary>
    public ValueList<TokenConfiguration> Tokens { get; init; } = [];

    /// <summary>The absolute path of a file with more of them; null for none.</summary>
    public string? TokensFile { get; init; }

    /// <summary>The origins whose pages may call it: <c>https://app.example</c>, in lower case, without a usual port.</summary>
    public ValueList<string> Cors { get; init; } = [];

    /// <summary>The names it answers by, beside <c>localhost</c> and addresses; in lower case.</summary>
    public ValueList<string> Hosts { get; init; } = [];

    /// <summary>The limits of each caller, all of requests.</summary>
    public ValueList<Limit> RateLimits { get; init; } = [];

    /// <summary>As whom it speaks TLS; null if it cannot.</summary>
    public ServiceTlsConfiguration? Tls { get; init; }
}

/// <summary>A token as it is kept: the token itself is not, only its hash.</summary>
/// <param name="Name">By what it is known: to people, in the audit log, and as the caller whose limits count.</param>
/// <param name="Hash"><c>sha256:</c> and 64 hex digits in lower case, of the whole token.</param>
/// <param name="Scopes">What it may do, as it was given.</param>
internal sealed record TokenConfiguration(string Name, string Hash, AccessScopes Scopes)
{
    /// <summary>On whose behalf it acts, seeing only the jobs of that tenant; null for everybody's.</summary>
    public string? Tenant { get; init; }

    /// <summary>When it was made; null if nobody says.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>From when on it is not accepted; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>What a caller may do.</summary>
[Flags]
internal enum AccessScopes
{
    None = 0,

    /// <summary>Look at jobs, figures and settings.</summary>
    Read = 1,

    /// <summary>Submit requests, cancel them, and call through the gateway.</summary>
    Submit = 2,

    /// <summary>Pause, resume, change limits, send again.</summary>
    Operate = 4,

    /// <summary>Give and take tokens.</summary>
    Admin = 8,
}

/// <summary>As whom the service speaks TLS.</summary>
/// <param name="Certificate"><c>file:</c> and the absolute path of the certificate, with those that vouch for it: PEM or PFX.</param>
internal sealed record ServiceTlsConfiguration(string Certificate)
{
    /// <summary><c>file:</c> and the absolute path of its private key in PEM; null where it is in the file of the certificate.</summary>
    public string? Key { get; init; }

    /// <summary>Where the password of the key is: <c>env:NAME</c>, or <c>file:</c> and an absolute path; null if it has none.</summary>
    public string? Password { get; init; }
}
