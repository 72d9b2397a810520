using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Headgate.IntegrationTests.Connections;

/// <summary>A server of HTTP/1.1 and HTTP/2, with or without TLS, that remembers by which protocol and as whom it was spoken to.</summary>
internal sealed class SecureServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private SecureServer(WebApplication application) => _application = application;

    public string Url => _application.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    /// <summary>Requests by protocol.</summary>
    public ConcurrentDictionary<string, int> ByProtocol { get; } = [];

    /// <summary>Requests by the name in the certificate of the client; empty for none.</summary>
    public ConcurrentDictionary<string, int> ByClient { get; } = [];

    public int Requests => ByProtocol.Values.Sum();

    /// <summary>Starts a server.</summary>
    /// <param name="protocols">What it speaks.</param>
    /// <param name="certificate">Its certificate; null for a server without TLS.</param>
    /// <param name="asksClients">Whether it refuses whoever has no certificate.</param>
    public static async Task<SecureServer> StartAsync(HttpProtocols protocols, X509Certificate2? certificate, bool asksClients = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = asksClients ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
        }));
        var server = new SecureServer(builder.Build());
        server._application.Run(context =>
        {
            server.ByProtocol.AddOrUpdate(context.Request.Protocol, 1, static (_, count) => count + 1);
            server.ByClient.AddOrUpdate(context.Connection.ClientCertificate?.Subject ?? "", 1, static (_, count) => count + 1);
            return context.Response.WriteAsync("ok");
        });
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
