using Headgate.App.Recording;
using Headgate.Keys;

namespace Headgate.Tests.Recording;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("https://a.example/p?x=1&api_key=s3cret&y", "https://a.example/p?x=1&api_key=…&y")]
    [InlineData("https://u:s3cret@a.example:8443/p#s3cret", "https://a.example:8443/p")]
    [InlineData("https://a.example/?key=s3cret&keyword=word", "https://a.example/?key=…&keyword=word")]
    [InlineData("https://a.example/?access%5Ftoken=s3cret", "https://a.example/?access_token=…")]
    [InlineData("https://a.example/?X-Amz-Signature=s3cret&sig=s3cret", "https://a.example/?X-Amz-Signature=…&sig=…")]
    [InlineData("https://a.example/?x=1;token=s3cret;y=2", "https://a.example/?x=1;token=…;y=2")]
    [InlineData("https://a.example/?a==&&b=?&secret=a=b", "https://a.example/?a==&&b=?&secret=…")]
    public void Of_a_URL_no_secret_is_shown(string url, string shown) => Assert.Equal(shown, Redaction.Of(new Uri(url)));

    [Fact]
    public void Of_headers_the_names_of_secrets_are_shown_and_not_their_values() =>
        Assert.Equal(
            "accept: */*\nauthorization: …\nX-Api-Key: …\nSet-Cookie: …\nidempotency-key: abc\n",
            Redaction.Of([new("accept", "*/*"), new("authorization", "Bearer s"), new("X-Api-Key", "s"), new("Set-Cookie", "a=s"), new("idempotency-key", "abc")]));

    [Fact]
    public void Of_URLs_in_headers_no_secret_is_shown_either() =>
        Assert.Equal(
            "Location: /next?access_token=…&page=2\nReferer: https://a.example/?key=…\nX-Odd: …\nX-Plain: key=1\n",
            Redaction.Of([new("Location", "/next?access_token=s3cret&page=2"), new("Referer", "https://a.example/?key=s3cret"), new("X-Odd", "it is hg_s3cret"), new("X-Plain", "key=1")]));

    [Fact]
    public void Where_an_API_has_its_keys_a_caller_has_its_own()
    {
        Assert.Equal("X-Shop: …\n", Redaction.Of([new("X-Shop", "s3cret")], KeyTemplate.Parse("X-Shop: {key}")));
        Assert.Equal("https://a.example/?shop=…", Redaction.Of(new Uri("https://a.example/?shop=s3cret"), KeyTemplate.Parse("?shop={key}")));
    }

    [Theory]
    [InlineData("HTTP://A.example:80/x?api_key=s3cret&q=1", "HTTP://A.example:80/x?api_key=…&q=1")]
    [InlineData("http://a.example/x?token=s3cret#access_token=s3cret", "http://a.example/x?token=…")]
    [InlineData("http://a.example/x#access_token=s3cret", "http://a.example/x")]
    public void What_of_a_URL_is_no_secret_is_shown_as_it_was_written(string url, string shown) => Assert.Equal(shown, Redaction.Of(url));
}
