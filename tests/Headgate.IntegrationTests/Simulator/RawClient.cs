using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headgate.IntegrationTests.Simulator;

/// <summary>A client that sees what is on the wire: bytes, a close in good order, a reset.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public RawClient(string url) => _socket.Connect(new IPEndPoint(IPAddress.Loopback, new Uri(url).Port));

    public void Send(string text) => _socket.Send(Encoding.ASCII.GetBytes(text));

    public void SendGet(string path, string headers = "") => Send($"GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");

    /// <summary>Everything until the server ends the connection, and how it did.</summary>
    public async Task<(string Received, string End)> ReadToEndAsync()
    {
        var received = new StringBuilder();
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            for (int read; (read = await _socket.ReceiveAsync(buffer, patience.Token)) > 0;)
                received.Append(Encoding.ASCII.GetString(buffer, 0, read));
            return (received.ToString(), "fin");
        }
        catch (SocketException fault)
        {
            return (received.ToString(), fault.SocketErrorCode == SocketError.ConnectionReset ? "reset" : fault.SocketErrorCode.ToString());
        }
    }

    /// <summary>Leaves with a reset, as a client that was killed with data unread.</summary>
    public void Vanish() => _socket.Close(0);

    public void Dispose() => _socket.Dispose();
}
