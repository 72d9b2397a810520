using System.Net;
using System.Text;
using Headgate.Proxies;

namespace Headgate.Tests.Proxies;

public sealed class HttpTunnelTests
{
    private static readonly DnsEndPoint Target = new("api.example", 443);

    [Theory]
    [InlineData("api.example", 443, null, "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n")]
    [InlineData("10.0.0.1", 80, "Basic eDp5", "CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: 10.0.0.1:80\r\nProxy-Authorization: Basic eDp5\r\n\r\n")]
    [InlineData("2001:db8::1", 443, null, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n")]
    public async Task A_tunnel_is_asked_for_once_with_its_credentials(string host, int port, string? authorization, string expected)
    {
        var proxy = Says("HTTP/1.1 200 OK\r\n\r\n");

        await HttpTunnel.OpenAsync(proxy, new DnsEndPoint(host, port), authorization, CancellationToken.None);

        Assert.Equal(expected, Encoding.ASCII.GetString(proxy.Heard));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\n\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")]
    public async Task What_follows_the_head_is_left_to_the_tunnel(string head)
    {
        foreach (var step in (int[])[1, 3, int.MaxValue])
        {
            var proxy = Says(head + "tunnel", step);

            await HttpTunnel.OpenAsync(proxy, Target, null, CancellationToken.None);

            Assert.Equal("tunnel", Encoding.ASCII.GetString(proxy.Left));
        }
    }

    [Theory]
    [InlineData(407, ProxyFault.Denied, "the proxy asks for a user and password")]
    [InlineData(403, ProxyFault.TargetRefused, "refuses to connect to this server or port (403)")]
    [InlineData(502, ProxyFault.TargetUnreachable, "does not reach the server (502)")]
    [InlineData(503, ProxyFault.TargetUnreachable, "does not reach the server (503)")]
    [InlineData(504, ProxyFault.TargetUnreachable, "does not reach the server (504)")]
    [InlineData(302, ProxyFault.Broken, "did not open the tunnel (302)")]
    [InlineData(429, ProxyFault.Broken, "did not open the tunnel (429)")]
    public async Task A_refusal_says_whose_fault_it_is(int status, object fault, string detail)
    {
        var failure = await FailsAsync(Says($"HTTP/1.1 {status} No\r\n\r\n"));

        Assert.Equal((ProxyFault)fault, failure.Fault);
        Assert.Contains(detail, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_that_are_not_taken_are_another_matter_than_none()
    {
        var failure = await FailsAsync(Says("HTTP/1.1 407 No\r\n\r\n"), "Basic eDp5");

        Assert.Equal((ProxyFault.Denied, "the proxy does not accept its user and password (407)"), (failure.Fault, failure.Message));
    }

    [Theory]
    [InlineData("", "closed the connection")]
    [InlineData("HTTP/1.1 200 OK\r\n", "closed the connection")]
    [InlineData("HTTP/1.1 200", "closed the connection")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", "is not HTTP")]
    [InlineData("\r\n\r\n", "is not HTTP")]
    [InlineData("HTTP/1.1 20x OK\r\n\r\n", "is not HTTP")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "is not HTTP")]
    [InlineData("HTTP/1.1 999 OK\r\n\r\n", "is not HTTP")]
    [InlineData("HTTP/2 200 OK\r\n\r\n", "is not HTTP")]
    public async Task What_is_no_answer_is_the_fault_of_the_proxy(string text, string detail)
    {
        var failure = await FailsAsync(Says(text));

        Assert.Equal(ProxyFault.Broken, failure.Fault);
        Assert.Contains(detail, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "x-a: b\r\n")]
    [InlineData("HTTP/1.1 200 ", "x")]
    [InlineData("", "HTTP/1.1 100 Continue\r\n\r\n")]
    public async Task A_head_without_end_is_not_read_to_its_end(string start, string again)
    {
        var text = start + string.Concat(Enumerable.Repeat(again, 100_000));
        var proxy = Says(text);

        var failure = await FailsAsync(proxy);

        Assert.Equal((ProxyFault.Broken, "the head of the proxy's answer is longer than 16 KiB"), (failure.Fault, failure.Message));
        Assert.Equal(text.Length - 16 * 1024, proxy.Left.Length);
    }

    [Fact]
    public async Task Whoever_is_silent_is_waited_for_until_somebody_gives_up()
    {
        using var cancellation = new CancellationTokenSource();
        var opening = HttpTunnel.OpenAsync(new ScriptedProxy([], closes: false), Target, null, cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    [Fact]
    public async Task Random_bytes_end_in_a_fault_of_the_proxy_or_in_a_tunnel()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var bytes = new byte[random.Next(10_000)];
            random.NextBytes(bytes);
            if (i % 3 > 0)
                Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n").AsSpan(0, Math.Min(bytes.Length, random.Next(18))).CopyTo(bytes);
            var proxy = new ScriptedProxy(bytes, 1 + random.Next(50));
            try
            {
                await HttpTunnel.OpenAsync(proxy, Target, null, CancellationToken.None);
            }
            catch (ProxyFaultException failure)
            {
                Assert.Equal(ProxyFault.Broken, failure.Fault);
                continue;
            }
            // By chance there is an empty line in it.
            Assert.True(bytes.AsSpan().StartsWith("HTTP/1.1 200"u8));
        }
    }

    private static ScriptedProxy Says(string text, int step = int.MaxValue) => new(Encoding.ASCII.GetBytes(text), step);

    private static async Task<ProxyFaultException> FailsAsync(ScriptedProxy proxy, string? authorization = null) =>
        await Assert.ThrowsAsync<ProxyFaultException>(async () => await HttpTunnel.OpenAsync(proxy, Target, authorization, CancellationToken.None));
}
