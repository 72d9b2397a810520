using System.IO.Compression;
using System.Text;

namespace Headgate.IntegrationTests.Connections;

/// <summary>What must come of an answer.</summary>
/// <param name="Class">The class of the failure; null if all went well.</param>
/// <param name="Attempts">How often it is sent with one retry.</param>
/// <param name="Status">The status in the result; null if there is no answer in it.</param>
/// <param name="Detail">What is said of it.</param>
internal sealed record Expected(string? Class, int Attempts, int? Status, string? Detail);

/// <summary>The answers of servers that are broken or mean harm, by path, and what must come of each.</summary>
internal static class HostileAnswers
{
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Cut = "the server closed the connection before the answer was complete, after 1 retry";
    private const string NoAnswer = "the server closed the connection without an answer, after 1 retry";
    private const string NotHttp = "what came back was not a valid HTTP answer, after 1 retry";
    private const string LongHeaders = "the headers of the answer are larger than allowed";
    private const string Late = "the answer did not come within the timeout, after 1 retry";
    private const string TooLarge = "the answer is larger than --max-body; with --body-dir DIR it goes into a file";
    private const string NotPacked = "the answer could not be unpacked: what came is not what its content-encoding says, after 1 retry";
    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(20);
    private static readonly Expected Fine = new(null, 1, 200, null);

    public static Dictionary<string, (Expected Expected, Func<ByteRequest, Task> Answer)> All { get; } = new()
    {
        // Lengths.
        ["/short-body"] = (new("network", 2, null, Cut), Saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok")),
        ["/long-body"] = (Fine, Saying(Ok + "and more than was announced")),
        ["/negative-length"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok")),
        ["/no-number"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok")),
        ["/two-lengths"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!")),
        ["/list-of-lengths"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!")),
        ["/same-length-twice"] = (Fine, Saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok")),
        ["/chunks-and-length"] = (Fine, Saying("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")),
        ["/huge-length"] = (new("invalid", 1, 200, TooLarge), Saying("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nok")),
        ["/until-close"] = (Fine, Saying("HTTP/1.0 200 OK\r\n\r\nok")),
        // Chunks.
        ["/cut-chunk"] = (new("network", 2, null, Cut), Saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nok")),
        ["/no-last-chunk"] = (new("network", 2, null, Cut), Saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")),
        ["/bad-chunk"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n")),
        ["/endless-chunks"] = (new("invalid", 1, 200, TooLarge), Forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", $"1000\r\n{new string('x', 4096)}\r\n")),
        ["/endless-extension"] = (new("network", 2, null, NotHttp), Forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;", new string('x', 4096))),
        ["/endless-trailers"] = (new("invalid", 1, null, LongHeaders), Forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", "X-Trailer: again\r\n")),
        // Heads.
        ["/endless-headers"] = (new("invalid", 1, null, LongHeaders), Forever("HTTP/1.1 200 OK\r\n", "X-Header: again\r\n")),
        ["/long-header"] = (new("invalid", 1, null, LongHeaders), Saying($"HTTP/1.1 200 OK\r\nX-Header: {new string('x', 3_000_000)}\r\n\r\n")),
        ["/long-status-line"] = (new("invalid", 1, null, LongHeaders), Forever("HTTP/1.1 200 ", new string('x', 4096))),
        ["/endless-interims"] = (new("invalid", 1, null, LongHeaders), Forever("", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")),
        ["/some-interims"] = (Fine, Saying($"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{Ok}")),
        ["/no-colon"] = (new("network", 2, null, NotHttp), Saying("HTTP/1.1 200 OK\r\nthis is no header\r\n\r\nok")),
        ["/half-a-head"] = (new("network", 2, null, Cut), Saying("HTTP/1.1 200 OK\r\nContent-Le")),
        ["/garbage"] = (new("network", 2, null, NotHttp), Saying("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        ["/http-0.9"] = (new("network", 2, null, NotHttp), Saying("<html>ok</html>\r\n")),
        ["/binary"] = (new("network", 2, null, NotHttp), Saying("\0\x16\x03\x01\0\xff\xfe\r\n\r\n")),
        ["/nothing"] = (new("network", 2, null, NoAnswer), Saying("")),
        ["/stray-bytes"] = (new("network", 2, null, NotHttp), Saying("\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
        // Time.
        ["/silence"] = (new("timeout", 2, null, Late), Forever("", "", pause: true)),
        ["/slow-head"] = (new("timeout", 2, null, Late), Forever("HTTP/1.1 200 OK\r\nX-Slow: ", "x", pause: true)),
        ["/slow-body"] = (new("timeout", 2, null, Late), Forever("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "x", pause: true)),
        ["/slow-chunks"] = (new("timeout", 2, null, Late), Forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", pause: true)),
        // Redirects.
        ["/loop"] = (new("client", 11, 302, "the server answered 302"), Redirecting("/loop")),
        ["/to-file"] = (new("client", 1, 302, "the server answered 302"), Redirecting("file:///etc/passwd")),
        ["/to-nowhere"] = (new("client", 1, 302, "the server answered 302"), Redirecting("http://")),
        ["/to-gopher"] = (new("client", 1, 302, "the server answered 302"), Redirecting("gopher://127.0.0.1/x")),
        // Packing.
        ["/bomb"] = (new("invalid", 1, 200, TooLarge), Packed(Bomb())),
        ["/bad-brotli"] = (new("network", 2, null, NotPacked), Packed("hello, this is no brotli"u8.ToArray(), "br")),
        ["/bad-deflate"] = (new("network", 2, null, NotPacked), Packed("hello, this is no deflate"u8.ToArray(), "deflate")),
        ["/packing-unknown"] = (new(null, 1, 200, null), Packed("ok"u8.ToArray(), "snappy")),
        ["/not-packed"] = (new("network", 2, null, NotPacked), Packed("hello, this is no gzip"u8.ToArray())),
        ["/cut-packing"] = (new("network", 2, null, NotPacked), Packed(Gzip(Encoding.ASCII.GetBytes(new string('x', 10_000)))[..20])),
    };

    /// <summary>Those after which the connection can go on: as HTTP they are right.</summary>
    public static HashSet<string> Whole { get; } =
    [
        "/long-body", "/same-length-twice", "/chunks-and-length", "/some-interims", "/loop", "/to-file", "/to-nowhere", "/to-gopher",
        "/bomb", "/not-packed", "/cut-packing", "/bad-brotli", "/bad-deflate", "/packing-unknown",
    ];

    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    // Each of 100 members is a megabyte of zeros in a few KB.
    private static byte[] Bomb() => [.. Enumerable.Repeat(Gzip(new byte[1 << 20]), 100).SelectMany(member => member)];

    private static Func<ByteRequest, Task> Packed(byte[] body, string by = "gzip") => async request =>
    {
        await request.SayAsync($"HTTP/1.1 200 OK\r\nContent-Encoding: {by}\r\nContent-Length: {body.Length}\r\n\r\n");
        await request.SayAsync(body);
    };

    private static Func<ByteRequest, Task> Saying(string text) => async request => await request.SayAsync(text);

    private static Func<ByteRequest, Task> Redirecting(string location) => async request => await request.SayAsync($"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");

    private static Func<ByteRequest, Task> Forever(string begin, string then, bool pause = false) => async request =>
    {
        await request.SayAsync(begin);
        await request.SayForeverAsync(then, pause ? Drip : TimeSpan.Zero);
    };
}
