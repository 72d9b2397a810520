using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>What was kept before the cache was off is validated before it is used: nobody has noticed what changed meanwhile.</summary>
public sealed class OffTimesTests
{
    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public void What_was_asked_for_before_it_was_off_is_validated(int offAfter, bool isUsed)
    {
        var world = new CacheWorld(new CacheRules { Since = CacheWorld.Start + offAfter });
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | =old");

        Assert.Equal(isUsed ? ReuseKind.Serve : ReuseKind.Validate, world.Cache.Decide(CacheWorld.RequestOf(world.Rules, "GET", CacheWorld.Url, ""), world.Now).Kind);
        // Nor is it when the API is out of reach.
        Assert.Equal(isUsed ? "old" : "", world.Get("", [null]).Body);
    }

    [Fact]
    public void What_holds_still_is_used_again()
    {
        var world = new CacheWorld(new CacheRules { Since = CacheWorld.Start });
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | =old");

        Assert.Equal("old", world.Pass(1).Get("", "304 | ETag: \"a\"").Body);
        Assert.False(world.Get("").WasAsked);
    }

    [Fact]
    public void The_latest_time_of_an_origin_counts_and_of_too_many_the_latest_of_all()
    {
        var times = new OffTimes(null);
        times.Add("https://a.test", 20);
        times.Add("https://a.test", 10);
        Assert.Equal((20, long.MinValue), (times.Last("https://a.test"), times.Last("https://b.test")));

        for (var number = 0; number < 1_100; number++)
            times.Add($"https://{number}.test", 100 + number);

        Assert.Equal((20, 100, 1_199, 1_199), (times.Last("https://a.test"), times.Last("https://0.test"), times.Last("https://1099.test"), times.Last("https://b.test")));
    }
}
