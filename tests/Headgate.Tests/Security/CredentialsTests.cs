using System.Text;
using Headgate.App.Security;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Security;

public sealed class CredentialsTests
{
    [Theory]
    [InlineData("Bearer hg_abc", "hg_abc")]
    [InlineData("bearer   hg_abc ", "hg_abc")]
    [InlineData("Token hg_abc", "hg_abc")]
    [InlineData("hg_abc", "hg_abc")]
    [InlineData("Bearer sk-abc", null)]
    [InlineData("Bearer HG_abc", null)]
    [InlineData("Bearer", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("Basic not base64 at all", null)]
    [InlineData("Basic ", null)]
    [InlineData("Basic YQ", null)]
    public void A_token_is_found_in_credentials(string? credentials, string? expected) => Assert.Equal(expected, Credentials.TokenIn(credentials));

    [Theory]
    [InlineData("any:hg_abc", "hg_abc")]
    [InlineData(":hg_abc", "hg_abc")]
    [InlineData("hg_abc:", "hg_abc")]
    [InlineData("a:b:hg_abc", null)]
    [InlineData("any:password", null)]
    [InlineData("hg_abc", "hg_abc")]
    public void A_token_is_found_in_a_name_and_password(string pair, string? expected) =>
        Assert.Equal(expected, Credentials.TokenIn($"Basic {Convert.ToBase64String(Encoding.Latin1.GetBytes(pair))}"));

    [Fact]
    public void Of_a_call_that_goes_on_only_tokens_are_taken()
    {
        var request = Request(("Authorization", "Bearer own"), ("Headgate-Token", "hg_abc"), ("X-Api-Key", "hg_def"), ("X-Other", "hg_ghi"));

        Assert.Equal("hg_abc", Credentials.Take(request, "X-Api-Key"));

        Assert.Equal("Bearer own", request.Headers.Authorization);
        Assert.False(request.Headers.ContainsKey("Headgate-Token"));
        Assert.False(request.Headers.ContainsKey("X-Api-Key"));
        Assert.True(request.Headers.ContainsKey("X-Other"));
    }

    [Fact]
    public void A_token_among_several_values_of_a_header_goes_on_with_none_of_them()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = new string[] { "Bearer own", "Bearer hg_abc" };

        Assert.Equal("hg_abc", Credentials.Take(context.Request, null));

        Assert.False(context.Request.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public void What_an_SDK_sends_as_its_key_may_be_the_token()
    {
        var request = Request(("Authorization", "Bearer hg_abc"));

        Assert.Equal("hg_abc", Credentials.Take(request, null));

        Assert.False(request.Headers.ContainsKey("Authorization"));
        Assert.Null(Credentials.Take(Request(("X-Api-Key", "hg_abc")), "Authorization"));
        Assert.Equal("hg_abc", Credentials.Take(Request(("X-Api-Key", "hg_abc")), "X-Api-Key"));
    }

    [Fact]
    public void A_call_of_the_services_own_shows_whatever_it_shows()
    {
        Assert.Null(Credentials.Shown(Request()));
        Assert.Equal("hg_abc", Credentials.Shown(Request(("Authorization", "Bearer hg_abc"))));
        Assert.Equal("hg_abc", Credentials.Shown(Request(("Authorization", "Bearer hg_other"), ("Headgate-Token", "hg_abc"))));
        Assert.Equal("Bearer other", Credentials.Shown(Request(("Authorization", "Bearer other"))));
    }

    private static HttpRequest Request(params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var context = new DefaultHttpContext();
        foreach (var (name, value) in headers)
            context.Request.Headers[name] = value;
        return context.Request;
    }
}
