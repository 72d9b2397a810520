using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headgate.IntegrationTests.Service;

/// <summary>A connection of HTTP/2 that sends whatever frames a test likes, and looks at what the server says of it.</summary>
internal sealed class HostileStreams : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;

    public const byte EndStream = 1, EndHeaders = 4;

    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly string _authority;
    private NetworkStream _stream = null!;
    private Task _reading = Task.CompletedTask;

    private HostileStreams(int port) => _authority = $"127.0.0.1:{port}";

    /// <summary>Frames of the server by their types.</summary>
    public int[] Seen { get; } = new int[256];

    /// <summary>The error of its farewell; null if it has said none.</summary>
    public int? Farewell { get; private set; }

    /// <summary>Ends when the server has ended the connection.</summary>
    public Task Ended => _reading;

    /// <summary>Connects and begins as HTTP/2 does.</summary>
    /// <param name="port">The port.</param>
    /// <param name="settings">The payload of the first settings.</param>
    /// <param name="reads">Whether it takes what the server says; one that does not fills what there is between them.</param>
    public static async Task<HostileStreams> ConnectAsync(int port, byte[]? settings = null, bool reads = true)
    {
        var hostile = new HostileStreams(port);
        await hostile._client.ConnectAsync(IPAddress.Loopback, port);
        hostile._stream = hostile._client.GetStream();
        await hostile._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await hostile._stream.WriteAsync(Frame(Settings, 0, 0, settings ?? []));
        if (reads)
            hostile._reading = Task.Run(hostile.ReadAsync);
        return hostile;
    }

    /// <summary>The headers of a request, as HPACK has them without its tables.</summary>
    public byte[] Request(string path, bool isPost = false) =>
        [isPost ? (byte)0x83 : (byte)0x82, 0x86, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, (byte)_authority.Length, .. Encoding.ASCII.GetBytes(_authority)];

    /// <summary>Sends bytes; false if the server has gone, or takes nothing more for a while.</summary>
    public async Task<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _stream.WriteAsync(bytes, late.Token);
            return true;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadAsync()
    {
        var head = new byte[9];
        try
        {
            while (true)
            {
                await _stream.ReadExactlyAsync(head);
                var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
                await _stream.ReadExactlyAsync(payload);
                Seen[head[3]]++;
                if (head[3] == GoAway)
                    Farewell = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4));
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // That is what ends it.
        }
    }
}
