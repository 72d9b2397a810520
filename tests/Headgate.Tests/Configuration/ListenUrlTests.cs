using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class ListenUrlTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8015", "http://127.0.0.1:8015")]
    [InlineData("HTTP://127.0.0.1:80/", "http://127.0.0.1:80")]
    [InlineData("127.0.0.1", "http://127.0.0.1:8015")]
    [InlineData("localhost:0", "http://127.0.0.1:0")]
    [InlineData("0.0.0.0:65535", "http://0.0.0.0:65535")]
    [InlineData("http://[::1]", "http://[::1]:8015")]
    [InlineData("[fe80::1]:1", "http://[fe80::1]:1")]
    [InlineData("https://127.0.0.1:1", "https://127.0.0.1:1")]
    [InlineData("Some.Host:80", "http://some.host:80")]
    [InlineData("https://headgate", "https://headgate:8015")]
    [InlineData("http://*:80", "http://[::]:80")]
    public void An_address_is_read(string text, string expected)
    {
        Assert.True(ListenUrl.TryParse(text, out var url));
        Assert.Equal(expected, url.ToString());
        Assert.True(ListenUrl.TryParse(url.ToString(), out var again));
        Assert.Equal(url, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8015")]
    [InlineData(":8015")]
    [InlineData("::1")]
    [InlineData("[127.0.0.1]:1")]
    [InlineData("127.1:1")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://127.0.0.1:-1")]
    [InlineData("http://127.0.0.1:")]
    [InlineData("http://127.0.0.1:1/path")]
    [InlineData("ftp://127.0.0.1:1")]
    [InlineData("-a:80")]
    [InlineData("a b:80")]
    [InlineData("user@host:80")]
    [InlineData("127.0.0.1.:80")]
    public void What_is_no_address_is_refused(string text) => Assert.False(ListenUrl.TryParse(text, out _));
}
