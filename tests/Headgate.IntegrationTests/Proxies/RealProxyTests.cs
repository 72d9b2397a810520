using System.Net;
using System.Security.Cryptography.X509Certificates;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>One of each kind of proxy, and one API in the clear and one within TLS behind them.</summary>
public sealed class RealProxies : IAsyncLifetime
{
    private readonly Dictionary<string, DebianProxy> _all = [];
    private readonly TestAuthority _authority = new("Test authority of the API");
    private ExitServer? _plain;
    private ExitServer? _secure;

    public string Folder { get; } = Directory.CreateTempSubdirectory("headgate-proxies-").FullName;

    internal DebianProxy this[string name] => _all[name];

    internal ExitServer Plain => _plain!;

    internal ExitServer Secure => _secure!;

    internal ProxiedApi Api(bool isSecure) => isSecure ? new(Secure.Url, """ "tls": { "ca": "file:ca.pem" } """, Folder) : new(Plain.Url);

    public async ValueTask InitializeAsync()
    {
        _plain = await ExitServer.StartAsync();
        _secure = await ExitServer.StartAsync(_authority.Sign("localhost"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "ca.pem"), _authority.Pem);
        var exit = 41;
        foreach (var program in (ProxyProgram[])[ProxyProgram.Tinyproxy, ProxyProgram.Microsocks, ProxyProgram.Squid])
            _all[$"{program}"] = await DebianProxy.StartAsync(program, exit++);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _all.Values)
            await proxy.DisposeAsync();
        await Plain.DisposeAsync();
        await Secure.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>What the transport does through the proxies of others.</summary>
public sealed class RealProxyTests(RealProxies proxies) : IClassFixture<RealProxies>
{
    public static TheoryData<string, bool> Each => new(
        from program in (string[])["Tinyproxy", "Microsocks", "Squid"]
        from isSecure in (bool[])[false, true]
        select (program, isSecure));

    [Theory]
    [MemberData(nameof(Each))]
    public async Task An_answer_comes_from_the_exit_of_the_proxy_and_nothing_is_told_of_its_credentials(string program, bool isSecure)
    {
        using var api = proxies.Api(isSecure);

        var answer = await api.SendAsync(proxies[program].Url, change: message => message.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic of-another-proxy"));

        Assert.Equal((200, 1, ""), (answer.Status, answer.Stamps, answer.Thrown));
        Assert.Equal($"{proxies[program].Exit} HTTP/{(isSecure ? "2" : "1.1")}", answer.Body);
        Assert.Empty(proxies.Plain.Leaked.Concat(proxies.Secure.Leaked));
        Assert.True(api.Upstream.WasReached);
    }

    [Theory]
    [MemberData(nameof(Each))]
    public async Task Wrong_credentials_and_none_are_told_apart_and_are_the_proxys_matter(string program, bool isSecure)
    {
        using var api = proxies.Api(isSecure);
        foreach (var (credentials, detail) in ((string, string)[])[("me:wrong-secret", "does not accept its user and password"), ("", "asks for a user and password, and its URL has none")])
        {
            var answer = await api.SendAsync(credentials.Length == 0 ? proxies[program].Name : proxies[program].With(credentials));

            var isTunnel = isSecure || program == "Microsocks";
            Assert.Equal((FailureClass.Proxy, isTunnel ? ProxyFault.Denied : ProxyFault.DeniedInAnswer), (answer.Outcome.Class, answer.Outcome.ProxyFault));
            Assert.Contains(detail, answer.Outcome.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain("wrong-secret", answer.Thrown, StringComparison.Ordinal);
            // In a tunnel nothing was sent; what was given to the proxy whole it did not pass on.
            Assert.False(answer.Outcome.MaybeDone);
            Assert.Equal(isTunnel ? 0 : 1, answer.Stamps);
        }
        Assert.False(api.Upstream.WasReached);
    }

    [Theory]
    [InlineData("Tinyproxy")]
    [InlineData("Squid")]
    public async Task Plain_http_goes_through_a_tunnel_where_one_is_asked_for_always(string program)
    {
        using var api = proxies.Api(isSecure: false);

        var refused = await api.SendAsync(proxies[program].With("me:wrong") + "?tunnel=always");
        var answer = await api.SendAsync(proxies[program].Url + "?tunnel=always");

        // Squid's own default forbids tunnels to ports other than 443, which these settings do not; a refusal of the tunnel was not sent.
        Assert.Equal((0, ProxyFault.Denied), (refused.Stamps, refused.Outcome.ProxyFault));
        Assert.Equal((200, $"{proxies[program].Exit} HTTP/1.1"), (answer.Status, answer.Body));
    }

    [Theory]
    [MemberData(nameof(Each))]
    public async Task A_server_that_is_not_there_is_not_the_fault_of_a_proxy_alone(string program, bool isSecure)
    {
        var url = $"{(isSecure ? "https" : "http")}://127.0.0.1:{Ports.Free()}";
        using var api = new ProxiedApi(url);

        var answer = await api.SendAsync(proxies[program].Url);

        if (isSecure || program == "Microsocks")
            Assert.Equal((0, ProxyFault.TargetUnreachable, 0), (answer.Status, answer.Outcome.ProxyFault, answer.Stamps));
        else
            Assert.InRange(answer.Status, 500, 504);
    }

    [Theory]
    [MemberData(nameof(Each))]
    public async Task Bodies_go_through_both_ways_whole(string program, bool isSecure)
    {
        using var api = proxies.Api(isSecure);
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(n => $"{n} "));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.SendAsync(proxies[program].Url, "/echo", new StringContent(text))));

