using System.Net;
using System.Net.Sockets;
using System.Text;
using Headgate.Configuration;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>Tunnels that callers ask for, through proxies that hang.</summary>
public sealed class TunnelTriesTests : IAsyncDisposable
{
    private static readonly DnsEndPoint Server = new("server.test", 443);

    private readonly Loopback _silent = new(static async (socket, _) =>
    {
        using (socket)
            while (await socket.ReceiveAsync(new byte[4096]) > 0)
            {
            }
    });

    private readonly Loopback _good = new(static async (socket, _) =>
    {
        using (socket)
        {
            await socket.ReceiveAsync(new byte[4096]);
            await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n"));
            await socket.ReceiveAsync(new byte[4096]);
        }
    });

    [Fact]
    public async Task Behind_a_proxy_that_hangs_the_next_is_tried_with_a_timeout_of_its_own()
    {
        using var engine = Engine(_silent.Port, _good.Port);

        await using var tunnel = await Tunnels(engine).OpenAsync(Server, TimeSpan.FromSeconds(1), CancellationToken.None);

        Assert.Equal([1L, 0L], engine.Proxies.All[0].Proxies.Select(proxy => proxy.Faults));
    }

    [Fact]
    public async Task A_caller_who_hangs_up_says_nothing_of_the_proxy()
    {
        using var engine = Engine(_silent.Port);
        using var caller = new CancellationTokenSource();
        var opening = Tunnels(engine).OpenAsync(Server, Cli.Patience, caller.Token);
        while (_silent.Connections == 0)
            await Task.Delay(10);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.Equal((0L, "new"), (engine.Proxies.All[0].Proxies[0].Faults, engine.Proxies.All[0].Proxies[0].StateAt(engine.Clock.Now)));
    }

    public async ValueTask DisposeAsync()
    {
        await _silent.DisposeAsync();
        await _good.DisposeAsync();
    }

    private static ApiTunnels Tunnels(Engine engine) => new(engine, engine.ServerOf(Server.Host, Server.Port).Api, isTrusted: true);

    private static Engine Engine(params int[] ports)
    {
        var pool = new ProxyPoolConfiguration { Name = "pool", From = ["file:/nowhere"], Poll = TimeSpan.FromHours(24) };
        var configuration = new HeadgateConfiguration { ProxyPools = [pool] };
        return new Engine(configuration with { Defaults = configuration.Defaults with { Proxies = "pool" } }, new EngineOptions
        {
            Proxies = _ => [.. ports.Select(port => new Headgate.Proxies.ProxyEntry(ProxiedApi.Read($"http://127.0.0.1:{port}")))],
        });
    }
}
