using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §4.4 and RFC 9875: what is not current any more after something was changed.</summary>
public sealed class Rfc9111InvalidationTests
{
    private const string Fresh = "200 | Cache-Control: max-age=60 | ETag: \"a\" | =x";

    [Theory]
    [InlineData("§4.4: POST", "POST", 200, true)]
    [InlineData("§4.4: PUT", "PUT", 204, true)]
    [InlineData("§4.4: DELETE", "DELETE", 200, true)]
    [InlineData("§4.4: a redirect is no error", "POST", 303, true)]
    [InlineData("§4.4: a method that nobody knows", "M-SEARCH", 200, true)]
    [InlineData("§4.4: methods have letter case", "get", 200, true)]
    [InlineData("§4.4: not if it failed", "POST", 500, false)]
    [InlineData("§4.4: not if it was refused", "DELETE", 404, false)]
    [InlineData("§4.4: not by a safe method", "OPTIONS", 200, false)]
    [InlineData("§4.4: not by another safe method", "PROPFIND", 207, false)]
    public void Section_4_4_an_unsafe_method_invalidates_its_url(string requirement, string method, int status, bool isInvalid)
    {
        var world = new CacheWorld();
        world.Get("", Fresh);

        world.Pass(1).Ask(method, CacheWorld.Url, "", $"{status}");
        var seen = world.Get("", "304");

        Assert.True(isInvalid == seen.WasAsked, requirement);
    }

    [Theory]
    [InlineData("§4.4: Location", "Location: /other", true)]
    [InlineData("§4.4: Content-Location", "Content-Location: other", true)]
    [InlineData("§4.4: absolute", "Location: https://API.test:443/other#x", true)]
    [InlineData("§4.4: of another host", "Location: https://evil.test/other", false)]
    [InlineData("§4.4: of another scheme", "Location: http://api.test/other", false)]
    [InlineData("§4.4: of another port", "Location: https://api.test:444/other", false)]
    [InlineData("§4.4: no URL", "Location: http://[", false)]
    public void Section_4_4_so_does_what_it_says_to_be_its_place_on_the_same_origin(string requirement, string location, bool isInvalid)
    {
        var world = new CacheWorld();
        foreach (var url in new[] { "https://api.test/other", "https://evil.test/other", "http://api.test/other", "https://api.test:444/other" })
            world.Ask("GET", url, "", Fresh);

        world.Pass(1).Ask("POST", CacheWorld.Url, "", $"201 | {location}");

        Assert.True(isInvalid == world.Ask("GET", "https://api.test/other", "", "304").WasAsked, requirement);
        Assert.False(world.Ask("GET", "https://evil.test/other", "").WasAsked);
        Assert.False(world.Ask("GET", "http://api.test/other", "").WasAsked);
        Assert.False(world.Ask("GET", "https://api.test:444/other", "").WasAsked);
    }

    [Fact]
    public void Section_4_4_what_is_invalid_is_invalid_for_all_credentials_and_not_used_unvalidated()
    {
        var world = new CacheWorld();
        world.Get("Authorization: Bearer a", "200 | Cache-Control: max-age=60, stale-if-error=60, stale-while-revalidate=60 | ETag: \"a\" | =x");

        world.Pass(1).Ask("DELETE", CacheWorld.Url, "Authorization: Bearer b", "204");

        Assert.Equal(504, world.Get("Authorization: Bearer a", [null]).Status);
        Assert.Equal(503, world.Get("Authorization: Bearer a", "503").Status);
        Assert.Equal(504, world.Get("Authorization: Bearer a | Cache-Control: only-if-cached").Status);
        Assert.Equal("x", world.Pass(1).Get("Authorization: Bearer a", "304").Body);
        Assert.False(world.Get("Authorization: Bearer a").WasAsked);
    }

