using System.Text;
using Headgate.Configuration;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>Connections through proxies that an API is not reached through any more.</summary>
public sealed class LeftRoutesTests : IAsyncDisposable
{
    private readonly TaskCompletionSource _closed = new();
    private readonly TaskCompletionSource _mayAnswer = new();

    /// <summary>Proxy and API in one: it opens a tunnel to itself, and answers what comes through it.</summary>
    private readonly Loopback _proxy;

    public LeftRoutesTests() => _proxy = new Loopback(async (socket, _) =>
    {
        using (socket)
        {
            var piece = new byte[4096];
            await socket.ReceiveAsync(piece);
            await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n"));
            while (await socket.ReceiveAsync(piece) > 0)
            {
                await _mayAnswer.Task;
                await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
            }
        }
        _closed.TrySetResult();
    });

    [Fact]
    public async Task They_are_closed_when_the_pool_is_left_once_nothing_goes_over_them()
    {
        var pool = new ProxyPoolConfiguration { Name = "pool", From = ["file:/nowhere"] };
        var with = new HeadgateConfiguration { ProxyPools = [pool], Defaults = UpstreamPolicy.Default with { Proxies = "pool" } };
        using var engine = new Engine(with, new EngineOptions { Proxies = _ => [new(ProxiedApi.Read($"http://127.0.0.1:{_proxy.Port}?tunnel=always"))] });
        engine.SyncEachSecond(static _ => { });
        using var message = new HttpRequestMessage(HttpMethod.Get, "http://api.test/x");
        var sending = new StraightLine(engine).SendAsync(new Exchange(message, SendTerms.None) { Receive = static async (answer, stop) => Assert.Equal("ok", await answer.Content.ReadAsStringAsync(stop)) }, TestContext.Current.CancellationToken).AsTask();
        while (_proxy.Connections == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);

        engine.Change(with with { ProxyPools = [], Defaults = UpstreamPolicy.Default });
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(_closed.Task.IsCompleted);
        _mayAnswer.SetResult();
        (await sending).Dispose();

        await _closed.Task.WaitAsync(Cli.Patience, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync() => await _proxy.DisposeAsync();
}
