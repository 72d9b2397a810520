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
    public async Task One_with_limits_and_no_past_is_opened_with_its_first_send_and_one_with_a_past_before()
    {
        using (var world = new ChangingEngine(Limited(), _folder.Path))
        {
            Assert.Equal((4, 1), (Left(world), Files()));
            await SendAsync(world, 3);
            Assert.Equal(2, Files());
        }
        using var next = new ChangingEngine(Limited(), _folder.Path);
        Assert.Equal(1, Left(next));
        Assert.Throws<Headgate.Ledgers.ScopeHeldException>(() => new ChangingEngine(Limited(), _folder.Path));
    }

    [Fact]
    public async Task Nothing_is_sent_within_limits_that_do_not_know_what_another_process_has_sent_meanwhile()
    {
        using var world = new ChangingEngine(Of() with { Defaults = Policy("100/h") }, _folder["one"]);
        Assert.Equal(100, Left(world));
        using (var other = new ChangingEngine(Of() with { Defaults = Policy("100/h") }, _folder["other"]))
            await SendAsync(other, 60);
        foreach (var file in Directory.GetFiles(Path.Combine(_folder["other"], "scopes"), "*one.test*"))
            File.Copy(file, Path.Combine(_folder["one"], "scopes", Path.GetFileName(file)));

        for (var times = 0; times < 3; times++)
            Assert.Contains("another process has sent within", (await Assert.ThrowsAsync<Headgate.Ledgers.ScopeHeldException>(() => world.SendAsync("https://one.test/1"))).Message, StringComparison.Ordinal);
        Assert.Empty(world.Arrivals);
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
