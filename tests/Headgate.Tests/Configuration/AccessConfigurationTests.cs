using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

/// <summary>What <c>serve</c> says of who may call.</summary>
public sealed class AccessConfigurationTests
{
    private const string Hash = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    [Fact]
    public void What_is_given_is_read()
    {
        var access = WrittenConfiguration.Read(WrittenConfiguration.Complete).OrThrow().Serve.Access;

        var token = Assert.Single(access.Tokens);
        Assert.Equal(("ci", Hash, AccessScopes.Read | AccessScopes.Submit, "ci"), (token.Name, token.Hash, token.Scopes, token.Tenant));
        Assert.Equal(new DateTimeOffset(2030, 1, 30, 23, 0, 0, TimeSpan.Zero), token.Expires);
        Assert.Equal(["https://app.example"], access.Cors);
        Assert.Equal(["headgate.internal"], access.Hosts);
        Assert.Equal(["100/s", "10 concurrent"], access.RateLimits.Select(limit => limit.ToString()));
        Assert.Equal("tokens.json", Path.GetFileName(access.TokensFile));
        Assert.Equal(("cert.pem", "key.pem", "env:TLS_PASSWORD"), (Path.GetFileName(access.Tls!.Certificate), Path.GetFileName(access.Tls.Key), access.Tls.Password));
        Assert.True(Path.IsPathRooted(access.Tls.Certificate["file:".Length..]));
    }

    [Fact]
    public void Variables_give_tokens_whole_or_member_by_member()
    {
        var access = WrittenConfiguration.Read("{}", ("HEADGATE_SERVE__TOKENS", $$"""[{ "name": "a", "hash": "{{Hash}}", "scopes": ["read"] }]"""), ("HEADGATE_SERVE__TOKENS__0__TENANT", "t"), ("HEADGATE_SERVE__CORS__0", "http://a")).OrThrow().Serve.Access;

        Assert.Equal(("a", "t"), (Assert.Single(access.Tokens).Name, access.Tokens[0].Tenant));
        Assert.Equal(["http://a"], access.Cors);
    }

    [Theory]
    [InlineData("""{ "serve": { "tokens": [{ "name": "a", "hash": "hg_s3cret", "scopes": ["read"] }] } }""", "/serve/tokens/0/hash: the hash is \"sha256:\" and 64 hex digits")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "a", "hash": "HASH", "scopes": ["operate"], "tenant": "t" }] } }""", "/serve/tokens/0: operate and admin are for the whole service")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "a", "hash": "HASH", "scopes": ["read"] }, { "name": "b", "hash": "HASH", "scopes": ["read"] }] } }""", "/serve/tokens/1: this is the token \"a\" once more")]
    [InlineData("""{ "serve": { "cors": ["*"] } }""", "/serve/cors/0: \"*\" would let every page in the world")]
    [InlineData("""{ "serve": { "cors": ["app.example"] } }""", "is not an origin")]
    [InlineData("""{ "serve": { "rateLimits": ["100 tokens/s"] } }""", "/serve/rateLimits/0: \"100 tokens/s\" counts tokens")]
    [InlineData("""{ "serve": { "listen": ["https://127.0.0.1:1"] } }""", "/serve/listen: https://127.0.0.1:1 needs a certificate")]
    [InlineData("""{ "serve": { "tls": { "certificate": "file:a", "password": "s3cret" } } }""", "/serve/tls/password: a password is named by")]
    public void What_does_not_fit_is_told_with_its_place_and_without_secrets(string json, string expected)
    {
        var error = Assert.Single(WrittenConfiguration.Errors(json.Replace("HASH", Hash, StringComparison.Ordinal)));

        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_are_listed_member_by_member()
    {
        var values = ConfigurationListing.Of(WrittenConfiguration.Read(WrittenConfiguration.Complete).Root);

        Assert.Contains(values, value => value is { Pointer: "/serve/tokens/0/name", Json: "\"ci\"" });
        Assert.Contains(values, value => value is { Pointer: "/serve/tokens/0/scopes/1", Json: "\"submit\"" });
    }
}
