using Headgate.Proxies;

namespace Headgate.Tests.Proxies;

public sealed class ProxyEndpointTests
{
    [Theory]
    [InlineData("http://proxy.example:3128", "http://proxy.example:3128")]
    [InlineData("HTTP://Proxy.Example", "http://proxy.example:80")]
    [InlineData("https://proxy.example/", "https://proxy.example:443")]
    [InlineData("socks5://10.0.0.1", "socks5://10.0.0.1:1080")]
    [InlineData("socks5h://10.0.0.1:9050", "socks5://10.0.0.1:9050")]
    [InlineData("10.0.0.1:3128", "http://10.0.0.1:3128")]
    [InlineData(" http://[::1]:3128 ", "http://[::1]:3128")]
    [InlineData("http://[2001:DB8::1]", "http://[2001:db8::1]:80")]
    [InlineData("http://bücher.example", "http://xn--bcher-kva.example:80")]
    [InlineData("http://me:secret@proxy.example:8080", "http://proxy.example:8080")]
    public void A_proxy_is_read_and_shown_without_credentials(string text, string expected)
    {
        Assert.True(ProxyEndpoint.TryParse(text, out var endpoint, out var problem), problem);
        Assert.Equal(expected, endpoint.DisplayName);
        Assert.Equal(expected, endpoint.ToString());
        Assert.True(ProxyEndpoint.TryParse(endpoint.DisplayName, out var again, out _));
        Assert.Equal(again, endpoint with { User = null, Password = "" });
    }

    [Theory]
    [InlineData("http://me:secret@h", "me", "secret")]
    [InlineData("http://me:@h", "me", "")]
    [InlineData("http://token@h", "token", "")]
    [InlineData("http://:secret@h", "", "secret")]
    [InlineData("socks5://me:p%40ss%3A%2F%23@h", "me", "p@ss:/#")]
    [InlineData("socks5://a%3Ab:c@h", "a:b", "c")]
    [InlineData("http://me:p@ss@h", "me", "p@ss")]
    [InlineData("http://me:a:b@h", "me", "a:b")]
    [InlineData("http://me:100%@h", "me", "100%")]
    [InlineData("http://m%C3%BCller:p%C3%A4ss@h", "müller", "päss")]
    [InlineData("me:secret@h:80", "me", "secret")]
    public void User_and_password_are_decoded(string text, string user, string password)
    {
        Assert.True(ProxyEndpoint.TryParse(text, out var endpoint, out var problem), problem);
        Assert.Equal((user, password, "h"), (endpoint.User, endpoint.Password, endpoint.Host));
    }

    [Theory]
    [InlineData("http://h")]
    [InlineData("http://@h")]
    [InlineData("http://:@h")]
    public void Who_gives_no_credentials_has_none(string text)
    {
        Assert.True(ProxyEndpoint.TryParse(text, out var endpoint, out _));
        Assert.Null(endpoint.User);
        Assert.Null(endpoint.Authorization);
    }

    [Fact]
    public void Credentials_go_out_as_Basic_in_UTF8()
    {
        Assert.True(ProxyEndpoint.TryParse("http://m%C3%BCller:a:b@h", out var endpoint, out _));
        Assert.Equal("Basic bcO8bGxlcjphOmI=", endpoint.Authorization);
    }

    [Theory]
    [InlineData("http://h?tunnel=always", true, false)]
    [InlineData("http://h/?tunnel=always", true, false)]
    [InlineData("http://h", false, true)]
    [InlineData("http://h?", false, true)]
    [InlineData("socks5://h", false, false)]
    public void A_tunnel_can_be_asked_for_always(string text, bool tunnels, bool takesAbsoluteForm)
    {
        Assert.True(ProxyEndpoint.TryParse(text, out var endpoint, out var problem), problem);
        Assert.Equal((tunnels, takesAbsoluteForm), (endpoint.TunnelsAlways, endpoint.TakesAbsoluteForm));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("   ", "is empty")]
    [InlineData("ftp://hunter2:hunter2@h", "does not begin with http://, https:// or socks5://")]
    [InlineData("hunter2://h", "does not begin with")]
    [InlineData("socks4://hunter2@h", "speaks SOCKS 4")]
    [InlineData("http://", "has no host")]
    [InlineData("http://me:hunter2@", "has no host")]
    [InlineData("http://me:hunter2@:80", "has no host")]
    [InlineData("http://a b", "has no host")]
    [InlineData("http://[::1", "has no host")]
    [InlineData("http://[10.0.0.1]", "has no host")]
    [InlineData("http://::1", "has no host")]
    [InlineData("http://h:0", "has a port that is no number from 1 to 65535")]
    [InlineData("http://h:65536", "has a port that is no number from 1 to 65535")]
    [InlineData("http://h:", "has a port that is no number")]
    [InlineData("http://h:+80", "has a port that is no number")]
    [InlineData("10.0.0.1:3128:me:hunter2", "has four parts")]
    [InlineData("http://h/path", "has a path or a fragment")]
    [InlineData("http://me:hun/ter2@h/x", "has a path or a fragment")]
    [InlineData("http://h?tunnel=never", "has something behind the question mark")]
    [InlineData("http://me:hunter2?h", "has something behind the question mark")]
    [InlineData("http://me%3Ame:hunter2@h", "has a colon in its user")]
    [InlineData("http://me:hunter2%0D%0A@h", "has a control character")]
    [InlineData("socks5://:hunter2@h", "SOCKS has no room for")]
    [InlineData("http://xn--a-ä.example", "has no host")]
    public void What_is_wrong_is_said_without_any_secret(string text, string expected)
    {
        Assert.False(ProxyEndpoint.TryParse(text, out var endpoint, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hun", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hun", endpoint.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_too_long_for_SOCKS_is_refused_before_it_is_cut_off()
    {
        Assert.True(ProxyEndpoint.TryParse($"socks5://me:{new string('x', 255)}@h", out _, out _));
        Assert.False(ProxyEndpoint.TryParse($"socks5://me:{new string('x', 256)}@h", out _, out _));
        Assert.True(ProxyEndpoint.TryParse($"http://me:{new string('x', 256)}@h", out _, out _));
        Assert.False(ProxyEndpoint.TryParse($"http://me:{new string('x', 5000)}@h", out _, out _));
    }

    [Fact]
    public void Two_are_the_same_if_all_of_them_is()
    {
        Assert.Equal(Read("http://me:a@H:80"), Read("me:a@h:80/"));
        Assert.NotEqual(Read("http://me:a@h"), Read("http://me:b@h"));
        Assert.NotEqual(Read("http://h"), Read("http://h?tunnel=always"));
        Assert.NotEqual(Read("http://h:1"), Read("socks5://h:1"));

        static ProxyEndpoint Read(string text) => ProxyEndpoint.TryParse(text, out var endpoint, out var problem) ? endpoint : throw new ArgumentException(problem);
    }
}
