using System.Net;
using System.Security.Cryptography.X509Certificates;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxy;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>What callers of the service ask of an API that is reached through proxies goes through them, whichever way they ask.</summary>
public sealed class ServedThroughProxiesTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private readonly TestAuthority _authority = new("Test authority of the served API");
    private readonly List<DebianProxy> _proxies = [];

    public async ValueTask InitializeAsync()
    {
        _proxies.Add(await DebianProxy.StartAsync(ProxyProgram.Tinyproxy, 61));
        _proxies.Add(await DebianProxy.StartAsync(ProxyProgram.Microsocks, 62));
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task Gateway_forward_proxy_and_jobs_come_from_the_exits_of_the_pool()
    {
        await using var api = await ExitServer.StartAsync(takes: TimeSpan.FromMilliseconds(100));
        await using var service = await StartAsync(api, _proxies.Select(proxy => proxy.Url));
        using var forward = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy(await service.ProxyAsync()) }) { Timeout = Cli.Patience };
        var exits = _proxies.Select(proxy => proxy.Exit).ToHashSet();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(n => (Task<string>[])[service.Client.GetStringAsync($"/up/api/{n}"), forward.GetStringAsync($"{api.Url}/{n}")]));
        var jobs = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 4).Select(n => $$"""{"url":"{{api.Url}}/job{{n}}"}""")));

        Assert.All(answers, answer => Assert.Contains(answer.Split(' ')[0], exits));
        Assert.Equal(exits, answers.Select(answer => answer.Split(' ')[0]).ToHashSet());
        Assert.All(jobs, job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        Assert.Equal(20, api.Arrived.Where(caller => exits.Contains(caller.Key)).Sum(caller => caller.Value));
        Assert.Empty(api.Leaked);
        foreach (var page in (string[])["/metrics", "/api/v1/proxies", "/api/v1/upstreams"])
            Assert.DoesNotContain(DebianProxy.Password, await service.Client.GetStringAsync(page), StringComparison.Ordinal);
        Assert.DoesNotContain(DebianProxy.Password, service.Process.Error.Text + service.Process.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tunnel_that_is_asked_for_goes_through_a_proxy_and_not_around_it()
    {
        await using var api = await ExitServer.StartAsync(_authority.Sign("localhost"));
        // The first is dead, which costs a moment and nothing else.
        await using var service = await StartAsync(api, [$"http://127.0.0.1:{Ports.Free()}", .. _proxies.Select(proxy => proxy.Url)]);

        for (var i = 0; i < 4; i++)
        {
            using var handler = new SocketsHttpHandler { Proxy = new WebProxy(await service.ProxyAsync()) };
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(_authority.Pem));
            using var client = new HttpClient(handler) { Timeout = Cli.Patience };

            Assert.Contains((await client.GetStringAsync(api.Url)).Split(' ')[0], _proxies.Select(proxy => proxy.Exit));
        }
    }

    [Fact]
    public async Task Without_a_proxy_that_works_a_tunnel_is_refused_and_says_why()
    {
        await using var api = await ExitServer.StartAsync();
        await using var service = await StartAsync(api, [_proxies[0].With("me:wrong-secret")]);

        var host = new Uri(api.Url).Authority;
        var answers = new List<string>();
        for (var i = 0; i < 2; i++)
            answers.Add(await RawCall.AskAsync((await service.ProxyAsync()).Port, $"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"));

        Assert.StartsWith("HTTP/1.1 502 ", answers[0], StringComparison.Ordinal);
        Assert.Contains("does not accept its user and password", answers[0], StringComparison.Ordinal);
        Assert.Contains("no proxy of pool can be used now", answers[1], StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret", string.Concat(answers) + service.Process.Error.Text, StringComparison.Ordinal);
        Assert.Empty(api.Arrived);
    }

    private Task<ServiceProcess> StartAsync(ExitServer api, IEnumerable<string> proxies)
    {
        _cli.Write("proxies.txt", proxies);
        _cli.Write("headgate.json", $$"""
            {
              "proxies": { "pool": { "from": ["file:proxies.txt"] } },
              "upstreams": { "api": { "base": ["{{api.Url}}"], "proxies": "pool" } },
            }
            """);
        return ServiceProcess.StartAsync(_cli, "--proxy-listen", "127.0.0.1:0");
    }
}
