using Headgate.App.Recording;

namespace Headgate.Tests.Recording;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("https://a.example/p?x=1&api_key=s3cret&y", "https://a.example/p?x=1&api_key=…&y")]
    [InlineData("https://u:s3cret@a.example:8443/p#s3cret", "https://a.example:8443/p")]
    [InlineData("https://a.example/?key=s3cret&keyword=word", "https://a.example/?key=…&keyword=word")]
    [InlineData("https://a.example/?access%5Ftoken=s3cret", "https://a.example/?access_token=…")]
    [InlineData("https://a.example/?X-Amz-Signature=s3cret&sig=s3cret", "https://a.example/?X-Amz-Signature=…&sig=…")]
    public void Of_a_URL_no_secret_is_shown(string url, string shown) => Assert.Equal(shown, Redaction.Of(new Uri(url)));

    [Fact]
    public void Of_headers_the_names_of_secrets_are_shown_and_not_their_values() =>
        Assert.Equal(
            "accept: */*\nauthorization: …\nX-Api-Key: …\nSet-Cookie: …\nidempotency-key: abc\n",
            Redaction.Of([new("accept", "*/*"), new("authorization", "Bearer s"), new("X-Api-Key", "s"), new("Set-Cookie", "a=s"), new("idempotency-key", "abc")]));
}
