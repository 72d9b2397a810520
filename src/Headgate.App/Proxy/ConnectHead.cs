using System.Buffers;
using System.Globalization;
using System.Text;
using Headgate.App.Service;
using Headgate.Jobs;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Proxy;

/// <summary>The head of a CONNECT (RFC 9110 §9.3.6), read strictly: whatever two readers could take for two things is refused. Pure.</summary>
/// <param name="Host">Where to: a name in ASCII, or an address without brackets.</param>
/// <param name="Port">1 to 65,535.</param>
/// <param name="Headers">What else it says.</param>
internal sealed record ConnectHead(string Host, int Port, IHeaderDictionary Headers)
{
    /// <summary>Every control character but the tab.</summary>
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Where(letter => letter != '\t').Select(letter => (char)letter), '\x7f']);

    /// <summary>Reads the head at the beginning of some bytes.</summary>
    /// <param name="bytes">What has come so far.</param>
    /// <param name="length">How long the head is, its empty line included.</param>
    /// <returns>Null if it is not complete.</returns>
    /// <exception cref="Problem">It is none, or a doubtful one.</exception>
    public static ConnectHead? Read(ReadOnlySpan<byte> bytes, out int length)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        length = end + 4;
        var head = end < 0 ? bytes : bytes[..length];
        CheckLineEnds(head, isWhole: end >= 0);
        if (head.Length > CallerLimits.LongestHead)
            throw new Problem(StatusCodes.Status431RequestHeaderFieldsTooLarge, $"the head of a request is at most {CallerLimits.LongestHead / 1024} KiB long");
        if (end < 0)
            return null;
        var lines = Encoding.Latin1.GetString(head[..end]).Split("\r\n");
        var (host, port) = ReadTarget(lines[0], out var isOld);
        var headers = ReadHeaders(lines.AsSpan(1));
        if (headers.Host.Count > 1 || (headers.Host.Count == 0 && !isOld))
            throw Wrong("a request has one Host");
        if (headers.TransferEncoding.Count > 0 || headers["Content-Length"] is not ({ Count: 0 } or ["0"]))
            throw Wrong("CONNECT has no body: what comes behind its head is for whom it connects to");
        return new ConnectHead(host, port, headers);
    }

    private static void CheckLineEnds(ReadOnlySpan<byte> head, bool isWhole)
    {
        for (var at = 0; at < head.Length; at++)
            if ((head[at] == '\n' && (at == 0 || head[at - 1] != '\r')) || (head[at] == '\r' && (at + 1 < head.Length ? head[at + 1] != '\n' : isWhole)))
                throw Wrong("lines end with CR LF, and neither occurs anywhere else");
    }

    private static (string Host, int Port) ReadTarget(string line, out bool isOld)
    {
        if (line.Split(' ') is not ["CONNECT", var target, var version])
            throw Wrong("a CONNECT begins with a line such as CONNECT api.example.com:443 HTTP/1.1");
        isOld = version == "HTTP/1.0";
        if (version is not ("HTTP/1.1" or "HTTP/1.0"))
            throw version.StartsWith("HTTP/", StringComparison.Ordinal) ? new Problem(StatusCodes.Status505HttpVersionNotsupported, "a CONNECT is of HTTP/1.1") : Wrong("the version of HTTP cannot be read");
        var colon = target.LastIndexOf(':');
        if (colon <= 0 || target.AsSpan().ContainsAnyExceptInRange('!', '~') || target.AsSpan().ContainsAny("/\\?#@")
            || !int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65_535
            || !Uri.TryCreate($"https://{target}/", UriKind.Absolute, out var url) || url.Port != port || url.HostNameType == UriHostNameType.Basic || !UrlHost.IsKnown(url))
            throw Wrong($"CONNECT {RequestRules.Quote(target)}: give a host and a port, such as api.example.com:443");
        return (url.IdnHost, port);
    }

    private static IHeaderDictionary ReadHeaders(ReadOnlySpan<string> lines)
    {
        if (lines.Length > CallerLimits.MostHeaders)
            throw new Problem(StatusCodes.Status431RequestHeaderFieldsTooLarge, $"a request has at most {CallerLimits.MostHeaders} headers");
        var headers = new HeaderDictionary();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            // No token begins with a space, so that a line that continues the one before is none.
            if (colon < 0 || !HeaderRules.IsToken(line.AsSpan(0, colon)) || line.AsSpan().ContainsAny(Controls))
                throw Wrong($"{RequestRules.Quote(line)} is no header");
            headers.Append(line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
        }
        return headers;
    }

    private static Problem Wrong(string error) => new(StatusCodes.Status400BadRequest, error);
}
