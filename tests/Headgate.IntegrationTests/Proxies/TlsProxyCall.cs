using System.Net;
using System.Security.Cryptography.X509Certificates;
using Headgate.Connections;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>A call through a proxy whose authority the system does not know, by the connector itself, which can be told whom to trust.</summary>
internal static class TlsProxyCall
{
    public static async Task<string> ExitOfAsync(DebianProxy proxy, Uri target, TestAuthority authority, string folder)
    {
        var trusted = X509Certificate2.CreateFromPem(authority.Pem);
        var connector = new ProxyConnector(ProxiedApi.Read(proxy.Url), new Connector(new Clock(TimeProvider.System), static _ => { }))
        {
            Trust = () => new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { trusted }, RevocationMode = X509RevocationMode.NoCheck },
        };
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = (context, cancellation) => connector.ConnectAsync(context.DnsEndPoint, cancellation) };
        var origins = new X509Certificate2Collection();
        origins.ImportFromPemFile(Path.Combine(folder, "ca.pem"));
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(origins);
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version11 };
        return (await client.GetStringAsync(target)).Split(' ')[0];
    }
}
