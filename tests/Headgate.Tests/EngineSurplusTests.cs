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

    [Fact]
    public async Task One_whose_server_has_refused_or_told_of_a_limit_that_counts_stays()
    {
        using var folder = new TempFolder();
        using var world = new ChangingEngine(Of() with { Defaults = Policy() with { Learns = true } }, folder.Path, mostUnknown: 4) { Status = 429 };
        await world.EndAsync(await world.SendManyAsync("https://refused.test/", 1));
        world.Status = 200;

        await world.PassAsync(60);
        for (var host = 0; host < 40; host++)
            await world.EndAsync(await world.SendManyAsync($"https://host-{host}.test/", 1));

        Assert.Contains("https://refused.test", Names(world));
        Assert.InRange(Names(world).Count(), 2, 5);
    }

    [Fact]
    public async Task Hosts_that_come_and_go_from_many_threads_lose_no_request_and_no_record()
    {
        using var folder = new TempFolder();
        const int hosts = 24, rounds = 400;
        using (var world = new ChangingEngine(Of() with { Defaults = Policy("100000/h") }, folder.Path, mostUnknown: 4))
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
            {
                var failed = new List<string>();
                for (var round = 0; round < rounds; round++)
                    if (await world.SendAsync($"https://host-{(round * 7 + thread) % hosts}.test/{round}") is not "200" and var other)
                        failed.Add(other);
                return failed;
            })));
            Assert.Empty(outcomes.SelectMany(failed => failed));
            Assert.Equal(4 * rounds, world.Arrivals.Count);
        }
        using var next = new ChangingEngine(Of() with { Defaults = Policy("100000/h") }, folder.Path);
        var counted = Enumerable.Range(0, hosts).Sum(host =>
            100_000 - next.Engine.Dispatcher.Read(next.Engine.UpstreamOf(new Uri($"https://host-{host}.test/")).Scope, static (_, scope, now) => scope.Checkpoints[0].State.Available(now)));
        Assert.Equal(4 * rounds, counted);
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
