using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>No-Vary-Search: queries that mean the same although they are written otherwise.</summary>
public sealed class NoVarySearchTests
{
    [Theory]
    [InlineData("parameters that do not count", "params=(\"utm\" \"ref\")", "?a=1&utm=x", "?ref=y&a=1", true)]
    [InlineData("the others do", "params=(\"utm\")", "?a=1&utm=x", "?a=2&utm=x", false)]
    [InlineData("their order too", "params=(\"utm\")", "?a=1&b=2", "?b=2&a=1", false)]
    [InlineData("their number too", "params=(\"utm\")", "?a=1", "?a=1&a=1", false)]
    [InlineData("the order does not", "key-order", "?a=1&b=2", "?b=2&a=1", true)]
    [InlineData("the order of the same does", "key-order", "?a=1&a=2", "?a=2&a=1", false)]
    [InlineData("neither", "params=(\"utm\"), key-order", "?a=1&b=2", "?b=2&utm=1&a=1", true)]
    [InlineData("only some count", "except=(\"a\")", "?a=1&b=2", "?c=3&a=1", true)]
    [InlineData("those do", "except=(\"a\")", "?a=1", "?a=2", false)]
    [InlineData("none counts", "except=()", "?a=1", "", true)]
    [InlineData("as forms are written", "params=(\"u\"), key-order", "?a%20b=%41+c", "?a+b=A%20c", true)]
    [InlineData("names as forms are written", "params=(\"a+b\")", "?x=1&a%20b=1", "?x=1", true)]
    [InlineData("an empty value", "params=(\"u\")", "?a", "?a=", true)]
    [InlineData("both lists are none", "params=(\"a\"), except=(\"a\")", "?a=1", "?a=2", false)]
    [InlineData("both lists are none for others either", "params=(\"a\"), except=(\"a\")", "?c=1", "?c=2", false)]
    [InlineData("a boolean is no list", "params", "?a=1", "?a=2", false)]
    [InlineData("an order that is no boolean", "key-order=1, params=(\"a\")", "?a=1", "?a=2", false)]
    [InlineData("a name that is no text", "params=(\"a\" b)", "?a=1", "?a=2", false)]
    [InlineData("malformed", "params=(\"a\"", "?a=1", "?a=2", false)]
    [InlineData("unknown members", "foo=1, params=(\"a\")", "?a=1", "?a=2", true)]
    public void A_query_is_found_by_what_counts_of_it(string what, string rule, string first, string second, bool isMatch)
    {
        var world = new CacheWorld();
        world.Ask("GET", $"https://api.test/a{first}", "", $"200 | Cache-Control: max-age=60 | No-Vary-Search: {rule} | =x");

        Assert.True(isMatch != world.Ask("GET", $"https://api.test/a{second}", "", "200").WasAsked, what);
        Assert.False(world.Ask("GET", $"https://api.test/a{first}", "").WasAsked);
    }

    [Fact]
    public void Another_path_is_another_resource()
    {
        var world = new CacheWorld();
        world.Ask("GET", "https://api.test/a?u=1", "", "200 | Cache-Control: max-age=60 | No-Vary-Search: params=(\"u\")");

        Assert.True(world.Ask("GET", "https://api.test/b?u=1", "", "200").WasAsked);
    }

    [Fact]
    public void What_one_rule_makes_the_same_another_does_not()
    {
        var world = new CacheWorld();
        world.Ask("GET", "https://api.test/a?a=1&b=2", "", "200 | Cache-Control: max-age=60 | No-Vary-Search: params=(\"b\") | =one");
        world.Ask("GET", "https://api.test/a?a=2&c=2", "", "200 | Cache-Control: max-age=60 | No-Vary-Search: params=(\"c\") | =two");

        Assert.Equal("one", world.Ask("GET", "https://api.test/a?a=1&b=3", "").Body);
        Assert.Equal("two", world.Ask("GET", "https://api.test/a?a=2&c=3", "").Body);
        Assert.True(world.Ask("GET", "https://api.test/a?a=1&c=3", "", "200").WasAsked);
    }

    [Fact]
    public void Whatever_its_query_it_is_validated_and_invalidated_as_one()
    {
        var world = new CacheWorld();
        world.Ask("GET", "https://api.test/a?u=1", "", "200 | Cache-Control: max-age=60 | ETag: \"a\" | No-Vary-Search: params=(\"u\") | =x");

        world.Pass(1).Ask("POST", "https://api.test/a?u=2", "", "200");
        Assert.Equal("x", world.Pass(1).Ask("GET", "https://api.test/a?u=3", "", "304 | ETag: \"a\"").Body);
        Assert.False(world.Ask("GET", "https://api.test/a?u=4", "").WasAsked);
    }
}
