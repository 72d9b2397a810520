using System.Net.Sockets;
using System.Text;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>Proxies that are dead, hang, or say what no proxy says.</summary>
public sealed class BadProxyTests
{
    private const string Fast = "\"connectTimeout\": 0.5";

    public static TheoryData<string, bool> Kinds => new(
        from scheme in (string[])["http", "https", "socks5"]
        from isSecure in (bool[])[false, true]
        select (scheme, isSecure));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_proxy_that_is_not_there_is_told_and_nothing_was_sent(string scheme, bool isSecure)
    {
        using var api = Api(isSecure);

        var refused = await api.SendAsync($"{scheme}://me:hunter2@127.0.0.1:{Ports.Free()}");
        var unknown = await api.SendAsync($"{scheme}://me:hunter2@no-such-proxy.invalid");

        Assert.Equal((FailureClass.Proxy, ProxyFault.Unreachable, 0), (refused.Outcome.Class, refused.Outcome.ProxyFault, refused.Stamps));
        Assert.Equal("no connection to the proxy: connection refused", refused.Outcome.Detail);
        Assert.Equal((FailureClass.Proxy, ProxyFault.Unreachable, 0), (unknown.Outcome.Class, unknown.Outcome.ProxyFault, unknown.Stamps));
        Assert.DoesNotContain("hunter2", refused.Thrown + unknown.Thrown, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_proxy_that_takes_the_connection_and_is_silent_costs_the_connect_timeout(string scheme, bool isSecure)
    {
        await using var silent = new Loopback(async (socket, _) =>
        {
            using (socket)
                while (await socket.ReceiveAsync(new byte[4096]) > 0)
                {
                }
        });
        using var api = Api(isSecure);

        var answer = await api.SendAsync($"{scheme}://me:hunter2@127.0.0.1:{silent.Port}", timeout: TimeSpan.FromSeconds(3));

        // What goes to it whole was sent, and is waited for like any answer.
        if (scheme == "http" && !isSecure)
            Assert.Equal((FailureClass.Timeout, 1), (answer.Outcome.Class, answer.Stamps));
        else
            Assert.Equal((FailureClass.Proxy, ProxyFault.Silent, 0), (answer.Outcome.Class, answer.Outcome.ProxyFault, answer.Stamps));
        Assert.Equal(ProxyFault.Silent, (await api.WhyGoneAsync($"{scheme}://127.0.0.1:{silent.Port}"))?.Fault);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_proxy_that_says_anything_at_all_cannot_do_harm(string scheme, bool isSecure)
    {
        var random = new Random(7);
        byte[][] sayings =
        [
            [],
            new byte[10_000],
            Bytes(random, 10_000),
            [.. Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n"), .. Bytes(random, 10_000)],
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("x: y\r\n", 100_000))),
            Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9.2\r\n"),
            [5],
            [5, 0, 5, 0, 0, 3, 255, .. Bytes(random, 100)],
            [5, 2, 1, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        ];
        foreach (var saying in sayings)
        {
            await using var server = new Loopback(async (socket, _) =>
            {
                using (socket)
                    try
                    {
                        await socket.ReceiveAsync(new byte[4096]);
                        await socket.SendAsync(saying);
                        socket.Shutdown(SocketShutdown.Send);
                        while (await socket.ReceiveAsync(new byte[4096]) > 0)
                        {
                        }
                    }
                    catch (SocketException)
                    {
                    }
            });
            using var api = Api(isSecure);

            var answer = await api.SendAsync($"{scheme}://me:hunter2@127.0.0.1:{server.Port}");

            Assert.Equal(0, answer.Status);
            Assert.True(answer.Outcome.Class is FailureClass.Proxy or FailureClass.Network or FailureClass.Invalid, answer.Thrown);
            Assert.InRange(answer.Stamps, 0, scheme == "http" && !isSecure ? 1 : 0);
            Assert.DoesNotContain("hunter2", answer.Thrown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Each_of_our_own_steps_survives_an_answer_in_single_bytes()
    {
        await using var origin = await ExitServer.StartAsync();
        var port = new Uri(origin.Url).Port;
        await using var proxy = new Loopback(async (socket, _) =>
        {
            using (socket)
            using (var server = new TcpClient("127.0.0.1", port))
            {
                var head = new byte[4096];
                await socket.ReceiveAsync(head);
                foreach (var one in Encoding.ASCII.GetBytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Connection established\r\nProxy-Agent: slow\r\n\r\n"))
                    await socket.SendAsync(new[] { one });
                var stream = server.GetStream();
                await stream.WriteAsync(head.AsMemory(0, await socket.ReceiveAsync(head)));
                await stream.CopyToAsync(new NetworkStream(socket));
            }
        });
        using var api = new ProxiedApi(origin.Url);

        var answer = await api.SendAsync($"http://127.0.0.1:{proxy.Port}?tunnel=always", change: message => message.Headers.ConnectionClose = true);

        Assert.Equal((200, "127.0.0.1 HTTP/1.1", 1), (answer.Status, answer.Body, answer.Stamps));
    }

    [Fact]
    public async Task What_a_proxy_closes_on_without_an_answer_is_sent_once()
    {
        await using var proxy = new Loopback(async (socket, _) =>
        {
            using (socket)
                await socket.ReceiveAsync(new byte[4096]);
        });
        using var api = Api(isSecure: false);

        var answer = await api.SendAsync($"http://127.0.0.1:{proxy.Port}");

        Assert.Equal((FailureClass.Network, 1, 1), (answer.Outcome.Class, answer.Stamps, proxy.Connections - (answer.Outcome.Unprocessed ? 1 : 0) > 0 ? 1 : 0));
        Assert.True(answer.Outcome.MaybeDone);
    }

    [Fact]
    public async Task Callers_reach_through_a_proxy_no_more_than_without_one()
    {
        await using var proxy = new Loopback(static (socket, _) =>
        {
            socket.Dispose();
            return Task.CompletedTask;
        });
        foreach (var target in (string[])["http://127.0.0.1:9/", "https://127.0.0.1:9/", "http://localhost:9/", "https://[::1]:9/", "http://169.254.169.254/", "http://[::ffff:10.0.0.1]/"])
        {
            using var api = new ProxiedApi(target, guards: true);
            foreach (var scheme in (string[])["http", "socks5"])
                Assert.Equal(FailureClass.Blocked, (await api.SendAsync($"{scheme}://127.0.0.1:{proxy.Port}")).Outcome.Class);
        }
        using var unknown = new ProxiedApi("http://no-such-host.invalid/", guards: true);
        Assert.Equal(FailureClass.Network, (await unknown.SendAsync($"http://127.0.0.1:{proxy.Port}")).Outcome.Class);
        Assert.Equal(0, proxy.Connections);
    }

    private static ProxiedApi Api(bool isSecure) => new($"{(isSecure ? "https" : "http")}://api.example", Fast);

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
