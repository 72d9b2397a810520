using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class UrlPathTests
{
    [Theory]
    [InlineData("/v1/x", "/v1/x")]
    [InlineData("/%76%31/%78", "/v1/x")]
    [InlineData("/a%2fb%C3%a9", "/a%2Fb%C3%A9")]
    [InlineData("/%7e%2D%2e%5F", "/~-._")]
    [InlineData("/x%3Agen/%40me%2b%2C", "/x:gen/@me+,")]
    [InlineData("/%", "/%")]
    [InlineData("/%4", "/%4")]
    [InlineData("/%zz", "/%zz")]
    public void Paths_that_are_one_to_a_server_are_compared_as_one(string written, string plain) => Assert.Equal(plain, UrlPath.Plain(written));

    [Theory]
    [InlineData("/v1/x?a=/b", "/v1", "/x?a=/b")]
    [InlineData("/%76%31/x", "/v1", "/x")]
    [InlineData("/%76%31?a", "/v1", "?a")]
    [InlineData("/v%31/%78/y", "/v1/x", "/y")]
    [InlineData("/v1", "/v1", "")]
    [InlineData("/x", "", "/x")]
    public void What_lies_below_a_base_path_is_as_it_was_written(string written, string basePath, string below) => Assert.Equal(below, written[UrlPath.Below(written, basePath)..]);

    [Theory]
    [InlineData("http://a.example/%62ase/x")]
    [InlineData("http://a.example/b%61se")]
    public void An_API_is_found_however_its_path_is_written(string url)
    {
        // Found: through the forward proxy, which passes paths on as they came, such a call was within no limit.
        Assert.True(UpstreamBase.TryParse("http://a.example/base", out var address, out _));
        Uri.TryCreate(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out var exact);

        Assert.True(address.Holds(UrlPath.Plain(exact!.AbsolutePath)));
        Assert.Equal("api", new UpstreamMap(new HeadgateConfiguration { Upstreams = [new UpstreamConfiguration { Name = "api", Bases = [address] }] }).Find(exact).Name);
    }
}
