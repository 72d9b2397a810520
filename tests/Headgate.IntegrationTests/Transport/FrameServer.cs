using System.Buffers.Binary;
using System.Net.Sockets;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Transport;

/// <summary>What an HTTP/2 server does when the headers of a request have come.</summary>
internal enum StreamReaction
{
    /// <summary>200 without a body.</summary>
    Ok,

    /// <summary>RST_STREAM with REFUSED_STREAM: not acted on.</summary>
    Refuse,

    /// <summary>GOAWAY that names a last stream below this one, then a close: not acted on.</summary>
    GoAwayBelow,

    /// <summary>RST_STREAM with HTTP_1_1_REQUIRED.</summary>
    AskForHttp11,

    /// <summary>RST_STREAM with ENHANCE_YOUR_CALM.</summary>
    AskForCalm,

    /// <summary>Closes in order, without a frame.</summary>
    Fin,

    /// <summary>Nothing at all.</summary>
    Silence,

    /// <summary>200 with a content-length of 10, and an end after two bytes.</summary>
    ShortBody,
}

/// <summary>An HTTP/2 server without TLS (prior knowledge) on a loopback port, that counts streams and reacts as told. Frames only, no HPACK.</summary>
internal sealed class FrameServer : IAsyncDisposable
{
    private const byte Data = 0, Headers = 1, RstStream = 3, Settings = 4, Ping = 6, GoAway = 7;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly Loopback _port;
    private readonly Func<int, StreamReaction> _react;
    private int _requests;

    /// <summary>Starts a server; <paramref name="react"/> gets the number of the request over all connections, from 0.</summary>
    public FrameServer(Func<int, StreamReaction> react)
    {
        _react = react;
        _port = new Loopback((socket, _) => ServeAsync(socket));
    }

    public Uri Uri => new($"http://127.0.0.1:{_port.Port}/");

    public int Requests => Volatile.Read(ref _requests);

    public int Connections => _port.Connections;

    /// <summary>SETTINGS_MAX_HEADER_LIST_SIZE; 0 to say nothing.</summary>
    public int MaxHeaderListSize { get; init; }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var head = new byte[9];
        try
        {
            await stream.ReadExactlyAsync(new byte[24], _port.Stop);
            await SayAsync(stream, Settings, 0, 0, MaxHeaderListSize == 0 ? [] : [0, 6, .. Word(MaxHeaderListSize)]);
            while (true)
            {
                await stream.ReadExactlyAsync(head, _port.Stop);
                var payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
                await stream.ReadExactlyAsync(payload, _port.Stop);
                var (type, flags, id) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)));
                if (type == Settings && (flags & Ack) == 0)
                    await SayAsync(stream, Settings, Ack, 0, []);
                else if (type == Ping && (flags & Ack) == 0)
                    await SayAsync(stream, Ping, Ack, 0, payload);
                else if (type == Headers && !await ReactAsync(stream, id, _react(Interlocked.Increment(ref _requests) - 1)))
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
        }
    }

    private static async Task<bool> ReactAsync(Stream stream, int id, StreamReaction reaction)
    {
        switch (reaction)
        {
            case StreamReaction.Ok:
                // 0x88 is ":status: 200" of the static table.
                await SayAsync(stream, Headers, EndStream | EndHeaders, id, [0x88]);
                return true;
            case StreamReaction.ShortBody:
                // The name "content-length" is number 28 of the static table.
                await SayAsync(stream, Headers, EndHeaders, id, [0x88, 0x0f, 0x0d, 2, (byte)'1', (byte)'0']);
                await SayAsync(stream, Data, EndStream, id, [(byte)'o', (byte)'k']);
                return true;
            case StreamReaction.GoAwayBelow:
                await SayAsync(stream, GoAway, 0, 0, [.. Word(Math.Max(0, id - 2)), .. Word(0)]);
                return false;
            case StreamReaction.Fin:
                return false;
            case StreamReaction.Silence:
                return true;
            default:
                var code = reaction switch { StreamReaction.Refuse => 0x7, StreamReaction.AskForCalm => 0xb, _ => 0xd };
                await SayAsync(stream, RstStream, 0, id, Word(code));
                return true;
        }
    }

    private static byte[] Word(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static async Task SayAsync(Stream stream, byte type, byte flags, int id, byte[] payload) =>
        await stream.WriteAsync((byte[])[0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, .. Word(id), .. payload]);

    public ValueTask DisposeAsync() => _port.DisposeAsync();
}
