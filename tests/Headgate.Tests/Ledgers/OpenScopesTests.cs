using Headgate.Configuration;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests.Ledgers;

/// <summary>Hosts that nobody configured and that have no limits: their files are opened with the first send.</summary>
[Collection(Threads.Alone)]
public sealed class OpenScopesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_host_that_nothing_is_sent_to_holds_no_file()
    {
        using var world = new ChangingEngine(Of(Of("a")), _folder.Path);

        for (var host = 0; host < 100; host++)
            world.Engine.UpstreamOf(new Uri($"https://blocked-{host}.test/"));

        Assert.Equal(1, Files());
        world.Engine.UpstreamOf(new Uri("https://a.test/"));
        Assert.Equal(2, Files());
    }

    [Fact]
    public async Task What_was_sent_before_a_limit_was_named_counts_in_it_for_this_process_and_the_next()
    {
        using (var world = new ChangingEngine(Of(), _folder.Path))
        {
            await SendAsync(world, 1);
            Assert.Equal(2, Files());
            await SendAsync(world, 2);

            world.Engine.Change(Limited());
            Assert.Equal(1, Left(world));
            Assert.Equal(2, Files());
        }
        using var next = new ChangingEngine(Limited(), _folder.Path);
        Assert.Equal(1, Left(next));
    }

    [Fact]
    public async Task Of_many_first_sends_at_once_one_opens_the_file()
    {
        using (var world = new ChangingEngine(Of(), _folder.Path))
            await SendAsync(world, 50);

        using var next = new ChangingEngine(Of() with { Defaults = Policy("100/h") }, _folder.Path);
        Assert.Equal(50, Left(next));
    }

    [Fact]
    public async Task Nothing_is_sent_where_another_process_holds_the_scope()
    {
        using var other = new ChangingEngine(Of(), _folder["other"]);
        using var world = new ChangingEngine(Of(), _folder["one"]);
        await SendAsync(other, 1);
        // The same folder under another name: both see the same locks.
        var scopes = Path.Combine(_folder["one"], "scopes");
        Directory.Delete(scopes, recursive: true);
        Directory.CreateSymbolicLink(scopes, Path.Combine(_folder["other"], "scopes"));

        await Assert.ThrowsAsync<Headgate.Ledgers.ScopeHeldException>(() => world.SendAsync("https://one.test/1"));
        Assert.Empty(world.Arrivals);

        other.Dispose();
        await SendAsync(world, 1);
    }

    private static async Task SendAsync(ChangingEngine world, int count)
    {
        var all = await world.SendManyAsync("https://one.test/", count);
        await world.EndAsync(all);
        Assert.All(await Task.WhenAll(all), outcome => Assert.Equal("200", outcome));
    }

    private static HeadgateConfiguration Limited() => Of() with { Defaults = Policy("4/h") };

    private static long Left(ChangingEngine world) =>
        world.Engine.Dispatcher.Read(world.Engine.UpstreamOf(new Uri("https://one.test/")).Scope, static (_, scope, now) => scope.Checkpoints[0].State.Available(now));

    private int Files() => Directory.GetFiles(Path.Combine(_folder.Path, "scopes"), "*.jsonl").Length;
}
