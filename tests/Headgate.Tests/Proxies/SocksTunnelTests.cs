using System.Net;
using System.Text;
using Headgate.Proxies;

namespace Headgate.Tests.Proxies;

public sealed class SocksTunnelTests
{
    private static readonly DnsEndPoint Target = new("api.example", 443);
    private static readonly ProxyEndpoint Open = new(ProxyKind.Socks5, "h", 1080);
    private static readonly ProxyEndpoint Closed = Open with { User = "me", Password = "päss" };

    /// <summary>The tunnel stands; it begins at 10.0.0.9:257.</summary>
    private const string Stands = "05 00 00 01 0a 00 00 09 01 01";

    [Theory]
    [InlineData("api.example", "05 01 00 03 0b 61 70 69 2e 65 78 61 6d 70 6c 65 01 bb")]
    [InlineData("10.0.0.1", "05 01 00 01 0a 00 00 01 01 bb")]
    [InlineData("2001:db8::1", "05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 01 bb")]
    public async Task Names_go_to_the_proxy_as_they_are_and_addresses_as_addresses(string host, string request)
    {
        var proxy = Says("05 00" + Stands);

        await SocksTunnel.OpenAsync(proxy, new DnsEndPoint(host, 443), Open, CancellationToken.None);

        Assert.Equal(Bytes("05 01 00" + request), proxy.Heard);
    }

    [Fact]
    public async Task User_and_password_are_given_to_who_asks_for_them()
    {
        var proxy = Says("05 02" + "01 00" + Stands);

        await SocksTunnel.OpenAsync(proxy, new DnsEndPoint("10.0.0.1", 443), Closed, CancellationToken.None);

        Assert.Equal(Bytes("05 02 00 02" + "01 02 6d 65 05 70 c3 a4 73 73" + "05 01 00 01 0a 00 00 01 01 bb"), proxy.Heard);
    }

    [Fact]
    public async Task User_and_password_are_not_given_to_who_does_not_ask()
    {
        var proxy = Says("05 00" + Stands);

        await SocksTunnel.OpenAsync(proxy, new DnsEndPoint("10.0.0.1", 443), Closed, CancellationToken.None);

        Assert.Equal(Bytes("05 02 00 02" + "05 01 00 01 0a 00 00 01 01 bb"), proxy.Heard);
    }

    [Theory]
    [InlineData(Stands)]
    [InlineData("05 00 00 03 03 61 62 63 01 01")]
    [InlineData("05 00 00 03 00 01 01")]
    [InlineData("05 00 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 01")]
    public async Task What_follows_the_answer_is_left_to_the_tunnel(string answer)
    {
        foreach (var step in (int[])[1, 3, int.MaxValue])
        {
            var proxy = Says("05 00" + answer + "ab cd", step);

            await SocksTunnel.OpenAsync(proxy, Target, Open, CancellationToken.None);

            Assert.Equal([0xab, 0xcd], proxy.Left);
        }
    }

    [Theory]
    [InlineData(1, ProxyFault.TargetUnreachable, "general failure")]
    [InlineData(2, ProxyFault.TargetRefused, "refuses to connect")]
    [InlineData(3, ProxyFault.TargetUnreachable, "network unreachable")]
    [InlineData(4, ProxyFault.TargetUnreachable, "host unreachable")]
    [InlineData(5, ProxyFault.TargetUnreachable, "connection refused")]
    [InlineData(6, ProxyFault.TargetUnreachable, "TTL expired")]
    [InlineData(7, ProxyFault.Broken, "SOCKS error 7")]
    [InlineData(255, ProxyFault.Broken, "SOCKS error 255")]
    public async Task A_refusal_says_whose_fault_it_is(int reply, object fault, string detail)
    {
        var failure = await FailsAsync($"05 00 05 {reply:x2} 00 01 00 00 00 00 00 00", Open);

        Assert.Equal((ProxyFault)fault, failure.Fault);
        Assert.Contains(detail, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("05 ff", false, "asks for a user and password")]
    [InlineData("05 ff", true, "does not accept its user and password")]
    [InlineData("05 02 01 01", true, "does not accept its user and password")]
    public async Task Credentials_that_are_wrong_or_missing_are_said_to_be(string says, bool has, string detail)
    {
        var failure = await FailsAsync(says, has ? Closed : Open);

        Assert.Equal(ProxyFault.Denied, failure.Fault);
        Assert.Contains(detail, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("päss", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "closed the connection")]
    [InlineData("05", "closed the connection")]
    [InlineData("05 00 05 00 00", "closed the connection")]
    [InlineData("05 00 05 00 00 01 00 00", "closed the connection")]
    [InlineData("48 54 54 50 2f", "is not SOCKS 5")]
    [InlineData("04 00", "is not SOCKS 5")]
    [InlineData("05 01", "is not SOCKS 5")]
    [InlineData("05 02", "is not SOCKS 5")]
    [InlineData("05 00 04 00 00 01", "is not SOCKS 5")]
    [InlineData("05 00 05 00 00 09", "is not SOCKS 5")]
    public async Task What_is_no_answer_is_the_fault_of_the_proxy(string says, string detail)
    {
        var failure = await FailsAsync(says, Open);

        Assert.Equal(ProxyFault.Broken, failure.Fault);
        Assert.Contains(detail, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Random_bytes_end_in_a_fault_of_the_proxy_or_in_a_tunnel()
    {
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var bytes = new byte[random.Next(300)];
            random.NextBytes(bytes);
            Bytes("05 00 05 00 00").AsSpan(0, Math.Min(bytes.Length, random.Next(6))).CopyTo(bytes);
            var proxy = new ScriptedProxy(bytes, 1 + random.Next(50));
            try
            {
                await SocksTunnel.OpenAsync(proxy, Target, Closed, CancellationToken.None);
            }
            catch (ProxyFaultException)
            {
                continue;
            }
            Assert.True(bytes is [5, 0, 5, 0, ..] or [5, 2, _, 0, 5, 0, ..], Convert.ToHexString(bytes));
        }
    }

    private static async Task<ProxyFaultException> FailsAsync(string says, ProxyEndpoint proxy) =>
        await Assert.ThrowsAsync<ProxyFaultException>(async () => await SocksTunnel.OpenAsync(Says(says), Target, proxy, CancellationToken.None));

    private static ScriptedProxy Says(string hex, int step = int.MaxValue) => new(Bytes(hex), step);

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
