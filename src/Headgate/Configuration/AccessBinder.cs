namespace Headgate.Configuration;

/// <summary>Makes records of what stands in <see cref="AccessSettings"/>. What cannot be read has been told by its shape, and counts as absent.</summary>
/// <param name="directory">What paths in a file are relative to.</param>
/// <param name="current">What all other paths are relative to.</param>
internal sealed class AccessBinder(string directory, string current)
{
    /// <summary>Binds the group <c>serve</c>.</summary>
    public AccessConfiguration Bind(ConfigurationNode? serve) => new()
    {
        Tokens = [.. BindTokens(serve?.Member(AccessSettings.Tokens.Name))],
        TokensFile = serve is not null && serve.Member(AccessSettings.TokensFile.Name) is { } file && TryRead(serve, AccessSettings.TokensFile, out var path) ? Absolute(file, path) : null,
        Cors = serve?.Member(AccessSettings.Cors.Name) is { } cors ? AccessSettings.CorsShape.Read(cors) : [],
        Hosts = serve?.Member(AccessSettings.Hosts.Name) is { } hosts ? AccessSettings.HostsShape.Read(hosts) : [],
        RateLimits = serve?.Member(AccessSettings.RateLimits.Name) is { } limits ? AccessSettings.RateLimitsShape.Read(limits) : [],
        Tls = serve?.Member(AccessSettings.TlsGroup.Name) is { } tls ? BindTls(tls) : null,
    };

    /// <summary>Binds a list of tokens, less those that are not whole.</summary>
    public static IEnumerable<TokenConfiguration> BindTokens(ConfigurationNode? list) => (list?.Items ?? []).Select(BindToken).OfType<TokenConfiguration>();

    /// <summary>Binds one token; null if it is not whole.</summary>
    public static TokenConfiguration? BindToken(ConfigurationNode node) =>
        TryRead(node, AccessSettings.Token.Name, out var name) && TryRead(node, AccessSettings.Token.Hash, out var hash) ? BindToken(node, name, hash) : null;

    /// <summary>Binds one token, whose name was read.</summary>
    /// <param name="node">The token.</param>
    /// <param name="name">Its name.</param>
    /// <param name="hash">Its hash.</param>
    public static TokenConfiguration BindToken(ConfigurationNode node, string name, string hash) => new(name, hash, ScopesOf(node))
    {
        Tenant = TryRead(node, AccessSettings.Token.Tenant, out var tenant) ? tenant : null,
        Created = TryRead(node, AccessSettings.Token.Created, out var created) ? created : null,
        Expires = TryRead(node, AccessSettings.Token.Expires, out var expires) ? expires : null,
    };

    private static AccessScopes ScopesOf(ConfigurationNode token) =>
        token.Member(AccessSettings.Token.Scopes.Name) is { } scopes
            ? AccessSettings.Token.ScopesShape.Read(scopes).Aggregate(AccessScopes.None, static (all, scope) => all | scope)
            : AccessScopes.None;

    private ServiceTlsConfiguration? BindTls(ConfigurationNode node) => Source(node, AccessSettings.Tls.Certificate) is { } certificate
        ? new ServiceTlsConfiguration(certificate) { Key = Source(node, AccessSettings.Tls.Key), Password = Source(node, AccessSettings.Tls.Password) }
        : null;

    private string? Source(ConfigurationNode group, Setting<string> setting)
    {
        const string file = "file:";
        if (!TryRead(group, setting, out var source))
            return null;
        return source.StartsWith(file, StringComparison.Ordinal) ? file + Absolute(group.Member(setting.Name)!, source[file.Length..]) : source;
    }

    private string Absolute(ConfigurationNode given, string path) => Path.GetFullPath(path, given.Origin.Source == ValueSource.File ? directory : current);

    private static bool TryRead<T>(ConfigurationNode group, Setting<T> setting, out T value)
    {
        value = default!;
        return group.Member(setting.Name) is { } node && setting.Scalar.TryRead(node, out value);
    }
}
