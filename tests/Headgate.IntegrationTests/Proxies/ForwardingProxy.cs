using System.Net.Sockets;
using System.Text;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>A proxy that is given requests whole. One that cuts closes the connection in the middle of each answer, and is there for whoever asks.</summary>
internal sealed class ForwardingProxy : IAsyncDisposable
{
    private readonly Loopback _server;
    private int _requests;

    /// <param name="api">The only API that it knows.</param>
    /// <param name="cuts">How many bytes of each answer, its head among them, it passes on; null for all.</param>
    public ForwardingProxy(Uri api, int? cuts = null) => _server = new Loopback(async (socket, _) =>
    {
        using (socket)
            try
            {
                var head = new byte[16 * 1024];
                var count = await socket.ReceiveAsync(head, _server!.Stop);
                if (head.AsSpan(0, count).StartsWith("OPTIONS"u8))
                {
                    await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), _server.Stop);
                    return;
                }
                Interlocked.Increment(ref _requests);
                using var server = new TcpClient(api.Host, api.Port);
                await server.GetStream().WriteAsync(head.AsMemory(0, count), _server.Stop);
                var (left, piece) = (cuts ?? int.MaxValue, new byte[64 * 1024]);
                for (int read; left > 0 && (read = await server.GetStream().ReadAsync(piece.AsMemory(0, Math.Min(left, piece.Length)), _server.Stop)) > 0; left -= read)
                    await socket.SendAsync(piece.AsMemory(0, read), _server.Stop);
            }
            catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
            {
            }
    });

    public string Url => $"http://127.0.0.1:{_server.Port}";

    /// <summary>How many requests it was given.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
