using System.Net;

namespace Headgate.Connections;

/// <summary>The order in which the addresses of a host are tried. Pure.</summary>
internal static class AddressOrder
{
    /// <summary>
    /// The two families in turn, beginning with that of the resolver's first, each in the resolver's order (RFC 8305 §4): where one family
    /// leads nowhere, the second attempt is already one of the other. No address twice.
    /// </summary>
    public static IPAddress[] Alternate(IReadOnlyList<IPAddress> found)
    {
        if (found.Count < 2)
            return [.. found];
        var byFamily = found.Distinct().ToLookup(address => address.AddressFamily == found[0].AddressFamily);
        var (first, second) = (byFamily[true].ToList(), byFamily[false].ToList());
        var order = new List<IPAddress>();
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            order.AddRange(first.Skip(i).Take(1));
            order.AddRange(second.Skip(i).Take(1));
        }
        return [.. order];
    }
}