    [Fact]
    public void An_answer_that_was_under_way_while_its_url_was_changed_is_validated_before_it_is_used()
    {
        var world = new CacheWorld();
        var request = CacheWorld.RequestOf(world.Rules, "GET", CacheWorld.Url, "");
        var decision = world.Cache.Decide(request, world.Now);
        var asked = world.Now;

        world.Pass(1).Ask("PUT", CacheWorld.Url, "", "200");
        var answer = world.Pass(1).Received(Fresh) with { RequestedAt = asked };
        world.Cache.Keep(request, world.Cache.Receive(request, decision, answer), answer, out _);

        Assert.True(world.Get("", "304").WasAsked);
    }

    [Fact]
    public void What_was_invalidated_long_ago_stays_so_and_nothing_else_becomes_so_before_very_much_was()
    {
        var world = new CacheWorld();
        world.Get("", Fresh);
        world.Ask("GET", "https://api.test/other", "", Fresh);
        world.Pass(1).Ask("PUT", CacheWorld.Url, "", "200");

        for (var number = 0; number < 500; number++)
            world.Ask("PUT", $"https://api.test/{number}", "", "200");
        Assert.False(world.Ask("GET", "https://api.test/other", "").WasAsked);

        for (var number = 0; number < 50_000; number++)
            world.Ask("PUT", $"https://api.test/{number}", "", "200");
        Assert.True(world.Get("", "304").WasAsked);
    }

    [Theory]
    [InlineData("RFC 9875 §3: its group", "POST", "https://api.test/any", 200, "\"a\"", true)]
    [InlineData("RFC 9875 §3: one of several", "POST", "https://api.test/any", 200, "\"x\", \"b\"", true)]
    [InlineData("RFC 9875 §3: another group", "POST", "https://api.test/any", 200, "\"x\"", false)]
    [InlineData("RFC 9875 §2: groups have letter case", "POST", "https://api.test/any", 200, "\"A\"", false)]
    [InlineData("RFC 9875 §3: of another origin", "POST", "https://other.test/any", 200, "\"a\"", false)]
    [InlineData("RFC 9875 §3: of a safe method", "GET", "https://api.test/any", 200, "\"a\"", false)]
    [InlineData("RFC 9875 §3: malformed", "POST", "https://api.test/any", 200, "\"a\", \"", false)]
    [InlineData("RFC 9875 §3: a token is no name", "POST", "https://api.test/any", 200, "a", false)]
    public void Rfc_9875_an_unsafe_method_invalidates_groups(string requirement, string method, string url, int status, string groups, bool isInvalid)
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | Cache-Groups: \"a\", \"b\" | =x");

        world.Pass(1).Ask(method, url, "", $"{status} | Cache-Group-Invalidation: {groups}");

        Assert.True(isInvalid == world.Get("", "304 | Cache-Groups: \"a\"").WasAsked, requirement);
    }

    [Fact]
    public void Rfc_9875_section_2_more_than_32_groups_of_more_than_32_characters_are_known()
    {
        var world = new CacheWorld();
        var names = Enumerable.Range(0, 100).Select(number => $"\"{new string('g', 60)}{number}\"").ToArray();
        world.Get("", $"200 | Cache-Control: max-age=60 | Cache-Groups: {string.Join(", ", names)}");

        world.Pass(1).Ask("POST", "https://api.test/any", "", $"200 | Cache-Group-Invalidation: {names[^1]}");

        Assert.True(world.Get("", "200").WasAsked);
    }

    [Fact]
    public void Rfc_9875_section_3_groups_of_what_is_invalidated_are_not()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | Cache-Groups: \"a\", \"b\"");
        world.Ask("GET", "https://api.test/other", "", "200 | Cache-Control: max-age=60 | Cache-Groups: \"b\"");

        world.Pass(1).Ask("POST", "https://api.test/any", "", "200 | Cache-Group-Invalidation: \"a\"");

        Assert.False(world.Ask("GET", "https://api.test/other", "").WasAsked);
    }
}
