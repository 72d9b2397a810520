using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §4.1: answers that were chosen by fields of the request.</summary>
public sealed class Rfc9111VaryTests
{
    [Theory]
    [InlineData("the same", "Foo", "Foo: 1", "Foo: 1", true)]
    [InlineData("another value", "Foo", "Foo: 1", "Foo: 2", false)]
    [InlineData("letter case of a value", "Foo", "Foo: a", "Foo: A", false)]
    [InlineData("letter case of a name", "fOO", "Foo: 1", "foo: 1", true)]
    [InlineData("absent now", "Foo", "Foo: 1", "", false)]
    [InlineData("absent then", "Foo", "", "Foo: 1", false)]
    [InlineData("absent both times", "Foo, Bar", "Foo: 1", "Foo: 1", true)]
    [InlineData("one of two", "Foo, Bar", "Foo: 1 | Bar: a", "Foo: 1 | Bar: b", false)]
    [InlineData("in another order", "Foo, Bar", "Foo: 1 | Bar: a", "Bar: a | Foo: 1", true)]
    [InlineData("others do not count", "Foo", "Foo: 1 | Other: 1", "Foo: 1 | Other: 2", true)]
    [InlineData("two lines are one", "Foo", "Foo: 1, 2", "Foo: 1 | Foo: 2", true)]
    [InlineData("spaces are none", "Foo", "Foo: 1,2", "Foo:  1 ,  2 ", true)]
    [InlineData("spaces within quotes are some", "Foo", "Foo: \"1, 2\"", "Foo: \"1,2\"", false)]
    [InlineData("languages in another order", "Accept-Language", "Accept-Language: en, de", "Accept-Language: de, en", true)]
    [InlineData("languages in another letter case", "Accept-Language", "Accept-Language: en, de", "Accept-Language: eN, De", true)]
    [InlineData("languages weighed otherwise", "Accept-Language", "Accept-Language: en, de", "Accept-Language: en, de;q=0.5", false)]
    [InlineData("weights written otherwise", "Accept-Language", "Accept-Language: en, de;q=0.5", "Accept-Language: de;q=0.50, en;q=1.0", true)]
    [InlineData("encodings in another order", "Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: BR, gzip", true)]
    [InlineData("types in another order", "Accept", "Accept: a/b, c/d;v=1", "Accept: c/d;v=1, a/b", true)]
    [InlineData("types with other parameters", "Accept", "Accept: a/b;v=1", "Accept: a/b;v=2", false)]
    public void Section_4_1_a_request_matches_if_the_named_fields_mean_the_same(string what, string vary, string first, string second, bool isMatch)
    {
        var world = new CacheWorld();
        world.Get(first, $"200 | Cache-Control: max-age=60 | Vary: {vary} | =x");

        var seen = world.Get(second, "200");

        Assert.True(isMatch != seen.WasAsked, what);
        Assert.Equal(isMatch ? ForwardReason.None : ForwardReason.VaryMiss, seen.Decision.Reason);
    }

    [Theory]
    [InlineData("fr;q=0.5, de;q=1.0", "de", true)]
    [InlineData("fr;q=0.5, DE", "de", true)]
    [InlineData("fr, de", "de", false)]
    [InlineData("fr, de;q=0.5", "de", false)]
    [InlineData("de;q=0", "de", false)]
    [InlineData("de", "de, en", false)]
    public void Section_4_1_an_answer_in_the_language_that_is_preferred_to_all_others_matches(string accepted, string language, bool isMatch)
    {
        var world = new CacheWorld();
        world.Get("Accept-Language: en, de", $"200 | Cache-Control: max-age=60 | Vary: Accept-Language | Content-Language: {language} | =x");

        Assert.Equal(isMatch, !world.Get($"Accept-Language: {accepted}", "200").WasAsked);
    }

    [Fact]
    public void Section_4_1_several_variants_are_kept_side_by_side_and_replaced_each_by_its_own()
    {
        var world = new CacheWorld();
        world.Get("A: 1", "200 | Cache-Control: max-age=60 | Vary: A | =one");
        world.Get("A: 2", "200 | Cache-Control: max-age=60 | Vary: A | =two");
        world.Pass(1).Get("A: 2 | Cache-Control: no-cache", "200 | Cache-Control: max-age=60 | Vary: A | =three");

        Assert.Equal(("one", "three"), (world.Get("A: 1").Body, world.Get("A: 2").Body));
    }

    [Fact]
    public void Of_variants_that_are_too_much_for_one_url_the_newest_are_kept()
    {
        var world = new CacheWorld();
        for (var number = 0; number < 5; number++)
            Assert.NotNull(world.Get($"A: {number}", $"200 | Cache-Control: max-age=60 | Vary: A | ={new string('x', 400_000)}").Stored);

        Assert.False(world.Get("A: 4").WasAsked || world.Get("A: 3").WasAsked);
        Assert.True(world.Get("A: 0", "200").WasAsked);
    }

    [Fact]
    public void An_answer_that_is_too_large_is_not_kept_and_ends_the_older_one()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=1 | ETag: \"a\" | =x");

        Assert.Null(world.Pass(2).Get("", $"200 | Cache-Control: max-age=60 | ={new string('x', 1_000_001)}").Stored);
        Assert.Equal((0, 0L), (world.Cache.Count, world.Cache.Bytes));
    }

    [Fact]
    public void So_many_variants_of_one_url_are_kept_and_no_more()
    {
        var world = new CacheWorld();
        for (var number = 0; number < 200; number++)
            world.Get($"A: {number}", "200 | Cache-Control: max-age=60 | Vary: A | =x");

        Assert.False(world.Get("A: 199").WasAsked);
        Assert.True(world.Get("A: 100", "200").WasAsked);
        Assert.InRange(world.Cache.Bytes, 1, 100_000);
    }
}
