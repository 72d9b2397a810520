using System.Text;
using Headgate.App.Proxy;
using Headgate.App.Service;

namespace Headgate.Tests.Proxy;

public sealed class ConnectHeadTests
{
    private const string Host = "Host: api.example.com:443\r\n";

    [Theory]
    [InlineData("api.example.com:443", "api.example.com", 443)]
    [InlineData("API.Example.COM:8443", "api.example.com", 8443)]
    [InlineData("127.0.0.1:80", "127.0.0.1", 80)]
    [InlineData("[::1]:1", "::1", 1)]
    [InlineData("[::ffff:10.0.0.1]:443", "::ffff:10.0.0.1", 443)]
    [InlineData("2130706433:443", "127.0.0.1", 443)]
    [InlineData("0x7f.1:443", "127.0.0.1", 443)]
    [InlineData("0177.0.0.1:443", "127.0.0.1", 443)]
    [InlineData("api.example.com.:65535", "api.example.com.", 65535)]
    public void It_names_a_host_and_a_port(string target, string host, int port)
    {
        var head = Read($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");

        Assert.Equal((host, port), (head!.Host, head.Port));
    }

    [Fact]
    public void What_comes_behind_it_is_not_part_of_it_and_its_headers_are_read()
    {
        var bytes = Encoding.ASCII.GetBytes($"CONNECT api.example.com:443 HTTP/1.1\r\n{Host}headgate-priority:  high \r\nProxy-Authorization: Basic eDp5\r\nContent-Length: 0\r\n\r\nsecret\n");

        var head = ConnectHead.Read(bytes, out var length);

        Assert.Equal(bytes.Length - 7, length);
        Assert.Equal(("high", "Basic eDp5"), (head!.Headers["Headgate-Priority"].ToString(), head.Headers["proxy-authorization"].ToString()));
    }

    [Fact]
    public void As_long_as_it_is_not_complete_there_is_none()
    {
        var text = $"CONNECT api.example.com:443 HTTP/1.1\r\n{Host}X: y\r\n\r\n";
        for (var length = 0; length < text.Length; length++)
            Assert.Null(Read(text[..length]));
        Assert.NotNull(Read(text));
    }

    [Fact]
    public void An_old_one_needs_no_Host_and_where_they_differ_the_target_counts()
    {
        Assert.NotNull(Read("CONNECT api.example.com:443 HTTP/1.0\r\n\r\n"));
        Assert.Equal("api.example.com", Read("CONNECT api.example.com:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")!.Host);
    }

    [Theory]
    [InlineData("CONNECT api.example.com HTTP/1.1")]
    [InlineData("CONNECT api.example.com: HTTP/1.1")]
    [InlineData("CONNECT :443 HTTP/1.1")]
    [InlineData("CONNECT api.example.com:0 HTTP/1.1")]
    [InlineData("CONNECT api.example.com:65536 HTTP/1.1")]
    [InlineData("CONNECT api.example.com:+443 HTTP/1.1")]
    [InlineData("CONNECT api.example.com:443x HTTP/1.1")]
    [InlineData("CONNECT api.example.com:443/ HTTP/1.1")]
    [InlineData("CONNECT user@api.example.com:443 HTTP/1.1")]
    [InlineData("CONNECT api.example.com\\@10.0.0.1:443 HTTP/1.1")]
    [InlineData("CONNECT https://api.example.com:443 HTTP/1.1")]
    [InlineData("CONNECT api.exa%00mple.com:443 HTTP/1.1")]
    [InlineData("CONNECT ::1:443 HTTP/1.1")]
    [InlineData("CONNECT api.example.com :443 HTTP/1.1")]
    [InlineData("CONNECT  api.example.com:443 HTTP/1.1")]
    [InlineData("CONNECT api.example.com:443 HTTP/1.1 ")]
    [InlineData("CONNECT api.example.com:443")]
    [InlineData("CONNECT api.example.com:443 http/1.1")]
    [InlineData("CONNECT xn--a-ä.example:443 HTTP/1.1")]
    public void A_first_line_that_names_none_is_refused(string line) => Refused(400, $"{line}\r\n{Host}\r\n");

    [Theory]
    [InlineData(505, "CONNECT a.example:443 HTTP/2.0\r\nHost: a\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\nHost: a\n\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\nX: y\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX: y\rZ: z\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX: y\u0001z\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData(400, "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    public void What_could_be_read_in_two_ways_is_refused(int status, string text) => Refused(status, text);

    [Fact]
    public void One_that_is_too_long_is_refused_before_it_is_complete()
    {
        Refused(431, $"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nX: {new string('a', CallerLimits.LongestHead)}");
        Refused(431, $"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 100).Select(n => $"X-{n}: y\r\n"))}\r\n");
        Assert.NotNull(Read($"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 99).Select(n => $"X-{n}: y\r\n"))}\r\n"));
    }

    [Fact]
    public void Whatever_comes_it_is_read_or_refused()
    {
        var random = new Random(1);
        var whole = Encoding.ASCII.GetBytes($"CONNECT api.example.com:443 HTTP/1.1\r\n{Host}Headgate-Priority: 1\r\n\r\n");
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = whole.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                if (ConnectHead.Read(bytes, out var length) is not { } head)
                    continue;
                Assert.InRange(length, 1, bytes.Length);
                Assert.InRange(head.Port, 1, 65_535);
                Assert.DoesNotContain(head.Headers, header => header.Value.ToString().AsSpan().ContainsAny("\r\n\0"));
                Assert.Contains(new UriBuilder("https", head.Host, head.Port).Uri.HostNameType, (UriHostNameType[])[UriHostNameType.Dns, UriHostNameType.IPv4, UriHostNameType.IPv6]);
            }
            catch (Problem refused)
            {
                Assert.Contains(refused.Status, (int[])[400, 431, 505]);
            }
        }
    }

    private static ConnectHead? Read(string text) => ConnectHead.Read(Encoding.Latin1.GetBytes(text), out _);

    private static void Refused(int status, string text) => Assert.Equal(status, Assert.Throws<Problem>(() => Read(text)).Status);
}
