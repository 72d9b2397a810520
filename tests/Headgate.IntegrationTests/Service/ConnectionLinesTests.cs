using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxy;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>What a caller's <c>Connection</c> names is for his connection only (RFC 9110 §7.6.1), whatever stands beside it.</summary>
public sealed class ConnectionLinesTests
{
    [Fact]
    public async Task What_a_call_names_as_its_connections_goes_no_further()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--proxy-listen", "http://127.0.0.1:0");
        var proxy = await service.ProxyAsync();
        var gateway = service.Client.BaseAddress!;
        foreach (var (server, target) in ((Uri, string)[])[(gateway, "/up/sim/echo"), (proxy, $"{api.Url}/echo")])
            foreach (var lines in (string[][])[["X-Q"], ["close, X-Q"], ["X-Q, close"], ["keep-alive, X-Q"], ["Keep-Alive,x-q"], ["Upgrade, X-Q"], ["keep-alive", "X-Q"], ["X-Q", "close"], ["close, upgrade, X-Q"]])
            {
                var said = await RawCall.AskAsync(server.Port, $"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Q: 1\r\nX-R: 2\r\n{string.Concat(lines.Select(line => $"Connection: {line}\r\n"))}\r\nGET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                Assert.True(said.Contains("\"x-r\"", StringComparison.Ordinal), $"{target} {string.Join('|', lines)}: {said}");
                Assert.False(said.Contains("\"x-q\"", StringComparison.Ordinal), $"{target} {string.Join('|', lines)}: {said}");
            }
    }

    [Fact]
    public async Task What_one_call_of_a_connection_names_the_next_one_may_send()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        const string Plain = "GET /up/sim/echo HTTP/1.1\r\nHost: localhost\r\nX-Q: 1\r\n";

        // The first is no call of the gateway's, and the second has the lines of the third before it.
        var said = await RawCall.AskAsync(service.Client.BaseAddress!.Port, $"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, X-Q\r\n\r\n{Plain}\r\n{Plain}Connection: keep-alive, X-Q\r\n\r\n{Plain}Connection: close\r\n\r\n");

        Assert.Equal(2, said.Split("\"x-q\"").Length - 1);
        Assert.Equal(4, said.Split("HTTP/1.1 200 ").Length - 1);
    }

    [Fact]
    public async Task A_line_that_is_no_name_is_refused()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);
        Assert.StartsWith("HTTP/1.1 400 ", await RawCall.AskAsync(service.Client.BaseAddress!.Port, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: \u00fc\r\n\r\n"), StringComparison.Ordinal);
    }
}
