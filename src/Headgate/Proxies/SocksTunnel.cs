using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headgate.Proxies;

/// <summary>Asks a SOCKS 5 proxy for a tunnel (RFC 1928), with user and password where there are any (RFC 1929). Names go to the proxy as they are.</summary>
internal static class SocksTunnel
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const byte NoneAcceptable = 0xff;
    private const byte AuthenticationVersion = 1;
    private const byte Connect = 1;
    private const byte OfIPv4 = 1;
    private const byte OfName = 3;
    private const byte OfIPv6 = 4;

    /// <summary>Opens a tunnel through a connection to a proxy.</summary>
    /// <param name="stream">The connection, which is the tunnel from then on.</param>
    /// <param name="target">Where to.</param>
    /// <param name="proxy">As whom.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProxyFaultException">The proxy did not open it.</exception>
    public static async ValueTask OpenAsync(Stream stream, DnsEndPoint target, ProxyEndpoint proxy, CancellationToken cancellation)
    {
        var method = await GreetAsync(stream, proxy, cancellation).ConfigureAwait(false);
        if (method == UserAndPassword && proxy.User is { } user)
            await AuthenticateAsync(stream, user, proxy.Password, cancellation).ConfigureAwait(false);
        else if (method != NoAuthentication)
            throw method == NoneAcceptable ? Denied(proxy.User is not null) : NotSocks();
        await stream.WriteAsync(Request(target), cancellation).ConfigureAwait(false);
        var answer = await ReadAsync(stream, 4, cancellation).ConfigureAwait(false);
        if (answer[0] != Version)
            throw NotSocks();
        if (answer[1] != 0)
            throw Refused(answer[1]);
        // From which address it goes on is nobody's business, but stands before the tunnel.
        var rest = answer[3] switch
        {
            OfIPv4 => 4,
            OfIPv6 => 16,
            OfName => (await ReadAsync(stream, 1, cancellation).ConfigureAwait(false))[0],
            _ => throw NotSocks(),
        };
        await ReadAsync(stream, rest + 2, cancellation).ConfigureAwait(false);
    }

    /// <summary>Says which ways to authenticate there are.</summary>
    /// <returns>The one that the proxy takes.</returns>
    public static async ValueTask<byte> GreetAsync(Stream stream, ProxyEndpoint proxy, CancellationToken cancellation)
    {
        byte[] greeting = proxy.User is null ? [Version, 1, NoAuthentication] : [Version, 2, NoAuthentication, UserAndPassword];
        await stream.WriteAsync(greeting, cancellation).ConfigureAwait(false);
        var answer = await ReadAsync(stream, 2, cancellation).ConfigureAwait(false);
        return answer[0] == Version ? answer[1] : throw NotSocks();
    }

    private static async ValueTask AuthenticateAsync(Stream stream, string user, string password, CancellationToken cancellation)
    {
        var (name, secret) = (Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(password));
        await stream.WriteAsync((byte[])[AuthenticationVersion, (byte)name.Length, .. name, (byte)secret.Length, .. secret], cancellation).ConfigureAwait(false);
        // Its version is 1, but some say 5; only the status counts.
        if ((await ReadAsync(stream, 2, cancellation).ConfigureAwait(false))[1] != 0)
            throw Denied(hasCredentials: true);
    }

    private static byte[] Request(DnsEndPoint target)
    {
        var port = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)target.Port);
        if (IPAddress.TryParse(target.Host, out var address))
            return [Version, Connect, 0, address.AddressFamily == AddressFamily.InterNetwork ? OfIPv4 : OfIPv6, .. address.GetAddressBytes(), .. port];
        var name = Encoding.ASCII.GetBytes(target.Host);
        return name.Length <= byte.MaxValue ? [Version, Connect, 0, OfName, (byte)name.Length, .. name, .. port]
            : throw new ProxyFaultException(ProxyFault.TargetRefused, "the name of the server is longer than SOCKS has room for");
    }

    private static async ValueTask<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        try
        {
            await stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
            return bytes;
        }
        catch (EndOfStreamException end)
        {
            throw new ProxyFaultException(ProxyFault.Broken, "the proxy closed the connection in place of an answer", end);
        }
    }

    private static ProxyFaultException Denied(bool hasCredentials) =>
        new(ProxyFault.Denied, hasCredentials ? "the proxy does not accept its user and password" : "the proxy asks for a user and password, and its URL has none");

    // What 1 means every proxy decides for itself; microsocks says it where a name is not found.
    private static ProxyFaultException Refused(byte reply) => reply switch
    {
        1 => Unreached("SOCKS error 1, general failure"),
        2 => new ProxyFaultException(ProxyFault.TargetRefused, "the proxy refuses to connect to this server or port (SOCKS error 2)"),
        3 => Unreached("SOCKS error 3, network unreachable"),
        4 => Unreached("SOCKS error 4, host unreachable"),
        5 => Unreached("SOCKS error 5, connection refused"),
        6 => Unreached("SOCKS error 6, TTL expired"),
        _ => new ProxyFaultException(ProxyFault.Broken, $"the proxy did not open the tunnel (SOCKS error {reply})"),
    };

    private static ProxyFaultException Unreached(string why) => new(ProxyFault.TargetUnreachable, $"the proxy does not reach the server ({why})");

    private static ProxyFaultException NotSocks() => new(ProxyFault.Broken, "what the proxy answered is not SOCKS 5");
}
