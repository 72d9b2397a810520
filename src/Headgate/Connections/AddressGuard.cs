using System.Net;
using System.Net.Sockets;

namespace Headgate.Connections;

/// <summary>
/// Which addresses whoever names a URL from outside may make us connect to: those that everybody on the internet could reach as well. Asked of
/// each address that is really connected to, after the name was resolved, so that no notation, redirect or changing name gets around it. Pure.
/// </summary>
/// <remarks>By the registries of special-purpose addresses of IANA (RFC 6890 and its updates).</remarks>
internal static class AddressGuard
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // Of the internet by the registry, and of the host by the cloud that has it: Azure.
            "168.63.129.16/32",
            // Of IPv6 only 2000::/3 is given out at all, and in there are these.
            "2001::/23", "2001:db8::/32", "3fff::/20",
        ]).Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether an address is of the internet: not private, loopback, link-local, of metadata services, or meant for something else.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && Within(address) is { } inner)
            return IsPublic(inner);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !Global.Contains(address))
            return false;
        foreach (var network in NotPublic)
            if (network.Contains(address))
                return false;
        return address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
    }

    /// <summary>Whether an address is of one of these networks, or stands for one that is.</summary>
    public static bool IsOf(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
            if (network.Contains(address))
                return true;
        return address.AddressFamily == AddressFamily.InterNetworkV6 && Within(address) is { } inner && IsOf(networks, inner);
    }

    /// <summary>The IPv4 address that one of IPv6 stands for: mapped, of NAT64 (RFC 6052) or of 6to4 (RFC 3056); null if it stands for none.</summary>
    private static IPAddress? Within(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        var bytes = address.GetAddressBytes().AsSpan();
        return Nat64.Contains(address) ? new IPAddress(bytes[12..]) : SixToFour.Contains(address) ? new IPAddress(bytes[2..6]) : null;
    }
}

/// <summary>All addresses of a host are of a kind that callers from outside may not make us connect to.</summary>
internal sealed class AddressBlockedException() : Exception("its address is private, or reserved: such hosts are reached only if they are configured as an API, or private addresses are allowed");
