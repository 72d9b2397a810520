using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §4.3 and §3.2: asking whether a stored answer still is one, and what the answer to that changes.</summary>
public sealed class Rfc9111ValidationTests
{
    private const string Stale = "200 | Cache-Control: max-age=1 | ETag: \"a\" | Last-Modified: {-1000} | X: 1 | Y: 1 | =x";

    [Theory]
    [InlineData("§4.3.1: the entity tag", "ETag: \"a\"", "\"a\"", null)]
    [InlineData("§4.3.1: a weak one", "ETag: W/\"a\"", "W/\"a\"", null)]
    [InlineData("§4.3.1: the date", "Last-Modified: {-1000}", null, "{-1000}")]
    [InlineData("§4.3.1: both", "ETag: \"a\" | Last-Modified: {-1000}", "\"a\"", "{-1000}")]
    public void The_validators_are_sent(string requirement, string validators, string? tag, string? since)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=1 | {validators}");

        var sent = Assert.Single(world.Pass(200).Get("Accept: a", "304").Asked);

        Assert.True(tag == sent.Combined("If-None-Match"), requirement);
        Assert.Equal(since is null ? null : CacheWorld.Date(-1000), sent.Combined("If-Modified-Since"));
        Assert.Equal("a", sent.First("Accept"));
    }

    [Fact]
    public void Section_4_3_1_the_conditions_of_the_requester_are_not_sent_and_judged_by_what_comes()
    {
        var world = new CacheWorld();
        world.Get("", Stale);

        var seen = world.Pass(2).Get("If-None-Match: \"b\", \"a\" | If-Modified-Since: {0} | Range: bytes=0-0", "304 | ETag: \"a\" | X: 2");

        Assert.Equal("\"a\"", seen.Asked[0].Combined("If-None-Match"));
        Assert.False(seen.Asked[0].Has("Range"));
        Assert.Equal((304, "2"), (seen.Status, seen["X"]));
    }

    [Fact]
    public void Section_4_3_1_the_fields_that_an_answer_was_chosen_by_are_sent()
    {
        var world = new CacheWorld();
        world.Get("Abc: 1", "200 | Cache-Control: max-age=1 | ETag: \"a\" | Vary: Abc");

        Assert.Equal("1", world.Pass(2).Get("Abc: 1", "304").Asked[0].First("Abc"));
    }

    [Fact]
    public void Section_4_3_3_the_conditions_of_a_requester_go_to_the_api_where_nothing_is_stored()
    {
        var seen = new CacheWorld().Get("If-None-Match: \"a\"", "304 | ETag: \"a\"");

        Assert.Equal((304, "\"a\""), (seen.Status, seen.Asked[0].Combined("If-None-Match")));
    }

    [Theory]
    [InlineData("§3.2: what is new takes the place of all of its name", "X: 2 | X: 3", "X", "2, 3")]
    [InlineData("§3.2: what is not said stays", "X: 2", "Y", "1")]
    [InlineData("§3.2: what was not there is added", "Z: 2", "Z", "2")]
    [InlineData("§3.2: its lifetime", "Cache-Control: max-age=3600", "Cache-Control", "max-age=3600")]
    [InlineData("§3.2: not the length of the body", "Content-Length: 99", "Content-Length", null)]
    [InlineData("§3.2: not how the body is written", "Content-Encoding: gzip", "Content-Encoding", null)]
    [InlineData("§3.1: not what is of the connection", "Keep-Alive: 5 | Connection: Z | Z: 1", "Z", null)]
    public void Section_4_3_4_a_304_makes_the_stored_answer_current(string requirement, string fields, string name, string? value)
    {
        var world = new CacheWorld();
        world.Get("", Stale);

        var seen = world.Pass(2).Get("", $"304 | ETag: \"a\" | {fields}");

        Assert.True((200, "x", value) == (seen.Status, seen.Body, seen[name]), $"{requirement}: {seen[name]}");
        Assert.Equal("0", seen["Age"]);
        Assert.Equal(value, world.Get("")[name]);
    }

    [Theory]
    [InlineData("§4.3.4: another strong tag", "ETag: \"b\"")]
    [InlineData("§4.3.4: a strong tag for a weak one", "ETag: \"a\"", "W/\"a\"")]
    [InlineData("§4.3.4: another weak tag", "ETag: W/\"b\"")]
    [InlineData("§4.3.4: another date", "Last-Modified: {-500}")]
    public void Section_4_3_4_a_304_of_another_version_changes_nothing_and_the_api_is_asked_for_all(string requirement, string validators, string stored = "\"a\"")
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=1 | ETag: {stored} | Last-Modified: {{-1000}} | =x");

        var seen = world.Pass(2).Get("", $"304 | {validators} | X: 2", "200 | =new");

        Assert.True((200, "new") == (seen.Status, seen.Body), requirement);
        Assert.False(seen.Asked[1].Has("If-None-Match") || seen.Asked[1].Has("If-Modified-Since"));
    }

    [Theory]
    [InlineData("ETag: W/\"a\"")]
    [InlineData("Last-Modified: {-1000}")]
    [InlineData("X: 2")]
    public void Section_4_3_4_a_304_of_the_same_version_or_of_none_is_about_what_was_asked(string validators)
    {
        var world = new CacheWorld();
        world.Get("", Stale);

        Assert.Equal((200, "x"), (world.Pass(2).Get("", $"304 | {validators}").Status, world.Get("", "304").Body));
    }

    [Fact]
    public void Section_4_3_3_a_whole_answer_takes_the_place_of_the_stored_one()
    {
        var world = new CacheWorld();
        world.Get("", Stale);

        Assert.Equal("new", world.Pass(2).Get("", "200 | Cache-Control: max-age=60 | =new").Body);
        Assert.Equal("new", world.Get("").Body);
    }

    [Fact]
    public void Section_5_2_2_5_an_answer_is_let_go_when_a_304_says_no_store()
    {
        var world = new CacheWorld();
        world.Get("", Stale);

        Assert.Equal("x", world.Pass(2).Get("", "304 | ETag: \"a\" | Cache-Control: no-store").Body);
        Assert.Equal(ForwardReason.UriMiss, world.Get("", "200").Decision.Reason);
    }

    [Theory]
    [InlineData("B", "B: 1", "B: 2", ForwardReason.VaryMiss)]
    [InlineData("*", "", "", ForwardReason.VaryMiss)]
    internal void Section_4_1_a_304_may_say_that_an_answer_was_chosen_by_more(string vary, string first, string second, ForwardReason reason)
    {
        var world = new CacheWorld();
        world.Get(first, Stale);
        world.Pass(2).Get(first, $"304 | ETag: \"a\" | Cache-Control: max-age=60 | Vary: {vary}");

        Assert.Equal(reason, world.Get(second, "200").Decision.Reason);
    }

    [Theory]
    [InlineData("RFC 9110 §13.1.2: the same tag", "If-None-Match: \"a\"", 304)]
    [InlineData("RFC 9110 §13.1.2: among others", "If-None-Match: \"x\", \"a\", \"y\"", 304)]
    [InlineData("RFC 9110 §13.1.2: with commas and backslashes in others", "If-None-Match: \"x,\\\", \"a\"", 304)]
    [InlineData("RFC 9110 §13.1.2: on another line", "If-None-Match: \"x\" | If-None-Match: \"a\"", 304)]
    [InlineData("RFC 9110 §13.1.2: compared weakly", "If-None-Match: W/\"a\"", 304)]
    [InlineData("RFC 9110 §13.1.2: any", "If-None-Match: *", 304)]
    [InlineData("RFC 9110 §13.1.2: another tag", "If-None-Match: \"b\"", 200)]
    [InlineData("RFC 9110 §13.2.2: it goes before the date", "If-None-Match: \"b\" | If-Modified-Since: {0}", 200)]
    [InlineData("RFC 9110 §13.2.2: it goes before an earlier date", "If-None-Match: \"a\" | If-Modified-Since: {-5000}", 304)]
    [InlineData("RFC 9110 §13.1.3: the date of the last change", "If-Modified-Since: {-1000}", 304)]
    [InlineData("RFC 9110 §13.1.3: a later one", "If-Modified-Since: {-900}", 304)]
    [InlineData("RFC 9110 §13.1.3: an earlier one", "If-Modified-Since: {-1001}", 200)]
    [InlineData("RFC 9110 §13.1.3: no date", "If-Modified-Since: yesterday", 200)]
    [InlineData("RFC 9110 §13.1.3: two dates", "If-Modified-Since: {0} | If-Modified-Since: {0}", 200)]
    public void Section_4_3_2_conditions_are_judged_by_the_stored_answer(string requirement, string conditions, int status)
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {-1000} | Content-Type: a/b | Content-Length: 1 | Vary: v | =x");

        var seen = world.Get(conditions);

        Assert.True(status == seen.Status, $"{requirement}: {seen.Status}");
        Assert.Equal(status == 304 ? "" : "x", seen.Body);
        Assert.Equal(("\"a\"", "v", status == 200), (seen["ETag"], seen["Vary"], seen.Fields.Has("Content-Type")));
    }

    [Fact]
    public void Section_4_3_2_without_a_date_of_change_that_of_the_answer_counts()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | Date: {0} | =x");

        Assert.Equal((304, 200), (world.Get("If-Modified-Since: {0}").Status, world.Get("If-Modified-Since: {-1}").Status));
    }

    [Fact]
    public void Rfc_9110_section_13_2_1_conditions_do_not_count_for_what_is_no_success()
    {
        var world = new CacheWorld();
        world.Get("", "404 | Cache-Control: max-age=60 | ETag: \"a\"");

        Assert.Equal(404, world.Get("If-None-Match: \"a\"").Status);
    }

    [Theory]
    [InlineData("§4.3.5: of the same version", "ETag: \"a\" | Cache-Control: max-age=100", true)]
    [InlineData("§4.3.5: that says no version", "Cache-Control: max-age=100", true)]
    [InlineData("§4.3.5: of the same length", "Content-Length: 1 | Cache-Control: max-age=100", true)]
    [InlineData("§4.3.5: of another version", "ETag: \"b\" | Cache-Control: max-age=100", false)]
    [InlineData("§4.3.5: of another length", "ETag: \"a\" | Content-Length: 2 | Cache-Control: max-age=100", false)]
    public void Section_4_3_5_a_head_makes_the_stored_get_current_or_outdated(string requirement, string answer, bool isCurrent)
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=1 | ETag: \"a\" | X: 1 | =x");

        world.Pass(2).Ask("HEAD", CacheWorld.Url, "", $"200 | {answer} | X: 2");
        var seen = world.Get("", "304");

        Assert.True(isCurrent != seen.WasAsked, requirement);
        Assert.Equal(isCurrent ? "2" : "1", seen["X"]);
    }

    [Fact]
    public void Section_4_3_5_a_head_that_fails_says_nothing_of_the_get()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | =x");

        world.Ask("HEAD", CacheWorld.Url, "Cache-Control: no-cache", "410 | ETag: \"b\"");

        Assert.False(world.Get("").WasAsked);
    }
}
