using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Caching;

/// <summary>
/// A service with a shared cache, its API and its caller, of which every byte is written by hand: what a library makes of a header line does not show
/// here. Messages are lines with bars between them: <c>200 OK | Cache-Control: max-age=60 | =body</c>, where <c>{60}</c> is the date in a minute.
/// </summary>
public sealed partial class CachedWire : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _answers = [];
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _asked = [];
    private readonly Cli _cli = new();
    private ServiceProcess? _service;
    private int _paths;

    public async ValueTask InitializeAsync()
    {
        _listener.Start();
        _ = AnswerAsync();
        _service = await ServiceProcess.StartAsync(_cli, "--up", $"origin=http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}", "--up-root", "origin", "--cache", "shared", "--limit", "none");
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _service!.DisposeAsync();
        await _cli.DisposeAsync();
    }

    /// <summary>A path that nobody has asked for.</summary>
    public string NewPath() => $"/{Interlocked.Increment(ref _paths)}";

    /// <summary>Asks, and says what came, and whether the API was asked: null if not.</summary>
    /// <param name="path">For what.</param>
    /// <param name="request">For example <c>GET | Range: bytes=0-1</c>.</param>
    /// <param name="answer">What the API answers, if it is asked.</param>
    internal async Task<(WireMessage Answer, WireMessage? Asked)> AskAsync(string path, string request, string answer)
    {
        _answers[path] = new([answer]);
        var asked = _asked.GetOrAdd(path, _ => []);
        asked.Clear();
        var message = new WireMessage(request);
        using var caller = new TcpClient();
        await caller.ConnectAsync(IPAddress.Loopback, _service!.Client.BaseAddress!.Port);
        await caller.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"{message.First} {path} HTTP/1.1\r\nHost: localhost\r\n{message.Lines}{(message.Body.Length > 0 ? $"Content-Length: {message.Body.Length}\r\n" : "")}Connection: close\r\n\r\n{message.Body}"));
        var text = await new StreamReader(caller.GetStream(), Encoding.Latin1).ReadToEndAsync().WaitAsync(Cli.Patience);
        return (WireMessage.Read(text), asked.TryDequeue(out var seen) ? WireMessage.Read(seen) : null);
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task AnswerAsync(TcpClient connection)
    {
        using (connection)
        {
            var (bytes, request) = (new byte[64 * 1024], "");
            while (!IsWhole(request))
            {
                var count = await connection.GetStream().ReadAsync(bytes);
                if (count == 0)
                    return;
                request += Encoding.Latin1.GetString(bytes, 0, count);
            }
            var path = request.Split(' ')[1];
            _asked.GetOrAdd(path, _ => []).Enqueue(request);
            var answer = new WireMessage(_answers[path].TryDequeue(out var next) ? next : "500 Nothing more is said");
            var isHead = request.StartsWith("HEAD", StringComparison.Ordinal);
            var length = answer["Content-Length"] is null && !answer.First.StartsWith("204", StringComparison.Ordinal) && !answer.First.StartsWith("304", StringComparison.Ordinal) ? $"Content-Length: {answer.Body.Length}\r\n" : "";
            await connection.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {answer.First}\r\n{answer.Lines}{length}{(answer["Connection"] is null ? "Connection: close\r\n" : "")}\r\n{(isHead ? "" : answer.Body)}"));
        }
    }

    private static bool IsWhole(string request) =>
        request.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var end
        && (ContentLength().Match(request[..end]) is not { Success: true } length || request.Length - end - 4 >= int.Parse(length.Groups["length"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex("\r\nContent-Length: (?<length>[0-9]+)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex ContentLength();
}

/// <summary>A message of HTTP/1.1, as it is written.</summary>
internal sealed partial class WireMessage
{
    private readonly IReadOnlyList<(string Name, string Value)> _fields;

    public WireMessage(string written)
    {
        var pieces = written.Split(" | ");
        First = pieces[0].Trim();
        Body = pieces[^1].StartsWith('=') ? pieces[^1][1..] : "";
        _fields = [.. from line in pieces.Skip(1)
                      where !line.StartsWith('=')
                      let colon = line.IndexOf(':', StringComparison.Ordinal)
                      select (line[..colon], Dated().Replace(line[(colon + 1)..].TrimStart(' '), match => DateTimeOffset.UtcNow.AddSeconds(int.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture)).ToString("r")))];
    }

    private WireMessage(string first, IReadOnlyList<(string, string)> fields, string body) => (First, _fields, Body) = (first, fields, body);

    /// <summary>The method of a request; the status and its words of an answer.</summary>
    public string First { get; }

    public string Body { get; }

    public string Lines => string.Concat(_fields.Select(line => $"{line.Name}: {line.Value}\r\n"));

    /// <summary>All lines of that name, one after the other; null for none.</summary>
    public string? this[string name] => _fields.Where(line => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(line => line.Value).ToList() is { Count: > 0 } values ? string.Join(" & ", values) : null;

    public static WireMessage Read(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = text[..end].Split("\r\n");
        var first = lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? lines[0]["HTTP/1.1 ".Length..] : lines[0].Split(' ')[0];
        return new WireMessage(first, [.. lines.Skip(1).Select(line => (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].TrimStart(' ')))], text[(end + 4)..]);
    }

    [GeneratedRegex(@"\{(?<seconds>-?[0-9]+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Dated();
}