        Assert.All(answers, answer => Assert.Equal((200, 1, text), (answer.Status, answer.Stamps, answer.Body)));
    }

    [Theory]
    [MemberData(nameof(Each))]
    public async Task A_large_answer_streams_in_constant_memory(string program, bool isSecure)
    {
        const int length = 200 << 20;
        using var api = proxies.Api(isSecure);
        await api.SendAsync(proxies[program].Url);
        var peak = 0L;
        using var stop = new CancellationTokenSource();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watching = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true));
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }, TestContext.Current.CancellationToken);

        Assert.Equal(length, await api.DrainAsync(proxies[program].Url, $"/body?n={length}", TestContext.Current.CancellationToken));

        await stop.CancelAsync();
        await watching;
        // Other tests run in this process as well; a fraction of the answer, kept, would be more than all of theirs.
        Assert.InRange(peak - before, long.MinValue, 100 << 20);
    }

    [Fact]
    public async Task A_proxy_that_speaks_TLS_is_trusted_only_if_its_certificate_is()
    {
        using var authority = new TestAuthority("Nobody's");
        using var certificate = authority.Sign("localhost");
        var pem = certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n";
        await using var proxy = await DebianProxy.StartAsync(ProxyProgram.SquidTls, 49, pem);
        using var api = proxies.Api(isSecure: true);

        var answer = await api.SendAsync(proxy.Url);

        Assert.Equal((FailureClass.Proxy, ProxyFault.Unreachable, 0), (answer.Outcome.Class, answer.Outcome.ProxyFault, answer.Stamps));
        Assert.Contains("the proxy: no TLS connection", answer.Outcome.Detail, StringComparison.Ordinal);
        foreach (var target in (Uri[])[new(proxies.Plain.Url), new(proxies.Secure.Url)])
            Assert.Equal(proxy.Exit, await TlsProxyCall.ExitOfAsync(proxy, target, authority, proxies.Folder));
    }

    [Fact]
    public async Task A_pool_says_by_whom_its_proxies_are_trusted_and_a_service_follows()
    {
        using var authority = new TestAuthority("Our own");
        using var certificate = authority.Sign("localhost");
        await using var proxy = await DebianProxy.StartAsync(ProxyProgram.SquidTls, 50, certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n");
        await using var cli = new Cli();
        var url = $"{proxies.Plain.Url}/who";
        cli.Write("proxies.txt", [proxy.Url]);
        Write("");

        var unknown = await cli.RunAsync("send", url);
        Write(""", "tls": { "ca": "file:ca.pem" }""");
        var missing = await cli.RunAsync("send", url);
        var check = await cli.RunAsync("config", "check");
        cli.Write("ca.pem", authority.Pem);
        var trusted = await cli.RunAsync("send", url);
        using var another = new TestAuthority("Another");
        cli.Write("ca.pem", another.Pem);
        await using var service = await ServiceProcess.StartAsync(cli);
        using var refused = await service.Client.GetAsync("/up/api/who?first", new CancellationTokenSource(TimeSpan.FromSeconds(3)).Token).ContinueWith(static call => call.IsCompletedSuccessfully ? call.Result : null, TaskScheduler.Default);
        cli.Write("ca.pem", authority.Pem);
        var followed = await service.Client.GetStringAsync("/up/api/who?second");

        Assert.Equal(6, unknown.Code);
        Assert.Contains("the proxy: no TLS connection", unknown.Error, StringComparison.Ordinal);
        Assert.All((CliResult[])[missing, check], wrong => Assert.Equal(3, wrong.Code));
        Assert.All((CliResult[])[missing, check], wrong => Assert.Contains("/proxies/pool/tls/ca", wrong.Error, StringComparison.Ordinal));
        Assert.Equal((0, proxy.Exit), (trusted.Code, trusted.Output.Split(' ')[0]));
        Assert.NotEqual(HttpStatusCode.OK, refused?.StatusCode);
        Assert.Equal(proxy.Exit, followed.Split(' ')[0]);

        void Write(string more) => cli.Write("headgate.json", $$"""
            { "proxies": { "pool": { "from": ["file:proxies.txt"]{{more}} } }, "upstreams": { "api": { "base": ["{{proxies.Plain.Url}}"], "proxies": "pool" } } }
            """);
    }
}
