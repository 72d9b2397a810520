namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class StickyKeyTests
{
    [Fact]
    public async Task A_tenant_keeps_its_key_for_as_long_as_it_is_accepted()
    {
        using var world = new FakeWorld(o => o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Values = ["k1", "k2", "k3"], Choose = "sticky" } });
        var before = new Dictionary<string, string?>();
        for (var tenant = 0; tenant < 20; tenant++)
            before[$"{tenant}"] = await KeyOf(world, $"{tenant}");
        foreach (var (tenant, key) in before)
            Assert.Equal(key, await KeyOf(world, tenant));
        Assert.Equal(3, before.Values.Distinct().Count());

        world.Server.Answer = request => FakeServer.Text("", request.Headers.Authorization?.Parameter == "k2" ? System.Net.HttpStatusCode.Unauthorized : System.Net.HttpStatusCode.OK);
        foreach (var tenant in before.Keys)
            await KeyOf(world, tenant);
        foreach (var tenant in before.Keys)
            Assert.Contains(await KeyOf(world, tenant), new[] { "key-1", "key-3" });
    }

    private static async Task<string?> KeyOf(FakeWorld world, string tenant)
    {
        using var answer = await world.EndAsync(world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "a").WithTenant(tenant)));
        return answer.GetHeadgate()!.Key;
    }
}
