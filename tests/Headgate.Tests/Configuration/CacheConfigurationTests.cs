using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class CacheConfigurationTests
{
    [Theory]
    [InlineData("\"off\"", "off", "")]
    [InlineData("\"http\"", "http", "")]
    [InlineData("\"shared\"", "shared", "CDN-Cache-Control")]
    [InlineData("\"ttl=300\"", "ttl=300", "")]
    [InlineData("\"ttl=5m\"", "ttl=300", "")]
    [InlineData("""{ "mode": "http" }""", "http", "")]
    [InlineData("""{ "mode": "ttl", "ttl": 60 }""", "ttl=60", "")]
    [InlineData("""{ "mode": "ttl", "ttl": "1h" }""", "ttl=3600", "")]
    [InlineData("""{ "mode": "shared", "targets": [] }""", "shared", "")]
    [InlineData("""{ "mode": "shared", "targets": ["Mine-Cache-Control", "CDN-Cache-Control"] }""", "shared", "Mine-Cache-Control,CDN-Cache-Control")]
    public void A_text_and_a_group_say_the_same(string json, string expected, string targets)
    {
        var cache = WrittenConfiguration.Read($$"""{ "upstreams": { "a": { "base": ["http://a"], "cache": {{json}} } } }""").OrThrow().Upstreams[0].Policy.Cache!;

        Assert.Equal((expected, targets), ($"{cache}", string.Join(',', cache.Targets)));
    }

    [Theory]
    [InlineData("\"on\"", "\"on\" is not a cache: \"off\"")]
    [InlineData("\"ttl=0\"", "\"ttl=0\" is not a cache")]
    [InlineData("\"ttl=\"", "\"ttl=\" is not a cache")]
    [InlineData("\"ttl=400d\"", "\"ttl=400d\" is not a cache: \"off\", \"http\", \"shared\" or \"ttl=300\" (1 s to 366 days)")]
    [InlineData("true", "true is not a cache")]
    [InlineData("{}", "\"mode\" is missing")]
    [InlineData("""{ "mode": "ttl" }""", "\"ttl\" is missing")]
    [InlineData("""{ "mode": "http", "ttl": 5 }""", "a ttl goes with the mode \"ttl\"")]
    [InlineData("""{ "mode": "http", "tll": 5 }""", "\"tll\" is no member of a cache")]
    [InlineData("""{ "mode": "shared", "targets": ["a b"] }""", "\"targets\" is a list of names of headers")]
    public void What_is_wrong_is_said(string json, string expected) =>
        Assert.Contains(expected, Assert.Single(WrittenConfiguration.Errors($$"""{ "defaults": { "cache": {{json}} } }""")), StringComparison.Ordinal);

    [Fact]
    public void An_api_has_that_of_the_defaults_unless_it_says_another_and_the_variables_win()
    {
        const string Json = """{ "defaults": { "cache": "http" }, "upstreams": { "a": { "base": ["http://a"] }, "b": { "base": ["http://b"], "cache": "off" } } }""";

        Assert.Equal(["http", "off"], WrittenConfiguration.Read(Json).OrThrow().Upstreams.Select(api => $"{api.Policy.Cache}"));
        Assert.Equal(["http", "ttl=7"], WrittenConfiguration.Read(Json, ("HEADGATE_UPSTREAMS__b__CACHE", "ttl=7")).OrThrow().Upstreams.Select(api => $"{api.Policy.Cache}"));
    }

    [Fact]
    public void It_is_listed_as_it_was_written()
    {
        var reading = WrittenConfiguration.Read("""{ "defaults": { "cache": { "mode": "ttl", "ttl": 60 } } }""");

        Assert.Contains(ConfigurationListing.Of(reading.Root), value => value is { Pointer: "/defaults/cache", Json: "{ \"mode\": \"ttl\", \"ttl\": 60 }" });
    }
}
