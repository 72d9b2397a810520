using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Headgate.Proxies;

/// <summary>How a proxy is spoken to.</summary>
internal enum ProxyKind
{
    /// <summary>HTTP in the clear: CONNECT for https, and for http the whole URL.</summary>
    Http,

    /// <summary>The same within TLS; the certificate of the proxy is verified.</summary>
    Https,

    /// <summary>SOCKS 5 (RFC 1928). Names are always resolved by the proxy.</summary>
    Socks5,
}

/// <summary>Where a proxy is, and as whom we speak to it. Immutable; equality is by value, credentials included. No text of it shows those.</summary>
/// <param name="Kind">How it is spoken to.</param>
/// <param name="Host">Its name or address, lower case; of IPv6 without brackets.</param>
/// <param name="Port">Its port.</param>
internal sealed record ProxyEndpoint(ProxyKind Kind, string Host, int Port)
{
    /// <summary>As whom; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>Empty where there is only a user.</summary>
    public string Password { get; init; } = "";

    /// <summary>A tunnel is asked for (CONNECT) even where the target is plain http: a proxy that only passes bytes on cannot send a request twice.</summary>
    public bool TunnelsAlways { get; init; }

    /// <summary>Whether requests of plain http are given to it whole, in absolute form, rather than through a tunnel.</summary>
    public bool TakesAbsoluteForm => Kind != ProxyKind.Socks5 && !TunnelsAlways;

    /// <summary>Without credentials: for people, logs and results. Proxies that differ in their user only have the same.</summary>
    public string DisplayName => string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>
    /// What it is called whichever others there are, and in whatever order: limits, pauses and records go by that. With a user there are six digits
    /// of its hash behind the address; the password has no part in it, so that a new one makes no other proxy of it.
    /// </summary>
    public string Name => User is null ? DisplayName : $"{DisplayName}#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(User)).AsSpan(0, 3))}";

    /// <summary>The value of <c>Proxy-Authorization</c>; null for none. A secret.</summary>
    public string? Authorization => User is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));

    private string Scheme => Kind switch { ProxyKind.Http => "http", ProxyKind.Https => "https", _ => "socks5" };

    /// <summary>Reads <c>[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][?tunnel=always]</c>; the scheme is http where there is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="endpoint">The proxy.</param>
    /// <param name="problem">What is wrong, in words that follow "the proxy"; nothing of the text that could be a secret is in it.</param>
    public static bool TryParse(string text, out ProxyEndpoint endpoint, out string? problem)
    {
        var reader = new ProxyUrlReader(text);
        endpoint = reader.Read();
        problem = reader.Problem;
        return problem is null;
    }

    public override string ToString() => DisplayName;
}
