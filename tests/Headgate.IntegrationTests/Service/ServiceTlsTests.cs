using System.Diagnostics;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>The service speaks TLS itself.</summary>
public sealed class ServiceTlsTests
{
    [Fact]
    public async Task It_shows_the_certificate_of_its_configuration_and_another_one_without_a_restart()
    {
        using var authority = new TestAuthority("ours");
        await using var cli = new Cli();
        var first = Write(cli, authority);
        cli.Write("headgate.json", """{ "serve": { "tls": { "certificate": "file:certificate.pem", "key": "file:key.pem" } } }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--listen", "https://127.0.0.1:0");
        var url = await UrlAsync(service);

        var (version, protocol, shown) = await AskAsync(url, authority);
        Assert.Equal((HttpVersion.Version20, true, first), (version, protocol is SslProtocols.Tls13 or SslProtocols.Tls12, shown));
        Assert.Equal(SslProtocols.Tls12, (await AskAsync(url, authority, SslProtocols.Tls12)).Protocol);

        var second = Write(cli, authority);
        var begun = TimeProvider.System.GetTimestamp();
        while ((await AskAsync(url, authority)).Thumbprint != second)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Cli.Patience, service.Process.Error.Text);
            await Task.Delay(100);
        }
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--proxytunnel")]
    public async Task The_forward_proxy_is_spoken_to_by_TLS_too(string how)
    {
        using var authority = new TestAuthority("ours");
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        Write(cli, authority);
        cli.Write("headgate.json", """{ "serve": { "tls": { "certificate": "file:certificate.pem", "key": "file:key.pem" }, "proxyListen": "https://127.0.0.1:0" } }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        var proxy = await service.ProxyAsync();

        using var curl = Process.Start(new ProcessStartInfo("curl", ["-sS", how, "--proxy", $"https://localhost:{proxy.Port}", "--proxy-cacert", cli.Write("ca.pem", authority.Pem), $"{api.Url}/echo"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (answer, error) = (await curl.StandardOutput.ReadToEndAsync(), await curl.StandardError.ReadToEndAsync());

        Assert.Equal("https", proxy.Scheme);
        Assert.True(answer.Contains("\"path\":\"/echo\"", StringComparison.Ordinal), error);
        Assert.Equal(how != "--proxytunnel", answer.Contains("\"via\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Https_without_a_certificate_is_refused_with_what_to_write()
    {
        await using var cli = new Cli();

        var result = await cli.RunAsync("serve", "--listen", "https://127.0.0.1:0");

        Assert.Equal(3, result.Code);
        Assert.Contains("""--listen: https://127.0.0.1:0 needs a certificate; say where that is with "serve": { "tls": { "certificate": "file:PATH", "key": "file:PATH" } }""", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_told_at_the_start()
    {
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "tls": { "certificate": "file:nowhere.pem" } } }""");

        var result = await cli.RunAsync("serve", "--listen", "https://127.0.0.1:0");

        Assert.Equal(3, result.Code);
        Assert.Contains("nowhere.pem: /serve/tls/certificate: cannot be read", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_check_of_a_configuration_looks_at_the_certificate_too()
    {
        using var authority = new TestAuthority("ours");
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "tls": { "certificate": "file:certificate.pem", "key": "file:key.pem" } } }""");

        var missing = await cli.RunAsync("config", "check", "--serve");
        Assert.Equal(3, missing.Code);
        Assert.Contains("/serve/tls/certificate: cannot be read", missing.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("config", "check")).Code);

        Write(cli, authority);
        var good = await cli.RunAsync("config", "check", "--serve");
        Assert.Equal(0, good.Code);
        Assert.Matches("the service shows the certificate .*certificate\\.pem", good.Output);
    }

    [Fact]
    public async Task A_port_that_is_given_twice_is_told_of_the_option_that_came_second()
    {
        await using var cli = new Cli();

        var result = await cli.RunAsync("serve", "--listen", "127.0.0.1:18999", "--metrics-listen", "127.0.0.1:18999");

        Assert.Equal(3, result.Code);
        Assert.Contains("--metrics-listen http://127.0.0.1:18999: --listen is at port 18999 already", result.Error, StringComparison.Ordinal);
    }

    /// <summary>Writes another certificate with its key; its thumbprint.</summary>
    private static string Write(Cli cli, TestAuthority authority)
    {
        using var certificate = authority.Sign("localhost");
        cli.Write("key.pem", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        cli.Write("certificate.pem", certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    private static async Task<Uri> UrlAsync(ServiceProcess service)
    {
        var output = await service.Process.Output.WaitForAsync(text => text.Split('\n').Length > 2, Cli.Patience);
        return new Uri(output.Split('\n').Single(line => line.StartsWith("https://", StringComparison.Ordinal)));
    }

    private static async Task<(Version Version, SslProtocols Protocol, string? Thumbprint)> AskAsync(Uri url, TestAuthority authority, SslProtocols protocols = SslProtocols.None)
    {
        using var root = X509Certificate2.CreateFromPem(authority.Pem);
        var (protocol, thumbprint) = (SslProtocols.None, (string?)null);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.EnabledSslProtocols = protocols;
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(root);
        handler.PlaintextStreamFilter = (context, _) =>
        {
            var tls = (System.Net.Security.SslStream)context.PlaintextStream;
            (protocol, thumbprint) = (tls.SslProtocol, ((X509Certificate2)tls.RemoteCertificate!).Thumbprint);
            return ValueTask.FromResult(context.PlaintextStream);
        };
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20 };
        using var answer = await client.GetAsync(new Uri(url, "/livez"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer.Version, protocol, thumbprint);
    }
}
