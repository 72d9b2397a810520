using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.Tests.Proxies;

public sealed class WishedWaysTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void However_many_do_not_reach_an_API_the_best_of_the_others_is_found_without_a_walk_through_all(int seed)
    {
        var random = new Random(seed);
        using var world = new ProxyWorld(ProxyWorld.Pool((ProxyChoice)random.Next(2)), [.. Enumerable.Range(0, 60).Select(number => ProxyWorld.Entry($"p{number:00}", weight: random.Next(1, 4)))]);
        var ways = world.Engine.UpstreamOf(new Uri("https://api.test/")).Proxies!;
        var turn = Turn(world, ways);
        foreach (var way in ways.All)
            for (var answer = 0; answer < 6; answer++)
                way.BroughtNeedsLock(isEmpty: false, 1, 2);
        // Those that come first of all.
        foreach (var way in ways.All[..30])
            Judge(ways, way, random.Next(4) > 0 ? static (reach, now) => reach.Kill("it is walled off", now) : static (reach, now) => reach.Failed("it is refused", now, now), 3);
        for (var now = 4L; now < 4 * Clock.Second; now += 5 * Clock.Millisecond)
        {
            var way = ways.All[random.Next(60)];
            switch (random.Next(20))
            {
                case < 8 when way.IsUsable(now):
                    way.TakeNeedsLock(ways.Pool);
                    break;
                case < 16 when way.InFlight > 0:
                    way.EndNeedsLock(ways.Pool);
                    break;
                case 16:
                    Judge(ways, way, static (reach, now) => reach.Kill("it is walled off", now), now);
                    break;
                case 17:
                    Judge(ways, way, static (reach, now) => reach.Revive(now), now);
                    break;
            }

            var best = ways.Usual.Best(turn, Cost.One, now, overtakes: false, isCountry: false);

            var retry = Clock.Never;
            var free = ways.All.Where(one => one.FreeAt(turn, Cost.One, now, false, ref retry) <= now);
            Assert.Equal(free.Min(Comparer<ProxyOutlet>.Create((one, other) => ProxyOrder.Compare(ways.Choice, one.Proxy, other.Proxy, now)))!.Name, best?.Name);
        }
    }

    [Fact]
    public void The_order_of_one_API_is_not_kept_once_nobody_asks_for_it()
    {
        using var world = new ProxyWorld(ProxyWorld.Pool(), [ProxyWorld.Entry("p1"), ProxyWorld.Entry("p2")]);
        var ways = world.Engine.UpstreamOf(new Uri("https://api.test/")).Proxies!;
        Judge(ways, ways.All[0], static (reach, now) => reach.Kill("it is walled off", now), 0);
        Assert.Equal("p1", First(ways.Pool.RankingNeedsLock(null, null, 1), 1));
        var alone = ways.Pool.RankingNeedsLock(null, ways, 1);
        Assert.Equal("p2", First(alone, 1));
        Assert.Same(alone, ways.Pool.RankingNeedsLock(null, ways, 2));

        ways.Pool.RankingNeedsLock(null, null, 2 * Clock.Second);
        Judge(ways, ways.All[0], static (reach, now) => reach.Revive(now), 2 * Clock.Second);

        // Nobody has told it.
        Assert.Equal("p2", First(alone, 2 * Clock.Second));
        Assert.Equal("p1", First(ways.Pool.RankingNeedsLock(null, ways, 2 * Clock.Second), 2 * Clock.Second));
    }

    private static string? First(ProxyRanking ranking, long now)
    {
        ranking.Begin(now);
        return ranking.Next()?.Name;
    }

    private static void Judge(ProxyOutlets ways, ProxyOutlet way, Action<ProxyHealth, long> judge, long now)
    {
        judge(way.Reach, now);
        ways.Pool.JudgedNeedsLock(way.Proxy, now);
    }

    private static Claim Turn(ProxyWorld world, ProxyOutlets ways) =>
        new Lane(world.Engine.UpstreamOf(new Uri("https://api.test/")).Gates.Usual, new LaneKey(Cost.One, RequestPriority.Medium, null, null, ways.Usual), 0).Via!;
}
