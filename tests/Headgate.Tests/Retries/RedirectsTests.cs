namespace Headgate.Tests.Retries;

public sealed class RedirectsTests
{
    private static Redirect? Next(string method, int status, string? location, string from = "https://example.com/a/b?c#here", int hops = 0) =>
        Redirects.Next(new HttpMethod(method), new Uri(from), status, location, hops);

    [Theory]
    [InlineData("GET", 301, "GET", false)]
    [InlineData("HEAD", 301, "HEAD", false)]
    [InlineData("POST", 301, "GET", true)]
    [InlineData("PUT", 301, "PUT", false)]
    [InlineData("POST", 302, "GET", true)]
    [InlineData("PATCH", 302, "PATCH", false)]
    [InlineData("DELETE", 302, "DELETE", false)]
    [InlineData("POST", 303, "GET", true)]
    [InlineData("PUT", 303, "GET", true)]
    [InlineData("DELETE", 303, "GET", true)]
    [InlineData("HEAD", 303, "HEAD", false)]
    [InlineData("GET", 303, "GET", false)]
    [InlineData("POST", 307, "POST", false)]
    [InlineData("POST", 308, "POST", false)]
    public void The_method_and_the_body_follow_the_rules_of_the_status(string method, int status, string then, bool dropsBody)
    {
        var next = Next(method, status, "/x")!;
        Assert.Equal((then, dropsBody), (next.Method.Method, next.DropsBody));
    }

    [Theory, InlineData(200), InlineData(300), InlineData(304), InlineData(305), InlineData(306), InlineData(404)]
    public void Other_answers_are_returned(int status) => Assert.Null(Next("GET", status, "/x"));

    [Theory]
    [InlineData("/x", "https://example.com/x#here")]
    [InlineData("x", "https://example.com/a/x#here")]
    [InlineData("../x?y", "https://example.com/x?y#here")]
    [InlineData("?y", "https://example.com/a/b?y#here")]
    [InlineData("#there", "https://example.com/a/b?c#there")]
    [InlineData("//other.example/x", "https://other.example/x#here")]
    [InlineData("https://example.com:8443/x#there", "https://example.com:8443/x#there")]
    [InlineData("HTTPS://EXAMPLE.COM/x", "https://example.com/x#here")]
    [InlineData("/caf\u00c3\u00a9", "https://example.com/caf%C3%A9#here")]
    [InlineData("/caf\u00e9", "https://example.com/caf%C3%A9#here")]
    public void The_target_is_read_against_the_address_and_inherits_its_fragment(string location, string target) =>
        Assert.Equal(target, Next("GET", 302, location)!.Uri.AbsoluteUri);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("http://example.com/x")]
    [InlineData("ftp://example.com/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://")]
    [InlineData("https://exa mple.com/")]
    [InlineData("https://example.com:99999/")]
    public void A_target_that_is_missing_invalid_unsafe_or_not_http_is_not_followed(string? location) => Assert.Null(Next("GET", 302, location));

    [Fact]
    public void From_http_both_http_and_https_are_followed()
    {
        Assert.Equal("https", Next("GET", 301, "https://example.com/", "http://example.com/")!.Uri.Scheme);
        Assert.Equal("http", Next("GET", 301, "http://example.com/", "http://example.com/")!.Uri.Scheme);
    }

    [Theory]
    [InlineData("/x", false)]
    [InlineData("https://EXAMPLE.com:443/x", false)]
    [InlineData("https://example.com:8443/x", true)]
    [InlineData("https://www.example.com/x", true)]
    public void Credentials_stay_behind_where_the_origin_is_another(string location, bool dropped)
    {
        var next = Next("POST", 307, location)!.After(null, "x-api-key");
        Assert.Equal(dropped, next.DropsCredentials);
        Assert.All(["Authorization", "cookie", "Proxy-Authorization", "X-Api-Key"], name => Assert.Equal(!dropped, next.Keeps(name)));
        Assert.All(["Accept", "Content-Type", "Expect", "X-Other"], name => Assert.True(next.Keeps(name)));
        Assert.False(next.Keeps("Host"));
    }

    [Fact]
    public void What_one_hop_left_behind_no_later_one_brings_back()
    {
        var first = Next("POST", 303, "https://www.example.com/x")!.After(null, "x-api-key");
        var second = Next("GET", 307, "/y")!.After(first, "x-token");
        Assert.All(["Authorization", "X-Api-Key", "X-Token", "Content-Type"], name => Assert.False(second.Keeps(name)));
        Assert.True(second.Keeps("Accept"));
    }

    [Fact]
    public void An_upgrade_to_https_is_another_origin() => Assert.True(Next("GET", 301, "https://example.com/", "http://example.com/")!.DropsCredentials);

    [Fact]
    public void What_describes_the_body_stays_behind_with_it()
    {
        var next = Next("POST", 303, "/x")!;
        Assert.All(["Content-Type", "content-length", "Expect", "Transfer-Encoding"], name => Assert.False(next.Keeps(name)));
        Assert.True(next.Keeps("Authorization"));
    }

    [Fact]
    public void A_loop_ends_at_the_limit_of_hops()
    {
        Assert.NotNull(Next("GET", 302, "#here", hops: 9));
        Assert.Null(Next("GET", 302, "#here", hops: 10));
        Assert.Null(Redirects.Next(HttpMethod.Get, new Uri("http://a/"), 302, "/", hops: 0, limit: 0));
    }
}
