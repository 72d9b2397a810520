using Headgate.App.Security;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Security;

public sealed class CrossOriginTests
{
    private readonly CrossOrigin _pages = new(["https://app.example"]);

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("https://app.example", null, true)]
    [InlineData("https://app.example", "cross-site", true)]
    [InlineData("HTTPS://APP.EXAMPLE", null, true)]
    [InlineData("http://localhost:8015", "same-origin", true)]
    [InlineData("https://localhost:8015", null, false)]
    [InlineData("http://app.example", null, false)]
    [InlineData("https://app.example:8443", null, false)]
    [InlineData("https://app.example.evil.example", null, false)]
    [InlineData("https://sub.app.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData("", null, false)]
    [InlineData(null, "cross-site", false)]
    [InlineData(null, "same-site", false)]
    [InlineData(null, "none", true)]
    public void Only_pages_of_our_own_and_of_exactly_the_configured_origins_may_call(string? origin, string? site, bool expected)
    {
        var context = Call("GET", ("Origin", origin), ("Sec-Fetch-Site", site));

        Assert.Equal(expected, _pages.Allows(context.Request));
    }

    [Fact]
    public void A_browser_that_asks_first_is_told_what_it_may()
    {
        var context = Call("OPTIONS", ("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type"));

        Assert.True(_pages.TryAnswerPreflight(context));

        var headers = context.Response.Headers;
        Assert.Equal(204, context.Response.StatusCode);
        Assert.Equal(("https://app.example", "authorization,content-type", "Origin"), (headers.AccessControlAllowOrigin.ToString(), headers.AccessControlAllowHeaders.ToString(), headers.Vary.ToString()));
        Assert.Contains("POST", headers.AccessControlAllowMethods.ToString(), StringComparison.Ordinal);
        Assert.False(headers.ContainsKey("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData("OPTIONS", "https://app.example", null)]
    [InlineData("GET", "https://app.example", "POST")]
    [InlineData("OPTIONS", "https://evil.example", "POST")]
    [InlineData("OPTIONS", "http://localhost:8015", "POST")]
    [InlineData("OPTIONS", null, "POST")]
    public void Nothing_else_is_taken_for_such_a_question(string method, string? origin, string? asked) =>
        Assert.False(_pages.TryAnswerPreflight(Call(method, ("Origin", origin), ("Access-Control-Request-Method", asked))));

    private static DefaultHttpContext Call(string method, params ReadOnlySpan<(string Name, string? Value)> headers)
    {
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Scheme, context.Request.Host) = (method, "http", new HostString("localhost:8015"));
        foreach (var (name, value) in headers)
            if (value is not null)
                context.Request.Headers[name] = value;
        return context;
    }
}
