using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class SecretsInConfigurationTests
{
    [Theory]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["hunter2"] } } } }""", "the key itself does not belong here")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["env:K"], "as": "Authorization: Bearer hunter2" } } } }""", "has no {key} after the name")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://user:hunter2@a"] } } }""", "holds a user name or password")]
    public void A_secret_written_in_the_wrong_place_is_refused_and_not_repeated(string json, string expected)
    {
        var error = Assert.Single(WrittenConfiguration.Errors(json));

        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_listing_shows_what_was_written_and_not_what_was_put_in()
    {
        var reading = WrittenConfiguration.Read(
            """{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["env:K"], "as": "Authorization: ${env:SCHEME} {key}" } } } }""", ("SCHEME", "hunter2"), ("K", "hunter3"));

        Assert.Empty(reading.Errors);
        var values = ConfigurationListing.Of(reading.Root);
        Assert.Contains(values, value => value is { Pointer: "/upstreams/a/keys/as", Json: "\"Authorization: ${env:SCHEME} {key}\"" });
        Assert.All(values, value => Assert.DoesNotContain("hunter", value.Json, StringComparison.Ordinal));
    }
}
