using Headgate.Configuration;

namespace Headgate.Tests;

/// <summary>Who pays for what a proxy says that it cannot reach, and for what breaks off on its way through it.</summary>
[Collection(Threads.Alone)]
public sealed class ProxyBlameTests
{
    [Fact]
    public async Task What_nobody_reaches_is_the_APIs_matter_whatever_proxies_say()
    {
        using var world = World("a", "b");
        world.FaultOf = static (_, _) => (ProxyFault.TargetUnreachable, TimeSpan.Zero);

        var (outcome, _, _) = Assert.Single(await world.SendManyAsync(1));

        Assert.StartsWith("Network: it is TargetUnreachable", outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_reached_lately_is_charged_to_the_proxy_that_does_not_and_to_no_request()
    {
        using var world = World("a", "b");
        await world.SendInTurnAsync(2);
        world.FaultOf = static (proxy, _) => proxy == "a" ? (ProxyFault.TargetUnreachable, TimeSpan.Zero) : null;

        var all = await world.SendManyAsync(20);

        Assert.All(all, sent => Assert.Equal(("200", "b", 0), (sent.Outcome, sent.Proxy, sent.Exchange.RetriesMade)));
    }

    [Fact]
    public async Task A_proxy_that_breaks_each_answer_off_gets_a_few_tries_and_no_request_pays_for_it()
    {
        using var world = World(policy => policy with { Breaker = BreakerConfiguration.Default }, "bad", "g1", "g2");
        world.BreaksOff = static (proxy, _) => proxy == "bad";

        var all = await world.SendManyAsync(300);
        for (var round = 0; round < 30; round++)
            all.AddRange(await LaterAsync(world, 20));

        Assert.All(all, sent => Assert.Equal(("200", 0), (sent.Outcome, sent.Exchange.RetriesMade)));
        Assert.DoesNotContain("bad", all.Select(sent => sent.Proxy));
        // Two at first, and one after 1, 5 and 21 s.
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "bad"), 4, 6);
        var api = world.Engine.UpstreamOf(new Uri("https://api.test/x"));
        Assert.Equal((0, Headgate.Resilience.BreakerPosition.Closed), (api.Watch!.Opens, api.Watch.Position));
        Assert.Contains("4 times in a row", api.Proxies!.All.Single(way => way.Name == "bad").DeadReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_answers_nonsense_gets_a_few_tries_and_no_request_pays_for_it()
    {
        using var world = World(policy => policy with { Breaker = BreakerConfiguration.Default }, "bad", "g1", "g2");
        world.TalksNonsense = static proxy => proxy == "bad";

        var all = await world.SendManyAsync(300);
        for (var round = 0; round < 30; round++)
            all.AddRange(await LaterAsync(world, 20));

        Assert.All(all, sent => Assert.Equal(("200", 0), (sent.Outcome, sent.Exchange.RetriesMade)));
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "bad"), 4, 6);
    }

