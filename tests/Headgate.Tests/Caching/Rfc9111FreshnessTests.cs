using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §4.2: how long an answer is fresh, and how old it is.</summary>
public sealed class Rfc9111FreshnessTests
{
    [Theory]
    [InlineData("§4.2.1: max-age", false, 200, "Cache-Control: max-age=60", 60)]
    [InlineData("§4.2.1: max-age goes before Expires", false, 200, "Cache-Control: max-age=60 | Expires: {-10}", 60)]
    [InlineData("§4.2.1: max-age=0 goes before Expires", false, 200, "Cache-Control: max-age=0 | Expires: {100}", 0)]
    [InlineData("§4.2.1: s-maxage in a shared cache", true, 200, "Cache-Control: max-age=60, s-maxage=5", 5)]
    [InlineData("§4.2.1: s-maxage on another line", true, 200, "Cache-Control: max-age=60 | Cache-Control: s-maxage=5", 5)]
    [InlineData("§4.2.1: s-maxage in a private cache", false, 200, "Cache-Control: max-age=60, s-maxage=5", 60)]
    [InlineData("§4.2.1: the first of two", false, 200, "Cache-Control: max-age=60, max-age=5", 60)]
    [InlineData("§4.2.1: the first of two lines", false, 200, "Cache-Control: max-age=5 | Cache-Control: max-age=60", 5)]
    [InlineData("§4.2.1: negative is stale", false, 200, "Cache-Control: max-age=-5", 0)]
    [InlineData("§4.2.1: no number is stale", false, 200, "Cache-Control: max-age=a60", 0)]
    [InlineData("§4.2.1: a number and more is stale", false, 200, "Cache-Control: max-age=60a", 0)]
    [InlineData("§4.2.1: a fraction is stale", false, 200, "Cache-Control: max-age=60.5", 0)]
    [InlineData("§4.2.1: single quotes are stale", false, 200, "Cache-Control: max-age='60'", 0)]
    [InlineData("§4.2.1: stale, whatever Expires says", false, 200, "Cache-Control: max-age=x | Expires: {100}", 0)]
    [InlineData("§5.2: spaces around the sign", false, 200, "Cache-Control: max-age =60", 0)]
    [InlineData("§5.2: a space after the sign", false, 200, "Cache-Control: max-age= 60", 0)]
    [InlineData("§5.2: quoted", false, 200, "Cache-Control: max-age=\"60\"", 60)]
    [InlineData("§5.2: no letter case", false, 200, "Cache-Control: MaX-aGe=60", 60)]
    [InlineData("§5.2: unknown directives are ignored", false, 200, "Cache-Control: foo, bar=\"max-age=9, x\", max-age=60", 60)]
    [InlineData("§5.2: a quoted text is no directive", false, 200, "Cache-Control: max-age=60, bar=\"max-age=9\"", 60)]
    [InlineData("§1.2.2: leading zeros", false, 200, "Cache-Control: max-age=0060", 60)]
    [InlineData("§1.2.2: 2^31 and more", false, 200, "Cache-Control: max-age=99999999999", 2_147_483_648)]
    [InlineData("§1.2.2: more digits than a number has", false, 200, "Cache-Control: max-age=99999999999999999999999999", 2_147_483_648)]
    [InlineData("§5.3: Expires less Date", false, 200, "Expires: {90} | Date: {30}", 60)]
    [InlineData("§5.3: Expires before Date", false, 200, "Expires: {300} | Date: {400}", 0)]
    [InlineData("§5.3: Expires without a Date", false, 200, "Expires: {60}", 60)]
    [InlineData("§5.3: Expires with a Date that is none", false, 200, "Expires: {60} | Date: foo", 60)]
    [InlineData("§5.3: 0 is in the past", false, 200, "Expires: 0 | Last-Modified: {-1000}", 0)]
    [InlineData("§5.3: what is no date is in the past", false, 200, "Expires: Thu, 18 Aug 2050 2:01:18 GMT | Last-Modified: {-1000}", 0)]
    [InlineData("§4.2.2: a tenth of its age", false, 200, "Last-Modified: {-1000}", 100)]
    [InlineData("§4.2.2: for a day at most", false, 200, "Last-Modified: {-100000000}", 86_400)]
    [InlineData("§4.2.2: of statuses that allow it", false, 410, "Last-Modified: {-1000}", 100)]
    [InlineData("§4.2.2: not of others", false, 403, "Last-Modified: {-1000}", 0)]
    [InlineData("§4.2.2: of others if they are public", false, 599, "Last-Modified: {-1000} | Cache-Control: public", 100)]
    [InlineData("§4.2.2: not changed in the future", false, 200, "Last-Modified: {1000}", 0)]
    [InlineData("§4.2.2: nothing to guess from", false, 200, "ETag: \"a\"", 0)]
    public void The_lifetime_of_an_answer(string requirement, bool isShared, int status, string answer, long seconds)
    {
        var rules = new CacheRules { IsShared = isShared };
        var fields = CacheWorld.FieldsOf(answer);

        var lifetime = Lifetime.Of(rules, status, TargetedControl.Of(rules, fields), fields, CacheWorld.Start);

        Assert.True(seconds == lifetime.Seconds, $"{requirement}: {lifetime}");
    }

