using System.Text;
using static Headgate.Tests.ProxyWorld;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class ProxySourcesTests
{
    [Fact]
    public async Task An_empty_list_from_an_address_that_had_some_counts_only_if_the_next_one_is_empty_too()
    {
        var given = "one";
        var asked = 0;
        using var world = new ProxyWorld(Pool() with { From = ["http://list.test/api/proxies"], Poll = TimeSpan.FromSeconds(60) }, []);
        world.List = () =>
        {
            Interlocked.Increment(ref asked);
            return Task.FromResult(Encoding.UTF8.GetBytes(given.Length == 0 ? """{"proxies":[]}""" : $$"""{"proxies":[{"url":"http://{{given}}.test:1"}]}"""));
        };
        Assert.Equal(["http://one.test:1"], await world.SendInTurnAsync(1));

        foreach (var (next, left) in ((string, int)[])[("", 1), ("two", 1), ("", 1), ("", 0), ("", 0), ("three", 1)])
        {
            (given, var before) = (next, asked);
            await PassAsync(world, 61);
            await FakeApi.Until(() => Volatile.Read(ref asked) > before && world.Engine.Proxies.All[0].Proxies.Length == left && (next.Length == 0 || world.Engine.Proxies.All[0].Proxies[0].Name.Contains(next, StringComparison.Ordinal)));
        }
        Assert.Contains(world.Notices, notice => notice.Contains("stays as it is: http://list.test/api/proxies: it is empty", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_wrong_with_a_list_is_told_without_the_token_in_its_address()
    {
        using var world = new ProxyWorld(Pool() with { From = ["http://list.test/api/proxies?token=hunter2"] }, []);
        world.List = static () => Task.FromResult("<html>"u8.ToArray());
        world.Engine.Proxies.Begin();

        await FakeApi.Until(() => world.Notices.Any(notice => notice.Contains("stays as it is: http://list.test/api/proxies:", StringComparison.Ordinal)));

        Assert.All(world.Notices, notice => Assert.DoesNotContain("hunter2", notice, StringComparison.Ordinal));
    }
}
