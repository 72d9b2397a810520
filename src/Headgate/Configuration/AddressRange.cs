using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Headgate.Configuration;

/// <summary>Reads addresses and networks as they are written in the configuration.</summary>
internal static class AddressRange
{
    public const string Expects = "an address or a network, for example \"10.1.2.3\" or \"10.1.0.0/16\"";

    /// <summary>Reads one.</summary>
    /// <param name="text">An address, or a network with the length of its prefix.</param>
    /// <param name="network">The network; of an address, that with nothing else in it.</param>
    /// <param name="problem">What is wrong with it; null where it is neither.</param>
    public static bool TryParse(string text, out IPNetwork network, out string? problem)
    {
        (network, problem) = (default, null);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (ReadAddress(slash < 0 ? text : text[..slash]) is not { } address)
            return false;
        var bits = address.GetAddressBytes().Length * 8;
        var length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bits))
            return false;
        if (Masked(address, length) is var first && !first.Equals(address))
        {
            // Whoever has miscounted would let in more than he means to.
            problem = $"\"{Excerpt.Of(text)}\" is an address within a network; write the network as \"{first}/{length}\", or the address without \"/{length}\"";
            return false;
        }
        network = new IPNetwork(address, length);
        return true;
    }

    // Of the older notations "10" would be the address 0.0.0.10.
    private static IPAddress? ReadAddress(string text) =>
        !IPAddress.TryParse(text, out var address) ? null
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? address.ScopeId == 0 ? address : null
        : address.ToString() == text ? address : null;

    private static IPAddress Masked(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var at = 0; at < bytes.Length; at++)
            bytes[at] &= (byte)(0xFF << Math.Clamp(8 * (at + 1) - length, 0, 8));
        return new IPAddress(bytes);
    }
}
