using Headgate.Configuration;
using static Headgate.Tests.ProxyWorld;

namespace Headgate.Tests;

/// <summary>Proxies that begin to answer, and then bring nothing.</summary>
[Collection(Threads.Alone)]
public sealed class ProxyStallTests
{
    [Fact]
    public async Task One_that_gives_heads_and_then_nothing_gets_no_more_room_than_one_that_is_new()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")], ChangingEngine.Policy() with { Timeout = TimeSpan.FromSeconds(3), Retries = 0 });
        world.Stalls = static _ => true;
        var proxy = world.Engine.Proxies.All[0].Proxies[0];
        var most = 0;

        var all = Enumerable.Range(0, 60).Select(_ => world.SendAsync()).ToList();
        await Threads.PassUntilAsync(world.Time, () => (most = Math.Max(most, proxy.InFlight)) < 0 || all.TrueForAll(task => task.IsCompleted), milliseconds: 100);

        Assert.All(all, task => Assert.StartsWith("Timeout: ", task.Result.Outcome, StringComparison.Ordinal));
        Assert.Equal(2, most);
    }

    [Fact]
    public async Task One_that_stalls_where_others_do_not_gets_a_few_tries_and_no_request_pays_for_it()
    {
        using var world = new ProxyWorld(Pool(), [Entry("bad"), Entry("g1"), Entry("g2")], ChangingEngine.Policy() with { Timeout = TimeSpan.FromSeconds(3), Retries = 0 });
        world.Stalls = static proxy => proxy == "bad";

        var all = await world.SendManyAsync(300);

        Assert.All(all, sent => Assert.Equal(("200", 0), (sent.Outcome, sent.Exchange.RetriesMade)));
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "bad"), 1, 6);
    }

    [Fact]
    public async Task An_API_whose_answers_do_not_come_to_their_end_takes_no_proxy_away()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1"), Entry("p2"), Entry("p3")], ChangingEngine.Policy() with { Timeout = TimeSpan.FromSeconds(3), Retries = 0 });
        world.Stalls = static _ => true;

        var all = await world.SendManyAsync(60);

        Assert.All(all, sent => Assert.StartsWith("Timeout: ", sent.Outcome, StringComparison.Ordinal));
        Assert.All(world.Engine.UpstreamOf(new Uri("https://api.test/x")).Proxies!.All, static way => Assert.Null(way.DeadReason));
    }

    [Fact]
    public async Task The_fastest_is_not_the_one_that_gives_heads_at_once_and_then_nothing()
    {
        using var world = new ProxyWorld(Pool(ProxyChoice.Fastest), [Entry("p1"), Entry("p2")], ChangingEngine.Policy() with { Timeout = TimeSpan.FromSeconds(3), Retries = 0 });
        world.LatencyOf = static proxy => TimeSpan.FromMilliseconds(proxy == "p1" ? 5 : 100);
        await world.SendInTurnAsync(20);
        world.Stalls = static proxy => proxy == "p1";

        var ways = await world.SendInTurnAsync(100);

        Assert.InRange(ways.Count(way => way == "p2"), 80, 100);
    }
}
