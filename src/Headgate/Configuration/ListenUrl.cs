using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Headgate.Configuration;

/// <summary>Where the service listens: an address of this machine, and a port.</summary>
/// <param name="Address">The address; all of them where it is 0.0.0.0 or ::.</param>
/// <param name="Port">The port; 0 for any that is free.</param>
internal sealed record ListenUrl(IPAddress Address, int Port)
{
    public const int UsualPort = 8015;

    /// <summary>That of the forward proxy.</summary>
    public const int UsualProxyPort = 8016;

    /// <summary>That of the figures.</summary>
    public const int UsualMetricsPort = 9092;

    /// <summary>What is right, in words that follow "is not".</summary>
    public const string Expects = "an address of this machine with a port, for example \"http://127.0.0.1:8015\"";

    private const string Http = "http://";
    private const string Https = "https://";

    public static readonly ListenUrl Usual = new(IPAddress.Loopback, UsualPort);

    /// <summary>It speaks TLS there.</summary>
    public bool IsTls { get; init; }

    /// <summary>The name that was given in place of an address, which is one of its addresses only when it was looked up; null for none.</summary>
    public string? Name { get; init; }

    public bool IsLoopback => IPAddress.IsLoopback(Address);

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>Reads <c>http://ADDRESS:PORT</c> or <c>https://ADDRESS:PORT</c>; the scheme, the port, and a slash at the end may be left out.</summary>
    public static bool TryParse(string text, out ListenUrl url, int usualPort = UsualPort)
    {
        url = Usual;
        var rest = text.AsSpan().Trim();
        var isTls = rest.StartsWith(Https, StringComparison.OrdinalIgnoreCase);
        if (isTls || rest.StartsWith(Http, StringComparison.OrdinalIgnoreCase))
            rest = rest[(isTls ? Https : Http).Length..];
        if (rest.EndsWith("/"))
            rest = rest[..^1];
        var colon = rest.LastIndexOf(':');
        // The colons of an address of IPv6 are within brackets.
        var hasPort = colon >= 0 && colon > rest.LastIndexOf(']');
        var port = usualPort;
        if (hasPort && (!int.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort))
            return false;
        var host = hasPort ? rest[..colon] : rest;
        if (ReadAddress(host) is { } address)
            url = new ListenUrl(address, port) { IsTls = isTls };
        else if (AccessScalars.IsHost(host.ToString()) && host.ContainsAnyInRange('A', 'z'))
            url = new ListenUrl(IPAddress.None, port) { IsTls = isTls, Name = host.ToString().ToLowerInvariant() };
        else
            return false;
        return true;
    }

    public override string ToString() => (IsTls ? Https : Http) + (Name is null ? $"{EndPoint}" : string.Create(CultureInfo.InvariantCulture, $"{Name}:{Port}"));

    private static IPAddress? ReadAddress(ReadOnlySpan<char> text)
    {
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        if (text is "*" or "+")
            return IPAddress.IPv6Any;
        var isBracketed = text is ['[', .., ']'];
        if (!IPAddress.TryParse(isBracketed ? text[1..^1] : text, out var address))
            return null;
        // Of the older notations "8015" would be the address 0.0.31.79.
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? isBracketed ? address : null
            : !isBracketed && text.SequenceEqual(address.ToString()) ? address : null;
    }
}
