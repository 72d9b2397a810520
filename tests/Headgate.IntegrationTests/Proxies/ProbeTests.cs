using Headgate.IntegrationTests.Fixtures;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.IntegrationTests.Proxies;

public sealed class ProbeTests(RealProxies proxies) : IClassFixture<RealProxies>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ProxyProbe _probe = new(new Clock(TimeProvider.System), static () => null);

    [Theory]
    [InlineData("Tinyproxy")]
    [InlineData("Microsocks")]
    [InlineData("Squid")]
    public async Task A_proxy_that_lets_through_is_well_and_one_that_does_not_says_why(string program)
    {
        var well = await RunAsync(proxies[program].Url, "/");
        var wrong = await RunAsync(proxies[program].With("me:wrong-secret"), "/");
        var failing = await RunAsync(proxies[program].Url, "/status?n=500");

        Assert.True(well.IsWell, well.Detail);
        Assert.InRange(well.Took, TimeSpan.FromTicks(1), Patience);
        Assert.Equal(ProxyFault.Denied, wrong.Fault);
        Assert.DoesNotContain("wrong-secret", wrong.Detail, StringComparison.Ordinal);
        Assert.Equal((ProxyFault.TargetUnreachable, "the probe was answered 500"), (failing.Fault, failing.Detail));
    }

    [Fact]
    public async Task A_proxy_that_is_gone_or_hangs_is_found_out_in_time()
    {
        var gone = await RunAsync($"http://127.0.0.1:{Ports.Free()}", "/");
        var silent = await _probe.RunAsync(ProxiedApi.Read(proxies["Squid"].Url), new Uri(proxies.Plain.Url + "/hang"), TimeSpan.FromSeconds(0.3), TestContext.Current.CancellationToken);

        Assert.Equal(ProxyFault.Unreachable, gone.Fault);
        Assert.Equal((ProxyFault.Silent, "the probe was not answered within 0.3 s"), (silent.Fault, silent.Detail));
    }

    [Fact]
    public async Task Giving_a_probe_up_says_nothing_of_the_proxy()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(0.3));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _probe.RunAsync(ProxiedApi.Read(proxies["Microsocks"].Url), new Uri(proxies.Plain.Url + "/hang"), Patience, stop.Token));
    }

    private Task<ProxyProbeResult> RunAsync(string proxy, string path) =>
        _probe.RunAsync(ProxiedApi.Read(proxy), new Uri(proxies.Plain.Url + path), Patience, TestContext.Current.CancellationToken);
}
