using System.Net;
using System.Net.Sockets;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>Ports for programs that cannot be told to take a free one themselves.</summary>
internal static class Ports
{
    /// <summary>A port of loopback that was free a moment ago.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
