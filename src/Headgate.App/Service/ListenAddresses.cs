using System.Net;
using System.Net.Sockets;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Service;

/// <summary>Where the service listens, once names are looked up.</summary>
internal static class ListenAddresses
{
    /// <summary>The same places by their addresses: a name can have several.</summary>
    /// <exception cref="CommandException">A name is not known.</exception>
    public static async Task<IReadOnlyList<ListenUrl>> OfAsync(IEnumerable<ListenUrl> places)
    {
        var found = new List<ListenUrl>();
        foreach (var place in places)
            if (place.Name is { } name)
                found.AddRange((await LookUpAsync(place, name)).Select(address => place with { Address = address }));
            else
                found.Add(place);
        return found;
    }

    /// <summary>Two kinds of callers cannot be listened to at one port: the system would tell it of the one that comes second, whichever that is.</summary>
    /// <param name="places">Where is listened, and by what option that was said.</param>
    /// <exception cref="CommandException">A place is there twice.</exception>
    public static void RefuseSame(params (string Option, IReadOnlyList<ListenUrl> Urls)[] places)
    {
        var all = places.SelectMany(place => place.Urls, (place, url) => (place.Option, Url: url, url.EndPoint)).Where(place => place.EndPoint.Port != 0).ToList();
        for (var one = 0; one < all.Count; one++)
            foreach (var other in all.Take(one))
                if (other.Option != all[one].Option && Meet(other.EndPoint, all[one].EndPoint))
                    throw new CommandException(ExitCode.Configuration, $"--{all[one].Option} {all[one].Url}: --{other.Option} is at port {other.EndPoint.Port} already: choose another port, or port 0 for any free one");
    }

    private static bool Meet(IPEndPoint one, IPEndPoint other) => one.Port == other.Port && (one.Address.Equals(other.Address) || IsAny(one.Address) || IsAny(other.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static async Task<IPAddress[]> LookUpAsync(ListenUrl place, string name)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(name);
        }
        catch (SocketException unknown)
        {
            throw new CommandException(ExitCode.Configuration, $"listen {place}: the name {name} is not known here ({unknown.Message}); give an address of this machine, or 0.0.0.0 for all of them");
        }
    }
}
