using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Headgate.App.Service;

/// <summary>
/// HTTP/2 without TLS beside HTTP/1.1 on one port. Whoever knows that we speak it begins with its preface (RFC 9113 §3.3); the server chooses by
/// what TLS has negotiated only, so the preface is told to it in the words of TLS.
/// </summary>
internal static class PriorKnowledge
{
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    /// <summary>Has a port look for it.</summary>
    public static void Add(ListenOptions listen, TimeProvider time)
    {
        // Its protocols are left what they are, which is both: set here, the server would warn of an HTTP/2 that it takes for out of reach.
        // The scheme of requests would have to be that of TLS otherwise.
        listen.KestrelServerOptions.AllowAlternateSchemes = true;
        listen.Use(next => async connection =>
        {
            if (await FirstBytes.AreAsync(connection, Preface, time) is not { } isHttp2)
                return;
            if (isHttp2)
            {
                connection.Features.Set<ITlsConnectionFeature>(new NoCertificate());
                connection.Features.Set<ITlsApplicationProtocolFeature>(new Negotiated());
            }
            await next(connection);
        });
    }

    private sealed class Negotiated : ITlsApplicationProtocolFeature
    {
        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();
    }

    private sealed class NoCertificate : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}
