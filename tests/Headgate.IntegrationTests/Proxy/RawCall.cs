using System.Net;
using System.Net.Sockets;
using System.Text;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>A connection on which a test writes and reads what it likes, byte by byte.</summary>
internal sealed class RawCall : IDisposable
{
    private RawCall(Socket socket) => (Socket, Stream) = (socket, new NetworkStream(socket, ownsSocket: true));

    public Socket Socket { get; }

    public NetworkStream Stream { get; }

    public static async Task<RawCall> OpenAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawCall(socket);
    }

    /// <summary>Opens a tunnel, which must succeed.</summary>
    public static async Task<RawCall> ConnectAsync(Uri proxy, int port, string headers = "")
    {
        var call = await OpenAsync(proxy.Port);
        await call.SayAsync($"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await call.HeadAsync(), StringComparison.Ordinal);
        return call;
    }

    /// <summary>Says something on a connection of its own; everything that is answered until the other side ends it.</summary>
    public static async Task<string> AskAsync(int port, string text)
    {
        using var call = await OpenAsync(port);
        await call.SayAsync(text);
        return await call.ToEndAsync();
    }

    /// <summary>The same for one answer on a connection that goes on: its status.</summary>
    public static async Task<int> StatusAsync(int port, string text)
    {
        using var call = await OpenAsync(port);
        await call.SayAsync(text);
        return StatusOf(await call.HeadAsync());
    }

    public static int StatusOf(string head) =>
        head.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : throw new InvalidOperationException($"no answer, but \"{head}\"");

    public Task SayAsync(string text) => Stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>Up to the empty line, and no byte more.</summary>
    public async Task<string> HeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await Stream.ReadAsync(one).AsTask().WaitAsync(Cli.Patience) > 0)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                break;
        }
        return head.ToString();
    }

    public async Task<string> ToEndAsync()
    {
        using var bytes = new MemoryStream();
        await Stream.CopyToAsync(bytes).WaitAsync(Cli.Patience);
        return Encoding.Latin1.GetString(bytes.ToArray());
    }

    public void EndSending() => Socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => Stream.Dispose();
}
