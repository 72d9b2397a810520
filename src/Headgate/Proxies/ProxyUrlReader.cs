using System.Globalization;
using System.Net;
using System.Text;

namespace Headgate.Proxies;

/// <summary>Reads the URL of one proxy. What it says of a bad one names the part that is wrong, and never shows it: it may be half of a password.</summary>
/// <param name="text">The URL.</param>
internal sealed class ProxyUrlReader(string text)
{
    private const string Example = "for example \"http://user:password@proxy.example:3128\"";
    private const string Separator = "://";
    private const string TunnelsAlways = "tunnel=always";

    /// <summary>No URL of a proxy is longer, credentials of tokens included.</summary>
    private const int Longest = 4096;

    /// <summary>The most that SOCKS has room for (RFC 1929 §2), in bytes.</summary>
    private const int LongestOfSocks = 255;

    /// <summary>What is wrong with it, as far as it was read; null for nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>The proxy; without meaning if there is a problem.</summary>
    public ProxyEndpoint Read()
    {
        var trimmed = text.Trim();
        if (trimmed.Length is 0 or > Longest)
            return Wrong($"is {(trimmed.Length == 0 ? "empty" : "too long")}; {Example}");
        var separator = trimmed.IndexOf(Separator, StringComparison.Ordinal);
        if (ReadKind(separator < 0 ? null : trimmed[..separator]) is not { } kind)
            return Nothing;
        var rest = separator < 0 ? trimmed : trimmed[(separator + Separator.Length)..];
        // Passwords that were not encoded hold anything, an @ too; a host does not.
        var at = rest.LastIndexOf('@');
        var (user, password) = at < 0 ? (null, "") : ReadCredentials(rest[..at], kind);
        return ReadPlace(rest[(at + 1)..], kind) with { User = user, Password = password };
    }

    private static ProxyEndpoint Nothing => new(ProxyKind.Http, "", 0);

    private ProxyKind? ReadKind(string? scheme)
    {
        switch (scheme?.ToLowerInvariant())
        {
            case null or "http":
                return ProxyKind.Http;
            case "https":
                return ProxyKind.Https;
            case "socks5" or "socks5h" or "socks":
                return ProxyKind.Socks5;
            case "socks4" or "socks4a":
                Wrong("speaks SOCKS 4, which knows no passwords and is not supported; use socks5");
                return null;
            default:
                Wrong($"does not begin with http://, https:// or socks5://; {Example}");
                return null;
        }
    }

    private (string? User, string Password) ReadCredentials(string credentials, ProxyKind kind)
    {
        var colon = credentials.IndexOf(':', StringComparison.Ordinal);
        var user = Uri.UnescapeDataString(colon < 0 ? credentials : credentials[..colon]);
        var password = colon < 0 ? "" : Uri.UnescapeDataString(credentials[(colon + 1)..]);
        if (user.Length == 0 && password.Length == 0)
            return (null, "");
        if (user.Concat(password).Any(char.IsControl))
            Wrong("has a control character in its user or password");
        else if (kind == ProxyKind.Socks5 && (Encoding.UTF8.GetByteCount(user) is 0 or > LongestOfSocks || Encoding.UTF8.GetByteCount(password) > LongestOfSocks))
            Wrong("has a user or password that SOCKS has no room for: the user has 1 to 255 bytes, the password at most 255");
        else if (kind != ProxyKind.Socks5 && user.Contains(':', StringComparison.Ordinal))
            Wrong("has a colon in its user, which HTTP does not know (RFC 7617)");
        return (user, password);
    }

    private ProxyEndpoint ReadPlace(string place, ProxyKind kind)
    {
        var question = place.IndexOf('?', StringComparison.Ordinal);
        var tunnels = question >= 0 && place[(question + 1)..] is TunnelsAlways;
        if (question >= 0 && !tunnels && place.Length > question + 1)
            return Wrong($"has something behind the question mark; only ?{TunnelsAlways} is known, and a question mark in a password is written %3F");
        var authority = question < 0 ? place : place[..question];
        if (authority.EndsWith('/'))
            authority = authority[..^1];
        if (authority.AsSpan().IndexOfAny("/#\\") >= 0)
            return Wrong("has a path or a fragment, which proxies do not have; in a password / is written %2F and # %23");
        if (authority.Count(letter => letter == ':') == 3 && !authority.StartsWith('['))
            return Wrong($"has four parts; if they are host, port, user and password, write SCHEME://USER:PASSWORD@HOST:PORT, {Example}");
        var colon = authority.LastIndexOf(':');
        var hasPort = colon > authority.LastIndexOf(']');
        var port = kind switch { ProxyKind.Http => 80, ProxyKind.Https => 443, _ => 1080 };
        if (hasPort && (!int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > IPEndPoint.MaxPort))
            return Wrong("has a port that is no number from 1 to 65535");
        return ReadHost(hasPort ? authority[..colon] : authority) is { } host
            ? new ProxyEndpoint(kind, host, port) { TunnelsAlways = tunnels }
            : Wrong($"has no host, or one that can be none; {Example}");
    }

    private static string? ReadHost(string host)
    {
        if (host is ['[', .., ']'])
            return IPAddress.TryParse(host[1..^1], out var address) && host.Contains(':', StringComparison.Ordinal) ? address.ToString() : null;
        return host.Length > 0 && Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4
            && Uri.TryCreate("http://" + host, UriKind.Absolute, out var url) && UrlHost.IsKnown(url) && url.IdnHost.Length <= 255 ? url.IdnHost : null;
    }

    private ProxyEndpoint Wrong(string problem)
    {
        // The first is what is told: what follows may come of it.
        Problem ??= problem;
        return Nothing;
    }
}