    [Fact]
    public async Task One_that_begins_to_break_answers_off_after_it_was_good_for_long_is_found_out_as_well()
    {
        using var world = World("a", "b", "c");
        await world.SendManyAsync(300);
        world.BreaksOff = static (proxy, _) => proxy == "a";
        var before = world.Tries.Count(attempt => attempt.Proxy == "a");

        var all = new List<(string Outcome, string? Proxy, Exchange Exchange)>();
        for (var round = 0; round < 30; round++)
            all.AddRange(await LaterAsync(world, 5));

        Assert.All(all, sent => Assert.Equal(("200", 0), (sent.Outcome, sent.Exchange.RetriesMade)));
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy == "a") - before, 4, 10);
    }

    [Fact]
    public async Task An_API_that_breaks_each_answer_off_takes_no_proxy_away_and_is_not_tried_for_ever()
    {
        using var world = World("a", "b", "c");
        world.BreaksOff = static (_, _) => true;

        var all = new List<(string Outcome, string? Proxy, Exchange Exchange)>();
        for (var round = 0; round < 10; round++)
            all.AddRange(await LaterAsync(world, 3));

        Assert.All(all, sent => Assert.True(sent.Outcome.StartsWith("Network: ", StringComparison.Ordinal) || sent.Outcome.StartsWith("CircuitOpen: ", StringComparison.Ordinal), sent.Outcome));
        Assert.All(all, sent => Assert.InRange(sent.Exchange.Attempts, 0, 4 + world.Engine.UpstreamOf(new Uri("https://api.test/x")).RetryPolicy.Retries));
        Assert.All(world.Engine.UpstreamOf(new Uri("https://api.test/x")).Proxies!.All, way => Assert.False(way.IsDead));
        world.BreaksOff = static (_, _) => false;
        Assert.Equal("200", (await LaterAsync(world, 1))[0].Outcome);
    }

    [Fact]
    public async Task One_page_that_breaks_off_through_whichever_proxy_is_the_APIs_and_costs_each_proxy_little()
    {
        using var world = World("a", "b", "c", "d");
        await world.SendManyAsync(300);
        world.BreaksOff = static (_, url) => url.AbsolutePath == "/broken";

        var sending = world.SendAsync("https://api.test/broken");
        await Threads.PassUntilAsync(world.Time, () => sending.IsCompleted);
        var (outcome, _, exchange) = await sending;

        Assert.StartsWith("Network: ", outcome, StringComparison.Ordinal);
        Assert.InRange(exchange.Attempts, 2, 2 + world.Engine.UpstreamOf(exchange.Uri).RetryPolicy.Retries);
        Assert.InRange(world.Engine.Proxies.All[0].Proxies.Sum(proxy => proxy.Faults), 1, 1);
    }

    [Fact]
    public async Task Where_most_proxies_break_answers_off_all_comes_through_the_others()
    {
        using var world = World(policy => policy with { Retries = 3 }, "b1", "b2", "b3", "g1", "b4", "g2");
        world.BreaksOff = static (proxy, _) => proxy[0] == 'b';

        var all = await world.SendManyAsync(300);

        Assert.All(all, sent => Assert.Equal("200", sent.Outcome));
        Assert.InRange(world.Tries.Count(attempt => attempt.Proxy[0] == 'b'), 8, 40);
    }

    [Fact]
    public async Task Where_there_is_no_other_proxy_to_compare_with_it_is_the_API()
    {
        using var world = World("only");
        world.BreaksOff = static (_, _) => true;

        var (outcome, _, _) = Assert.Single(await world.SendManyAsync(1));

        Assert.StartsWith("Network: ", outcome, StringComparison.Ordinal);
        Assert.Equal(0, world.Engine.Proxies.All[0].Proxies[0].Faults);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_other_proxies_cannot_be_taken_they_cannot_tell_and_it_is_the_API(bool isGeo)
    {
        string[] countries = ["DE", "FR", "GB", "US"];
        using var world = new ProxyWorld(ProxyWorld.Pool(isGeo ? ProxyChoice.Geo : default), [.. countries.Select(country => ProxyWorld.Entry(country, country))], ChangingEngine.Policy());
        if (!isGeo)
            world.Engine.Proxies.Pause([.. countries[1..].Select(country => ("pool", country, "somebody"))]);
        world.BreaksOff = static (_, url) => url.AbsolutePath == "/broken";

        Assert.All(await world.SendInTurnAsync(5, country: "DE", url: "https://api.test/broken"), way => Assert.StartsWith("Network: ", way, StringComparison.Ordinal));

        var before = world.Time.Elapsed;
        Assert.Equal(["DE"], await world.SendInTurnAsync(1, country: "DE", url: "https://api.test/whole"));
        Assert.InRange((world.Time.Elapsed - before).TotalSeconds, 0, 0.9);
        Assert.Equal(0, world.Engine.Proxies.All[0].Proxies[0].Faults);
    }

    /// <summary>The same somewhat later: whoever sits out comes back meanwhile.</summary>
    private static async Task<List<(string Outcome, string? Proxy, Exchange Exchange)>> LaterAsync(ProxyWorld world, int count)
    {
        var until = world.Time.Elapsed + TimeSpan.FromSeconds(5);
        await Threads.PassUntilAsync(world.Time, () => world.Time.Elapsed >= until, milliseconds: 100);
        return await world.SendManyAsync(count);
    }

    private static ProxyWorld World(params string[] names) => World(static policy => policy, names);

    private static ProxyWorld World(Func<UpstreamPolicy, UpstreamPolicy> policy, params string[] names) =>
        new(ProxyWorld.Pool(), [.. names.Select(name => ProxyWorld.Entry(name))], policy(ChangingEngine.Policy()));
}
