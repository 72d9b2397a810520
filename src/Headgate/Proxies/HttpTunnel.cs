using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headgate.Proxies;

/// <summary>
/// Asks an HTTP proxy for a tunnel (CONNECT, RFC 9110 §9.3.6). Credentials are sent up front: a challenge would be a second exchange that
/// nobody counted. Reads not one byte beyond the head, which is where the tunnel begins.
/// </summary>
internal static class HttpTunnel
{
    /// <summary>So much of a head is read, 1xx before it included, in bytes.</summary>
    private const int LongestHead = 16 * 1024;

    /// <summary>Opens a tunnel through a connection to a proxy.</summary>
    /// <param name="stream">The connection, which is the tunnel from then on.</param>
    /// <param name="target">Where to.</param>
    /// <param name="authorization">The value of <c>Proxy-Authorization</c>; null for none.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProxyFaultException">The proxy did not open it.</exception>
    public static async ValueTask OpenAsync(Stream stream, DnsEndPoint target, string? authorization, CancellationToken cancellation)
    {
        await stream.WriteAsync(Request(target, authorization), cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
        var left = LongestHead;
        int status;
        do
            (status, left) = await ReadHeadAsync(stream, left, cancellation).ConfigureAwait(false);
        while (status is >= 100 and < 200);
        if (status is < 200 or >= 300)
            throw Refused(status, hasCredentials: authorization is not null);
    }

    /// <summary>What an answer other than 2xx to CONNECT means.</summary>
    public static ProxyFaultException Refused(int status, bool hasCredentials) => status switch
    {
        // 401 is what tinyproxy says to a wrong password.
        401 or 407 => new ProxyFaultException(ProxyFault.Denied, hasCredentials ? $"the proxy does not accept its user and password ({status})" : $"the proxy asks for a user and password, and its URL has none ({status})"),
        403 or 405 or 451 => new ProxyFaultException(ProxyFault.TargetRefused, $"the proxy refuses to connect to this server or port ({status})"),
        // 500 is what tinyproxy says, and 503 squid.
        500 or 502 or 503 or 504 => new ProxyFaultException(ProxyFault.TargetUnreachable, $"the proxy does not reach the server ({status})"),
        _ => new ProxyFaultException(ProxyFault.Broken, $"the proxy did not open the tunnel ({status})"),
    };

    private static byte[] Request(DnsEndPoint target, string? authorization)
    {
        var isIPv6 = IPAddress.TryParse(target.Host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
        var authority = string.Create(CultureInfo.InvariantCulture, $"{(isIPv6 ? $"[{target.Host.Trim('[', ']')}]" : target.Host)}:{target.Port}");
        var credentials = authorization is null ? "" : $"Proxy-Authorization: {authorization}\r\n";
        return Encoding.ASCII.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n");
    }

    /// <summary>One head; only its status counts. Byte by byte: some hundred for each connection, and none is taken from the tunnel.</summary>
    private static async ValueTask<(int Status, int Left)> ReadHeadAsync(Stream stream, int left, CancellationToken cancellation)
    {
        var one = new byte[1];
        var line = new StringBuilder();
        var status = 0;
        while (left-- > 0)
        {
            if (await stream.ReadAsync(one, cancellation).ConfigureAwait(false) == 0)
                throw new ProxyFaultException(ProxyFault.Broken, "the proxy closed the connection in place of an answer");
            if (one[0] != '\n')
            {
                line.Append((char)one[0]);
                // What does not begin like HTTP is read no further.
                if (status == 0 && !IsBeginning(line))
                    throw NotHttp();
                continue;
            }
            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            if (status == 0)
                status = StatusOf(text) ?? throw NotHttp();
            else if (text.Length == 0)
                return (status, left);
        }
        throw new ProxyFaultException(ProxyFault.Broken, $"the head of the proxy's answer is longer than {LongestHead / 1024} KiB");
    }

    private static bool IsBeginning(StringBuilder line)
    {
        const string start = "HTTP/1.";
        return line.Length > start.Length || start[line.Length - 1] == line[^1];
    }

    private static int? StatusOf(string line) =>
        line.Length >= 12 && line[8] == ' ' && (line.Length == 12 || line[12] == ' ')
        && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 100 and < 600 ? status : null;

    private static ProxyFaultException NotHttp() => new(ProxyFault.Broken, "what the proxy answered is not HTTP");
}
