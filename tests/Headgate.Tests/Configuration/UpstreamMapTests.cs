using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class UpstreamMapTests
{
    private static readonly UpstreamMap Map = Make(
        ("root", "https://api.example.com"),
        ("v1", "https://api.example.com/v1/"),
        ("deep", "https://api.example.com/v1/chat"),
        ("only", "http://path.example.com/only"),
        ("port", "http://api.example.com:8080"),
        ("idn", "https://bücher.example"),
        ("six", "http://[::1]:9000/x"),
        ("four", "http://127.0.0.1"));

    [Theory]
    [InlineData("https://api.example.com", "root")]
    [InlineData("https://api.example.com/", "root")]
    [InlineData("https://api.example.com:443/x?y#z", "root")]
    [InlineData("HTTPS://API.Example.COM/v1", "v1")]
    [InlineData("https://api.example.com/v1/", "v1")]
    [InlineData("https://api.example.com/v1?x", "v1")]
    [InlineData("https://api.example.com/v10", "root")]
    [InlineData("https://api.example.com/v1%2Fchat", "root")]
    [InlineData("https://api.example.com/v1/chat/completions", "deep")]
    [InlineData("https://api.example.com/v1/chatter", "v1")]
    [InlineData("https://api.example.com/v1/x/../chat", "deep")]
    [InlineData("https://api.example.com/V1", "root")]
    [InlineData("https://api.example.com//v1", "root")]
    [InlineData("https://api.example.com./v1", "v1")]
    [InlineData("https://user:pw@api.example.com/v1", "v1")]
    [InlineData("http://api.example.com:8080/v1", "port")]
    [InlineData("http://path.example.com/only/this", "only")]
    [InlineData("https://xn--bcher-kva.example/a", "idn")]
    [InlineData("https://BÜCHER.example/a", "idn")]
    [InlineData("http://[0:0:0:0:0:0:0:1]:9000/x/y", "six")]
    [InlineData("http://0x7f.1/", "four")]
    public void A_URL_belongs_to_the_longest_base_of_whole_segments(string url, string name)
    {
        var upstream = Map.Find(new Uri(url));
        Assert.True(upstream.IsConfigured);
        Assert.Equal(name, upstream.Name);
    }

    [Theory]
    [InlineData("api.example.com", 443, "root", true)]
    [InlineData("api.example.com.", 443, "root", true)]
    [InlineData("api.example.com", 8080, "port", true)]
    [InlineData("path.example.com", 80, "only", false)]
    [InlineData("xn--bcher-kva.example", 443, "idn", true)]
    [InlineData("::1", 9000, "six", false)]
    [InlineData("127.0.0.1", 80, "four", true)]
    [InlineData("127.0.0.1", 443, "https://127.0.0.1", true)]
    [InlineData("api.example.com", 80, "http://api.example.com", true)]
    [InlineData("other.example", 25, "https://other.example:25", true)]
    public void A_server_belongs_to_the_API_that_has_most_of_its_paths(string host, int port, string name, bool isWhole)
    {
        var (api, whole) = Map.FindServer(host, port);
        Assert.Equal((name, isWhole), (api.Name, whole));
    }

    [Theory]
    [InlineData("http://api.example.com/v1", "http://api.example.com")]
    [InlineData("https://api.example.com:8443/v1", "https://api.example.com:8443")]
    [InlineData("http://path.example.com/other", "http://path.example.com")]
    [InlineData("http://path.example.com/onlyyou", "http://path.example.com")]
    [InlineData("http://[::1]/x", "http://[::1]")]
    [InlineData("https://api.example.com.evil.example/v1", "https://api.example.com.evil.example")]
    [InlineData("https://api.example.com@evil.example/v1", "https://evil.example")]
    public void Any_other_URL_belongs_to_its_authority_with_the_default_policy(string url, string name)
    {
        var upstream = Map.Find(new Uri(url));

        Assert.False(upstream.IsConfigured);
        Assert.Equal(name, upstream.Name);
        Assert.Equal(UpstreamPolicy.Default, upstream.Policy);
    }

    [Fact]
    public void One_authority_is_one_API_however_it_is_written() =>
        Assert.Same(Map.Find(new Uri("https://Other.example:443/a")), Map.Find(new Uri("https://other.example./b")));

    [Theory]
    [InlineData("api.example.com", "is not an absolute http or https URL")]
    [InlineData("ftp://api.example.com", "is not an absolute http or https URL")]
    [InlineData("/v1", "is not an absolute http or https URL")]
    [InlineData("https://", "is not an absolute http or https URL")]
    [InlineData("https://u@api.example.com", "holds a user name or password")]
    [InlineData("https://api.example.com/?a=b", "has a query or fragment")]
    [InlineData("https://api.example.com/#a", "has a query or fragment")]
    public void What_is_no_base_address_is_refused_with_the_reason(string text, string begin)
    {
        Assert.False(UpstreamBase.TryParse(text, out _, out var problem));
        Assert.StartsWith(begin, problem, StringComparison.Ordinal);
    }

    private static UpstreamMap Make(params (string Name, string Base)[] upstreams) => new(new HeadgateConfiguration
    {
        Upstreams = [.. upstreams.Select(entry => new UpstreamConfiguration { Name = entry.Name, Bases = [Parse(entry.Base)] })],
    });

    private static UpstreamBase Parse(string text)
    {
        Assert.True(UpstreamBase.TryParse(text, out var address, out var problem), problem);
        return address;
    }
}
