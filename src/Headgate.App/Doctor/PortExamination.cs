using System.Net.Sockets;
using Headgate.Configuration;

namespace Headgate.App.Doctor;

/// <summary>Looks whether the service could listen.</summary>
internal static class PortExamination
{
    public static IEnumerable<Finding> Look(ServeConfiguration serve) =>
        [.. serve.Listen.Select(url => Look(url, "--listen")), .. serve.MetricsListen is { } metrics ? [Look(metrics, "--metrics-listen")] : (Finding[])[]];

    private static Finding Look(ListenUrl url, string option)
    {
        try
        {
            using var socket = new Socket(url.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(url.EndPoint);
            return Finding.Ok("port", $"{url} is free");
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? Finding.Warn("port", $"{url} is in use", $"if that is not the service itself: see who with ss -ltnp, or choose another port with {option}")
                : Finding.Fail("port", $"{url} cannot be listened at: {refused.Message}", $"choose an address of this machine, and a port above 1023, with {option}");
        }
    }
}
