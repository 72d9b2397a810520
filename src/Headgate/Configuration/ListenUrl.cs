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

    /// <summary>What is right, in words that follow "is not".</summary>
    public const string Expects = "an address of this machine with a port, for example \"http://127.0.0.1:8015\"";

    private const string Http = "http://";

    public static readonly ListenUrl Usual = new(IPAddress.Loopback, UsualPort);

    public bool IsLoopback => IPAddress.IsLoopback(Address);

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>Reads <c>http://ADDRESS:PORT</c>; the scheme, the port, and a slash at the end may be left out.</summary>
    public static bool TryParse(string text, out ListenUrl url)
    {
        url = Usual;
        var rest = text.AsSpan().Trim();
        if (rest.StartsWith(Http, StringComparison.OrdinalIgnoreCase))
            rest = rest[Http.Length..];
        if (rest.EndsWith("/"))
            rest = rest[..^1];
        var colon = rest.LastIndexOf(':');
        // The colons of an address of IPv6 are within brackets.
        var hasPort = colon >= 0 && colon > rest.LastIndexOf(']');
        var port = UsualPort;
        if (hasPort && (!int.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort))
            return false;
        if (ReadAddress(hasPort ? rest[..colon] : rest) is not { } address)
            return false;
        url = new ListenUrl(address, port);
        return true;
    }

    public override string ToString() => $"{Http}{EndPoint}";

    private static IPAddress? ReadAddress(ReadOnlySpan<char> text)
    {
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        var isBracketed = text is ['[', .., ']'];
        if (!IPAddress.TryParse(isBracketed ? text[1..^1] : text, out var address))
            return null;
        // Of the older notations "8015" would be the address 0.0.31.79.
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? isBracketed ? address : null
            : !isBracketed && text.SequenceEqual(address.ToString()) ? address : null;
    }
}
