using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using Headgate.Time;
using static Headgate.Tests.ProxyWorld;

namespace Headgate.Tests;

/// <summary>What is remembered of exits, and foretold by it.</summary>
[Collection(Threads.Alone)]
public sealed class ProxyRecordTests : IDisposable
{
    private static readonly Uri Api = new("https://api.test/x");
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task A_send_is_recorded_with_its_proxy_and_the_exit_where_that_has_another_name()
    {
        using (var world = new ProxyWorld(Pool(default, "5/s"), [Entry("p1", exit: "x"), Entry("p2")]))
        {
            world.Engine.Journal.WriteTo(LedgerWriter.Create(_folder["a.ledger"], LedgerTests.Header, world.Time, 0));
            await world.SendInTurnAsync(2);
            world.Engine.Journal.Sync();
        }

        using var reader = LedgerReader.Open(_folder["a.ledger"]);
        var sends = new List<(string?, string?)>();
        while (reader.Read())
            if (reader.Kind == LedgerRecordKind.Intent)
                sends.Add((reader.Intent.Proxy, reader.Intent.Exit));
        Assert.Equal([("p1", "x"), ("p2", null)], sends.Order());
    }

    [Fact]
    public async Task An_API_whose_exits_cannot_all_be_opened_holds_the_files_of_none()
    {
        var state = StateDirectory.Open(_folder["state"]);
        using (var before = World(state, "p1", "p2"))
            await before.SendInTurnAsync(2);
        var file = Directory.GetFiles(state.Scopes, "*.jsonl").Single(path => Path.GetFileName(path).Contains("p2", StringComparison.Ordinal));
        File.Delete(file);
        Directory.CreateDirectory(file);
        using var broken = World(state, "p1", "p2");
        Assert.ThrowsAny<Exception>(() => broken.Engine.UpstreamOf(Api));

        using var other = World(state, "p1");

        Assert.Equal("p1", other.Engine.UpstreamOf(Api).Proxies!.All.Single().Name);
    }

    [Fact]
    public async Task How_long_a_queue_takes_is_told_by_the_limits_of_the_exits()
    {
        using var world = new ProxyWorld(Pool(default, "1/s"), [Entry("p1"), Entry("p2"), Entry("p3", exit: "p2")]);
        var all = Enumerable.Range(0, 20).Select(_ => world.SendAsync()).ToList();
        var api = world.Engine.UpstreamOf(Api);

        var (at, holding) = world.Engine.Dispatcher.Read(api.Gates.Usual, static (_, gate, now) => (QueueForecast.After(gate, Cost.One, now).At - now, QueueForecast.After(gate, Cost.One, now).Holding));

        // Two exits let two go at once, and two a second.
        Assert.InRange(at / (double)Clock.Second, 9, 10.1);
        Assert.Contains("1/s", holding!.Describe(), StringComparison.Ordinal);
        await Threads.PassUntilAsync(world.Time, () => all.TrueForAll(task => task.IsCompleted));
        Assert.InRange(world.Time.Elapsed.TotalSeconds, 8.9, 10.5);
    }

    [Fact]
    public async Task While_no_proxy_can_be_used_it_is_when_the_first_comes_back()
    {
        using var world = new ProxyWorld(Pool(), [Entry("p1")]);
        await world.SendInTurnAsync(1);
        var api = world.Engine.UpstreamOf(Api);
        world.Engine.Proxies.Failed(world.Engine.Proxies.All[0], world.Engine.Proxies.All[0].Proxies[0], ProxyFault.Unreachable, "it is gone", world.Engine.Clock.Now);

        Assert.Equal(Clock.Second, world.Engine.Dispatcher.Read(api.Gates.Usual, static (_, gate, now) => QueueForecast.After(gate, Cost.One, now).At - now));
    }

    public void Dispose() => _folder.Dispose();

    private static ProxyWorld World(StateDirectory state, params string[] names) => new(Pool(default, "5/s"), [.. names.Select(name => Entry(name))], state: state);
}
