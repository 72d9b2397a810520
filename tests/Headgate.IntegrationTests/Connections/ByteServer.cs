using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Connections;

/// <summary>A request whose head was read, and the connection to answer it on, byte by byte.</summary>
/// <param name="Path">Its path and query.</param>
/// <param name="Stream">The connection; the body of the request is still in it.</param>
/// <param name="Stop">The server ends.</param>
internal sealed record ByteRequest(string Path, Stream Stream, CancellationToken Stop)
{
    public ValueTask SayAsync(string text) => SayAsync(Encoding.Latin1.GetBytes(text));

    public ValueTask SayAsync(ReadOnlyMemory<byte> bytes) => Stream.WriteAsync(bytes, Stop);

    /// <summary>Says the same again and again until the other side has enough.</summary>
    public async Task SayForeverAsync(string text, TimeSpan pause = default)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        while (true)
        {
            await SayAsync(bytes);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, Stop);
        }
    }
}

/// <summary>An HTTP/1.1 server on a loopback port that reads the heads of requests, and answers whatever a script writes. Counts what it sees.</summary>
internal sealed class ByteServer : IAsyncDisposable
{
    private readonly Loopback _port;
    private readonly Func<ByteRequest, Task<bool>> _answer;
    private readonly X509Certificate2? _certificate;

    /// <summary>Starts a server; the script tells by its result whether the connection goes on.</summary>
    public ByteServer(Func<ByteRequest, Task<bool>> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _port = new Loopback((socket, _) => ServeAsync(socket));
    }

    public int Port => _port.Port;

    public string Url => $"{(_certificate is null ? "http" : "https")}://{(_certificate is null ? "127.0.0.1" : "localhost")}:{Port}";

    /// <summary>Requests by path and query.</summary>
    public ConcurrentDictionary<string, int> ByPath { get; } = [];

    public int Requests => ByPath.Values.Sum();

    public int Connections => _port.Connections;

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var plain = new NetworkStream(socket, ownsSocket: true);
            await using var stream = _certificate is null ? plain : await SecuredAsync(plain);
            while (await ReadHeadAsync(stream) is { } head)
            {
                var path = head.Split(' ')[1];
                ByPath.AddOrUpdate(path, 1, static (_, count) => count + 1);
                if (!await _answer(new ByteRequest(path, stream, _port.Stop)))
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or AuthenticationException)
        {
        }
    }

    private async Task<Stream> SecuredAsync(Stream plain)
    {
        var stream = new SslStream(plain);
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _port.Stop);
        return stream;
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _port.Stop) > 0)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                return head.ToString();
        }
        return null;
    }

    public ValueTask DisposeAsync() => _port.DisposeAsync();
}
