using System.Net.Sockets;
using System.Text;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Transport;

/// <summary>What a server does after it has read a request.</summary>
internal enum Reaction
{
    /// <summary>200 with a body of two bytes, and keeps the connection.</summary>
    Ok,

    /// <summary>Closes in order, without a byte of answer.</summary>
    Fin,

    /// <summary>Resets the connection.</summary>
    Rst,

    /// <summary>Half a status line, then closes.</summary>
    PartialStatusLine,

    /// <summary>Two of ten bytes of the body, then closes.</summary>
    PartialBody,

    /// <summary>302 to itself.</summary>
    Redirect,

    /// <summary>401 with a challenge.</summary>
    Challenge,

    /// <summary>Nothing at all, keeping the connection.</summary>
    Silence,

    /// <summary>200, and closes right after without having said so.</summary>
    OkThenFin,

    /// <summary>Not HTTP.</summary>
    Garbage,
}

/// <summary>An HTTP/1.1 server on a loopback port that counts the requests it reads and reacts as told.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly Loopback _port;
    private readonly Func<int, int, Reaction> _react;
    private int _requests;

    /// <summary>Starts a server; <paramref name="react"/> gets the numbers of the connection and of the request on it, from 0.</summary>
    public RawServer(Func<int, int, Reaction> react)
    {
        _react = react;
        _port = new Loopback(ServeAsync);
    }

    public Uri Uri => new($"http://127.0.0.1:{_port.Port}/");

    /// <summary>How many requests were read.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public int Connections => _port.Connections;

    /// <summary>The heads of the requests, as they came.</summary>
    public List<string> Heads { get; } = [];

    /// <summary>Whether a request counts as read with its head, its body still to come.</summary>
    public bool ReadsOnlyHeads { get; init; }

    /// <summary>How long a connection may be idle before the server closes it; zero for ever.</summary>
    public TimeSpan IdleTimeout { get; init; }

    private async Task ServeAsync(Socket socket, int connection)
    {
        using var _ = socket;
        var buffer = new byte[256 * 1024];
        var held = 0;
        try
        {
            for (var request = 0; ; request++)
            {
                int end;
                while ((end = EndOfRequest(buffer.AsSpan(0, held))) < 0)
                {
                    var receiving = socket.ReceiveAsync(buffer.AsMemory(held), _port.Stop);
                    var read = held == 0 && IdleTimeout > TimeSpan.Zero && request > 0 ? await receiving.AsTask().WaitAsync(IdleTimeout) : await receiving;
                    if (read == 0)
                        return;
                    held += read;
                }
                lock (Heads)
                    Heads.Add(Encoding.Latin1.GetString(buffer, 0, end));
                Interlocked.Increment(ref _requests);
                buffer.AsSpan(end, held - end).CopyTo(buffer);
                held -= end;
                if (!await ReactAsync(socket, _react(connection, request)))
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or TimeoutException)
        {
        }
    }

    private async Task<bool> ReactAsync(Socket socket, Reaction reaction)
    {
        switch (reaction)
        {
            case Reaction.Ok:
                return await SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            case Reaction.OkThenFin:
                await SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                return false;
            case Reaction.Rst:
                socket.LingerState = new LingerOption(true, 0);
                return false;
            case Reaction.PartialStatusLine:
                await SayAsync(socket, "HTTP/1.1 20");
                return false;
            case Reaction.PartialBody:
                await SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
                return false;
            case Reaction.Redirect:
                return await SayAsync(socket, $"HTTP/1.1 302 Found\r\nLocation: {Uri}\r\nContent-Length: 0\r\n\r\n");
            case Reaction.Challenge:
                return await SayAsync(socket, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
            case Reaction.Garbage:
                await SayAsync(socket, "SSH-2.0-nonsense\r\n\r\n");
                return false;
            case Reaction.Silence:
                await Task.Delay(Timeout.Infinite, _port.Stop);
                return false;
            default:
                return false;
        }
    }

    private static async Task<bool> SayAsync(Socket socket, string text)
    {
        await socket.SendAsync(Encoding.Latin1.GetBytes(text));
        return true;
    }

    // The end of the first whole request in what was read, its body by Content-Length or chunks; -1 if it is not all there.
    private int EndOfRequest(ReadOnlySpan<byte> read)
    {
        var head = read.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return -1;
        head += 4;
        if (ReadsOnlyHeads)
            return head;
        var text = Encoding.Latin1.GetString(read[..head]);
        if (text.Contains("Transfer-Encoding: chunked"))
            return read[head..].IndexOf("0\r\n\r\n"u8) is >= 0 and var end ? head + end + 5 : -1;
        var at = text.IndexOf("Content-Length: ", StringComparison.Ordinal);
        var length = at < 0 ? 0 : int.Parse(text.AsSpan(at + 16, text.AsSpan(at + 16).IndexOf('\r')));
        return read.Length >= head + length ? head + length : -1;
    }

    public ValueTask DisposeAsync() => _port.DisposeAsync();
}
