using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>From the first token on the proxy asks each caller for one, as its password, and keeps it to itself.</summary>
public sealed class ProxyTokenTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task A_call_without_a_good_token_is_refused_and_says_what_it_lacks()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (submit, read) = (await TokenAsync("ci", "submit"), await TokenAsync("watcher", "read"));
        await using var service = await StartAsync("--up", $"sim={api.Url}");
        var proxy = await service.ProxyAsync();

        foreach (var call in (string[])[$"GET {api.Url}/x", $"CONNECT {new Uri(api.Url).Authority}"])
        {
            Assert.Contains("\r\nProxy-Authenticate: Basic realm=\"headgate\"\r\n", await AskAsync(407, call, ""), StringComparison.Ordinal);
            await AskAsync(407, call, Basic("any", "hg_nobody"));
            await AskAsync(407, call, "Proxy-Authorization: Bearer nonsense\r\n");
            await AskAsync(403, call, Basic("any", read));
            await AskAsync(200, call, Basic("any", submit));
            // Programs that know one secret only.
            await AskAsync(200, call, Basic(submit, ""));
        }
        Assert.Equal(2, api.Report().Arrivals);

        async Task<string> AskAsync(int status, string call, string credentials)
        {
            using var raw = await RawCall.OpenAsync(proxy.Port);
            await raw.SayAsync($"{call} HTTP/1.1\r\nHost: x\r\n{credentials}\r\n");
            var head = await raw.HeadAsync();
            Assert.Equal(status, RawCall.StatusOf(head));
            return head;
        }
    }

    [Fact]
    public async Task No_token_goes_on_wherever_it_was_put()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var token = await TokenAsync("ci", "submit");
        await using var service = await StartAsync("--up", $"sim={api.Url}");
        using var client = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy(await service.ProxyAsync()), UseProxy = true });

        using var request = new HttpRequestMessage(HttpMethod.Get, $"{api.Url}/echo");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("Proxy-Authorization", Basic("any", token)["Proxy-Authorization: ".Length..^2]), ("Headgate-Token", token), ("Authorization", $"Bearer {token}"), ("X-Own", "mine")])
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request);

        var echo = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("hg_", echo, StringComparison.Ordinal);
        Assert.Equal("mine", (string?)JsonNode.Parse(echo)!["headers"]!["x-own"]);
    }

    [Fact]
    public async Task A_client_that_is_told_name_and_password_gets_its_tunnel()
    {
        using var authority = new TestAuthority("Proxy token authority");
        await using var server = await SecureServer.StartAsync(HttpProtocols.Http1AndHttp2, authority.Sign("localhost"));
        var token = await TokenAsync("ci", "submit");
        await using var service = await StartAsync("--allow-private");
        using var handler = new SocketsHttpHandler { Proxy = new WebProxy(await service.ProxyAsync()) { Credentials = new NetworkCredential("any", token) } };
        using var root = X509Certificate2.CreateFromPem(authority.Pem);
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck };
        using var client = new HttpClient(handler) { Timeout = Cli.Patience };

        Assert.Equal("ok", await client.GetStringAsync(server.Url));
    }

    private static string Basic(string name, string password) => $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{name}:{password}"))}\r\n";

    private async Task<string> TokenAsync(string name, string scope)
    {
        var made = await _cli.RunAsync("tokens", "add", name, "--scope", scope);
        Assert.True(made.Code == 0, made.ToString());
        return made.Output.Split('\n', ' ').First(word => word.StartsWith("hg_", StringComparison.Ordinal));
    }

    private Task<ServiceProcess> StartAsync(params string[] options) => ServiceProcess.StartAsync(_cli, ["--proxy-listen", "127.0.0.1:0", .. options]);
}
