using Headgate.Tests.Ledgers;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests;

/// <summary>Of hosts that nobody configured there are only so many, however many come.</summary>
[Collection(Threads.Alone)]
public sealed class EngineSurplusTests
{
    [Fact]
    public async Task The_hosts_that_were_used_longest_ago_make_room_for_others()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of(Of("a")), folder.Path, mostUnknown: 8);
        world.Engine.UpstreamOf(new Uri("https://a.test/"));
        for (var host = 1; host <= 8; host++)
        {
            await world.EndAsync(await world.SendManyAsync($"https://host-{host}.test/", 1));
            await world.PassAsync(1);
        }
        await world.EndAsync(await world.SendManyAsync("https://host-1.test/", 1));

        await world.EndAsync(await world.SendManyAsync("https://host-9.test/", 1));

        Assert.Equal(["a", .. new[] { 1, 5, 6, 7, 8, 9 }.Select(host => $"https://host-{host}.test")], Names(world));
        // Those, what all have together, and the one that is configured.
        Assert.Equal(8, OpenLocks(folder));
    }

    [Fact]
    public async Task What_one_of_them_has_sent_counts_when_it_comes_back()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of() with { Defaults = Policy("4/h") }, folder.Path, mostUnknown: 4);
        await world.EndAsync(await world.SendManyAsync("https://one.test/", 3));

        for (var host = 0; host < 40; host++)
            await world.EndAsync(await world.SendManyAsync($"https://host-{host}.test/", 1));

        Assert.DoesNotContain("https://one.test", Names(world));
        var api = world.Engine.UpstreamOf(new Uri("https://one.test/"));
        Assert.Equal(1, world.Engine.Dispatcher.Read(api.Scope, static (_, scope, now) => scope.Checkpoints[0].State.Available(now)));
    }

    [Fact]
    public async Task One_that_is_in_use_waited_for_or_paused_stays()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of() with { Defaults = Policy("1/h") }, folder.Path, mostUnknown: 4);
        world.Engine.Pause(world.Engine.UpstreamOf(new Uri("https://paused.test/")), "somebody");
        world.Latency = TimeSpan.FromHours(3);
        var slow = await world.SendManyAsync("https://slow.test/", 2);
        for (var host = 0; host < 40; host++)
            world.Engine.UpstreamOf(new Uri($"https://host-{host}.test/"));

        Assert.Equal(["https://paused.test", "https://slow.test"], Names(world).Where(name => !name.Contains("host", StringComparison.Ordinal)));
        Assert.InRange(Names(world).Count(), 3, 5);
        await world.PassAsync(4 * 3600);
        await world.EndAsync(slow);
    }

    private static IEnumerable<string> Names(ChangingEngine world) => world.Engine.Upstreams.Select(api => api.Name).Order(StringComparer.Ordinal);

    /// <summary>How many files of scopes somebody holds.</summary>
    private static int OpenLocks(TempFolder folder) => Directory.GetFiles(Path.Combine(folder.Path, "scopes"), "*.lock").Count(static file =>
    {
        try
        {
            using var alone = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    });
}
