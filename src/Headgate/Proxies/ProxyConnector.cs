using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Headgate.Connections;
using Headgate.Retries;

namespace Headgate.Proxies;

/// <summary>
/// Makes connections through one proxy: TCP, TLS where the proxy speaks it, and the tunnel. What comes out of it is a plain stream to the
/// target, so that nothing behind knows of the proxy, answers a challenge, or repeats anything. Thread-safe.
/// </summary>
/// <param name="proxy">The proxy.</param>
/// <param name="connector">Connects to it; its address is that of the configuration, and guarded by nobody.</param>
internal sealed class ProxyConnector(ProxyEndpoint proxy, Connector connector)
{
    /// <summary>Makes whom the certificate of the proxy is to be signed by, for each connection; null for whoever the system trusts. It is verified in any case.</summary>
    public Func<X509ChainPolicy?> Trust { get; init; } = static () => null;

    /// <summary>Connects.</summary>
    /// <param name="target">Where the tunnel leads to; null to speak with the proxy itself.</param>
    /// <param name="cancellation">Ends it; the connect timeout is in it, for all steps together.</param>
    /// <exception cref="ProxyFaultException">The proxy did not do its part.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint? target, CancellationToken cancellation)
    {
        Stream? stream = null;
        try
        {
            var connection = stream = await connector.ConnectAsync(new DnsEndPoint(proxy.Host, proxy.Port), cancellation).ConfigureAwait(false);
            if (proxy.Kind == ProxyKind.Https)
                stream = await SecureAsync(connection, cancellation).ConfigureAwait(false);
            if (target is not null)
                await OpenAsync(stream, target, cancellation).ConfigureAwait(false);
            // Counted as made only now: one that leads nowhere is none.
            connector.Counts.Watch(connection);
            return stream;
        }
        catch (Exception failure)
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            connector.Counts.CountFailed();
            if (failure is ProxyFaultException)
                throw;
            throw Fault(failure, isConnected: stream is not null);
        }
    }

    /// <summary>Asks the proxy whether it is there: anything it says will do.</summary>
    /// <exception cref="ProxyFaultException">It is not.</exception>
    public async Task AskAsync(CancellationToken cancellation)
    {
        var stream = await ConnectAsync(null, cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
            try
            {
                // Nobody may pass on what has come as far as it may go (RFC 9110 §7.6.2).
                if (proxy.Kind == ProxyKind.Socks5)
                    await SocksTunnel.GreetAsync(stream, proxy, cancellation).ConfigureAwait(false);
                else
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"OPTIONS * HTTP/1.1\r\nHost: {proxy.Host}\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n"), cancellation).ConfigureAwait(false);
                if (proxy.Kind != ProxyKind.Socks5 && await stream.ReadAsync(new byte[1], cancellation).ConfigureAwait(false) == 0)
                    throw new ProxyFaultException(ProxyFault.Broken, "the proxy closed the connection in place of an answer");
            }
            catch (OperationCanceledException late)
            {
                throw new ProxyFaultException(ProxyFault.Silent, "the proxy does not answer", late);
            }
            catch (Exception failure) when (failure is not ProxyFaultException)
            {
                throw Fault(failure, isConnected: true);
            }
    }

    private ValueTask OpenAsync(Stream stream, DnsEndPoint target, CancellationToken cancellation) => proxy.Kind == ProxyKind.Socks5
        ? SocksTunnel.OpenAsync(stream, target, proxy, cancellation)
        : HttpTunnel.OpenAsync(stream, target, proxy.Authorization, cancellation);

    private async ValueTask<Stream> SecureAsync(Stream connection, CancellationToken cancellation)
    {
        var secured = new SslStream(connection);
        var options = new SslClientAuthenticationOptions { TargetHost = proxy.Host, ApplicationProtocols = [SslApplicationProtocol.Http11], CertificateChainPolicy = Trust() };
        // Disposed with the connection where it fails.
        await secured.AuthenticateAsClientAsync(options, cancellation).ConfigureAwait(false);
        return new OpaqueStream(secured);
    }

    private static ProxyFaultException Fault(Exception failure, bool isConnected) => failure switch
    {
        OperationCanceledException => isConnected
            ? new ProxyFaultException(ProxyFault.Silent, "the proxy accepted the connection, and then did not open the tunnel within the connect timeout", failure)
            : new ProxyFaultException(ProxyFault.Unreachable, "no connection to the proxy within the connect timeout", failure),
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => new ProxyFaultException(ProxyFault.Unreachable, "the name of the proxy was not found", failure),
        SocketException => new ProxyFaultException(ProxyFault.Unreachable, "no connection to the proxy" + FailureReader.Code(failure), failure),
        AuthenticationException => new ProxyFaultException(ProxyFault.Unreachable, "the proxy: " + FailureReader.Tls(failure), failure),
        _ => new ProxyFaultException(ProxyFault.Broken, "the proxy broke the connection off" + FailureReader.Code(failure), failure),
    };
}
