using Headgate.Configuration;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.Tests.Proxies;

public sealed class ProxyRankingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_the_order_that_is_told_is_that_of_a_walk_through_all(int seed)
    {
        var random = new Random(seed);
        var choice = (ProxyChoice)random.Next(2);
        PoolProxy[] proxies = [.. Enumerable.Range(0, 100).Select(number => new PoolProxy(ProxyWorld.Entry($"p{number}", weight: random.Next(1, 4)), null))];
        var ranking = new ProxyRanking(choice, proxies, 0);
        for (var (now, reached) = (0L, 0L); now < 3000 * Clock.Millisecond; now += Clock.Millisecond)
        {
            var proxy = proxies[random.Next(100)];
            switch (random.Next(8))
            {
                case < 4:
                    reached = proxy.Take(reached);
                    ranking.Changed(proxy);
                    break;
                case < 7 when proxy.InFlight > 0:
                    proxy.End();
                    ranking.Changed(proxy);
                    break;
                case 7:
                    proxy.Health.Failed("it failed", now, now);
                    ranking.Judged(proxy, now);
                    break;
            }
            ranking.Begin(now);
            var told = new List<PoolProxy>();
            while (ranking.Next() is { } next)
                told.Add(next);

            Assert.Equal(proxies.Where(one => one.Health.RestsUntil <= now).Order(Comparer<PoolProxy>.Create((one, other) => ProxyOrder.Compare(choice, one, other, now))).Take(16), told);
        }
    }

    [Fact]
    public void Those_out_of_use_are_not_told_until_they_are_used_again()
    {
        PoolProxy[] proxies = [.. Enumerable.Range(0, 40).Select(number => new PoolProxy(ProxyWorld.Entry($"p{number}"), null))];
        foreach (var proxy in proxies[..39])
            proxy.Health.Kill("it is closed", 0);
        var ranking = new ProxyRanking(ProxyChoice.LeastUsed, proxies, 1);
        Assert.Equal(["p39"], Told(ranking, 1));

        proxies[3].Health.Revive(2);
        ranking.Judged(proxies[3], 2);
        proxies[39].PausedBy = "somebody";
        ranking.Judged(proxies[39], 2);

        Assert.Equal(["p3"], Told(ranking, 2));
        Assert.Empty(Told(new ProxyRanking(ProxyChoice.LeastUsed, [], 0), 0));
    }

    private static List<string> Told(ProxyRanking ranking, long now)
    {
        ranking.Begin(now);
        var told = new List<string>();
        while (ranking.Next() is { } next)
            told.Add(next.Name);
        return told;
    }
}
