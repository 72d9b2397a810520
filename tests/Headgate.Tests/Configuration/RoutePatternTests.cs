using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class RoutePatternTests
{
    [Theory]
    [InlineData("/**", "/", true)]
    [InlineData("/**", "/any/thing/at/all", true)]
    [InlineData("/search/**", "/search", true)]
    [InlineData("/search/**", "/search/code", true)]
    [InlineData("/search/**", "/search/code/deep", true)]
    [InlineData("/search/**", "/searches", false)]
    [InlineData("/search/**", "/v1/search", false)]
    [InlineData("/search", "/search/", true)]
    [InlineData("/search", "/search/code", false)]
    [InlineData("/repos/*/*/issues", "/repos/a/b/issues", true)]
    [InlineData("/repos/*/*/issues", "/repos/a/issues", false)]
    [InlineData("/repos/*/*/issues", "/repos/a/b/c/issues", false)]
    [InlineData("/**/issues", "/repos/a/b/issues", true)]
    [InlineData("/**/issues", "/issues", true)]
    [InlineData("/**/issues", "/issues/issues/x", false)]
    [InlineData("/**/a/**/b", "/a/x/a/y/b", true)]
    [InlineData("/**/a/**/b", "/a/x/a/y/c", false)]
    [InlineData("/", "/", true)]
    [InlineData("/", "/x", false)]
    [InlineData("/Search", "/search", false)]
    [InlineData("/caf%c3%a9/**", "/caf%C3%A9/x", true)]
    [InlineData("/caf\u00e9/**", "/caf%C3%A9/x", true)]
    [InlineData("/a%62/m%3Agen", "/ab/m:gen", true)]
    [InlineData("/%2A", "/x", false)]
    public void A_pattern_holds_the_paths_it_describes(string pattern, string path, bool holds)
    {
        Assert.True(RoutePattern.TryParse(pattern, out var route, out _));

        Assert.Equal(holds, route.Holds(path));
    }

    [Theory]
    [InlineData("search", "begins with a slash")]
    [InlineData("/search?q=1", "query")]
    [InlineData("/sea*", "mixes *")]
    public void What_is_no_pattern_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(RoutePattern.TryParse(text, out _, out var problem));

        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_path_takes_no_longer_than_its_length_times_that_of_the_pattern()
    {
        Assert.True(RoutePattern.TryParse("/**/a/**/a/**/a/**/a/**/a/**/b", out var route, out _));

        Assert.False(route.Holds(string.Concat(Enumerable.Repeat("/a", 20_000))));
    }

    [Fact]
    public void Routes_countries_and_throttled_answers_are_read_and_what_is_wrong_is_told_with_its_place()
    {
        var right = WrittenConfiguration.Read(
            """
            { "upstreams": { "a": { "base": ["http://a"],
              "routes": { "search": { "match": "/search/**", "limits": ["30/min"] }, "write": { "methods": ["POST"], "limits": ["80/min"] } },
              "geo": { "DE": ["10/s"] },
              "throttled": { "status": 200, "pointer": "/errors/0/extensions/code", "equals": "THROTTLED" } } } }
            """).OrThrow().Upstreams[0];

        Assert.Equal(["search", "write"], right.Routes.Select(route => route.Name));
        Assert.True(right.Routes[0].Holds("GET", "/search/code"));
        Assert.False(right.Routes[1].Holds("GET", "/x"));
        Assert.Equal("DE", Assert.Single(right.Geo).Country);
        Assert.Equal(new ThrottledConfiguration(new StatusRange(200, 200), "/errors/0/extensions/code", "THROTTLED"), right.Throttled);

        var wrong = WrittenConfiguration.Read(
            """{ "upstreams": { "a": { "base": ["http://a"], "routes": { "x": { "match": "search" } }, "geo": { "Germany": ["1/s"] }, "throttled": { "pointer": "/a" } } } }""");

        Assert.Equal(
            ["/upstreams/a/geo/Germany", "/upstreams/a/routes/x", "/upstreams/a/routes/x/match", "/upstreams/a/throttled"],
            wrong.Errors.Select(error => error.Pointer).Order(StringComparer.Ordinal));
    }
}
