namespace Headgate.Configuration;

/// <summary>Scheme, host and port of a URL in the one form in which they are compared: default port filled in, host in lower-case ASCII (IDNA) without a final dot.</summary>
internal readonly record struct Authority(string Scheme, string Host, int Port)
{
    public static Authority Of(Uri url)
    {
        // IdnHost keeps no user name, and addresses in one notation; the final dot of a full DNS name names the same server.
        var host = url.IdnHost;
        if (host.EndsWith('.'))
            host = host[..^1];
        return new Authority(url.Scheme, host, url.Port);
    }

    /// <summary><c>https://api.example.com</c>, with a port where it is not the scheme's own.</summary>
    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        var isUsual = (Scheme, Port) is ("http", 80) or ("https", 443);
        return isUsual ? $"{Scheme}://{host}" : $"{Scheme}://{host}:{Port}";
    }
}

/// <summary>A base address: the URLs below it belong to an API.</summary>
/// <param name="Authority">The server.</param>
/// <param name="Path">Whole segments without a final slash: <c>/v1</c>, or empty for all of the server.</param>
internal readonly record struct UpstreamBase(Authority Authority, string Path)
{
    /// <summary>Reads a base address; says what is wrong with one that cannot be used.</summary>
    public static bool TryParse(string text, out UpstreamBase address, out string? problem)
    {
        address = default;
        problem = !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || !UrlHost.IsKnown(url)
            ? "is not an absolute http or https URL; for example \"https://api.example.com/v1\""
            : url.UserInfo.Length > 0 ? "holds a user name or password, which has no place here; use keys"
            : url.Query.Length > 0 || url.Fragment.Length > 0 ? "has a query or fragment; a base address ends with its path"
            : null;
        if (problem is not null)
            return false;
        address = new UpstreamBase(Authority.Of(url!), url!.AbsolutePath.TrimEnd('/'));
        // An invisible character can hide from the first reading what is left without it.
        if (Uri.TryCreate(address.ToString(), UriKind.Absolute, out var plain) && UrlHost.IsKnown(plain))
            return true;
        problem = "has a host that is none once it is written plainly";
        return false;
    }

    /// <summary>Whether a path lies at or below this one: <c>/v1</c> holds <c>/v1</c> and <c>/v1/x</c>, not <c>/v10</c>.</summary>
    /// <param name="path">As <see cref="UrlPath.Plain"/> gives it.</param>
    public bool Holds(string path) => PlainPath is var own && path.StartsWith(own, StringComparison.Ordinal) && (path.Length == own.Length || path[own.Length] == '/');

    /// <summary>The path as it is compared.</summary>
    public string PlainPath => UrlPath.Plain(Path);

    public override string ToString() => Authority + Path;
}