    [Theory]
    [InlineData("§4.2.3: new", "Date: {0}", 0, 0)]
    [InlineData("§4.2.3: as its Date says", "Date: {-7200}", 0, 7200)]
    [InlineData("§4.2.3: a Date in the future is now", "Date: {100}", 0, 0)]
    [InlineData("§4.2.3: as its Age says", "Date: {0} | Age: 30", 0, 30)]
    [InlineData("§4.2.3: whichever is more", "Date: {-40} | Age: 30", 0, 40)]
    [InlineData("§4.2.3: and the time it took to come", "Date: {0} | Age: 30", 5, 35)]
    [InlineData("§4.2.3: the time it took without an Age", "Date: {0}", 5, 5)]
    [InlineData("§5.1: Age is a number", "Age: abc", 0, 0)]
    [InlineData("§5.1: Age is not negative", "Age: -7200", 0, 0)]
    [InlineData("§5.1: Age is no fraction", "Age: 7200.0", 0, 0)]
    [InlineData("§5.1: Age has no parameters", "Age: 7200;foo=1", 0, 0)]
    [InlineData("§5.1: the first member", "Age: 7200, 0", 0, 7200)]
    [InlineData("§5.1: the first member, new", "Age: 0, 7200", 0, 0)]
    [InlineData("§5.1: the first line", "Age: 7200 | Age: 0", 0, 7200)]
    [InlineData("§1.2.2: more than 2^31", "Age: 99999999999999999999", 0, 2_147_483_648)]
    public void The_age_of_an_answer_when_it_comes(string requirement, string answer, int took, long seconds)
    {
        var age = Age.Initial(CacheWorld.FieldsOf(answer), CacheWorld.Start - took * 1000, CacheWorld.Start);

        Assert.True(seconds == age / 1000, $"{requirement}: {age} ms");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.999, 0)]
    [InlineData(1, 1)]
    [InlineData(3.02, 3)]
    [InlineData(59.9, 59)]
    public void Section_5_1_the_age_that_is_served_is_right_to_the_second(double passed, int age)
    {
        var world = new CacheWorld().Pass(0.95);
        world.Get("", "200 | Cache-Control: max-age=600 | Date: {0} | Age: 30");

        Assert.Equal(age + 30, int.Parse(world.Pass(passed).Get("", "200")["Age"] ?? "30"));
    }

    [Theory]
    [InlineData(59.999, false)]
    [InlineData(60, true)]
    public void Section_4_2_an_answer_is_fresh_while_its_lifetime_is_more_than_its_age(double passed, bool isAsked)
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60");

        Assert.Equal(isAsked, world.Pass(passed).Get("", "200").WasAsked);
    }

    [Fact]
    public void A_clock_that_is_set_back_makes_no_answer_younger_than_it_was()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | Age: 30");

        Assert.Equal("30", world.Pass(-1000).Get("")["Age"]);
    }

    [Fact]
    public void A_fixed_lifetime_counts_from_the_arrival_whatever_the_answer_says()
    {
        var world = new CacheWorld(new CacheRules { Ttl = 300 });
        world.Get("", "200 | Cache-Control: no-cache, must-revalidate, max-age=0 | Date: {-5000} | Expires: 0 | =x");

        Assert.Equal("x", world.Pass(299).Get("").Body);
        Assert.True(world.Pass(1).Get("", "200").WasAsked);
    }
}
