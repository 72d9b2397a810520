namespace Headgate.Tests;

/// <summary>Who pays for what a proxy says that it cannot reach.</summary>
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

    private static ProxyWorld World(params string[] names) => new(ProxyWorld.Pool(), [.. names.Select(name => ProxyWorld.Entry(name))]);
}
