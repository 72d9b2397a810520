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
