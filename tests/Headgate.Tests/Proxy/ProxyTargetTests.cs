using Headgate.App.Proxy;
using Headgate.App.Service;

namespace Headgate.Tests.Proxy;

public sealed class ProxyTargetTests
{
    [Theory]
    [InlineData("http://api.example.com", "/")]
    [InlineData("http://api.example.com?x", "/?x")]
    [InlineData("http://api.example.com/a%2fb%7Ec%zz", "/a%2fb%7Ec%zz")]
    [InlineData("http://api.example.com//a;b=c/?d=|{}^\"<>'&e=%0d%0a", "//a;b=c/?d=|{}^\"<>'&e=%0d%0a")]
    [InlineData("https://api.example.com:8443/x?/../y", "/x?/../y")]
    public void A_path_goes_out_as_it_was_written(string url, string expected) => Assert.Equal(expected, Read(url).PathAndQuery);

    [Theory]
    [InlineData("http://api.example.com/v1/../admin", "/admin")]
    [InlineData("http://api.example.com/v1/%2e%2e/admin", "/admin")]
    [InlineData("http://api.example.com/v1/./x", "/v1/x")]
    public void Dots_that_lead_elsewhere_are_followed_first(string url, string expected) => Assert.Equal(expected, Read(url).AbsolutePath);

    [Theory]
    [InlineData("/up/x")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("api.example.com/x")]
    [InlineData("api.example.com:443")]
    [InlineData("ftp://api.example.com/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://127.0.0.1:25/x")]
    [InlineData("http:/api.example.com/x")]
    [InlineData("http:api.example.com")]
    [InlineData("http://")]
    [InlineData("http:///x")]
    [InlineData("http://:80/x")]
    [InlineData("http://api.example.com:99999/x")]
    [InlineData("http://api.example.com:x/x")]
    [InlineData("http://user:pw@api.example.com/x")]
    [InlineData("http://api.example.com\\@10.0.0.1/x")]
    [InlineData("http://api.example.com/a\\..\\b")]
    [InlineData("http://api.example.com/v1/..%2fadmin")]
    [InlineData("http://api.example.com/v1/%2e%2e%5cadmin")]
    [InlineData("http://api.example.com/a#b")]
    [InlineData("http://api.example.com/a\rb")]
    [InlineData("http://api.example.com/a\nb")]
    [InlineData("http://api.example.com/a\tb")]
    [InlineData("http://api.example.com/a\u0001b")]
    [InlineData("http://api.example.com/a b")]
    [InlineData("http://api.example.com/ä")]
    [InlineData("http://api.exa\u00admple.com/")]
    public void What_is_no_URL_to_be_asked_for_is_refused(string target) => Assert.Equal(400, Assert.Throws<Problem>(() => Read(target)).Status);

    [Theory]
    [InlineData("http://api.example.com/a%2fb?c", "https://api.example.com/a%2fb?c")]
    [InlineData("http://API.example.com:80/x", "https://api.example.com/x")]
    [InlineData("http://api.example.com./x", "https://api.example.com/x")]
    [InlineData("http://other.example/x", "https://other.example:8443/x")]
    [InlineData("http://other.example:8443/x", "https://other.example:8443/x")]
    [InlineData("http://[::1]/x", "https://[::1]:8443/x")]
    [InlineData("http://api.example.com:8080/x", "http://api.example.com:8080/x")]
    [InlineData("http://sub.api.example.com/x", "http://sub.api.example.com/x")]
    [InlineData("http://api.example.co/x", "http://api.example.co/x")]
    [InlineData("https://other.example/x", "https://other.example/x")]
    public void Hosts_that_are_named_are_spoken_to_by_TLS(string url, string expected) =>
        Assert.Equal(expected, Read(url, "api.example.com", "Other.example:8443", "[::1]:8443").AbsoluteUri);

    private static Uri Read(string target, params string[] upgrades) => new ProxyTarget(upgrades).Read(target);
}
