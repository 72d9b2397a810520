using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What is sent, where it is remembered in a folder that others use as well, or that is damaged.</summary>
[Collection(Threads.Alone)]
public sealed class SendingStateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_API_whose_key_another_process_holds_can_be_used_when_that_one_has_ended()
    {
        var other = new FakeWorld(o => Configure(o, limits: null));
        await other.Client.GetStringAsync("a");
        using var world = new FakeWorld(o => Configure(o, limits: "50/s"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Client.GetStringAsync("a"));
        other.Dispose();

        Assert.Equal("done", await world.EndAsync(world.Client.GetStringAsync("a")));
    }

    [Fact]
    public async Task Nothing_stays_locked_of_an_API_that_could_not_be_used()
    {
        using var other = new FakeWorld(o => Configure(o, limits: null));
        await other.Client.GetStringAsync("a");
        using var world = new FakeWorld(o => Configure(o, limits: "50/s"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Client.GetStringAsync("a"));

        using var third = new FakeWorld(o =>
        {
            Configure(o, limits: "50/s");
            o.Upstreams["a"].Keys.Values = ["another"];
        });

        Assert.Equal("done", await third.Client.GetStringAsync("a"));
    }

    [Fact]
    public async Task A_multiplexer_that_could_not_be_started_can_be_started_later()
    {
        var first = Multiplexer();
        await first.StartAsync();
        await using var second = Multiplexer();
        await Assert.ThrowsAnyAsync<IOException>(() => second.StartAsync());

        await first.DisposeAsync();

        await second.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => second.StartAsync());
    }

    [Fact]
    public async Task A_failure_is_told_as_it_is_when_its_end_cannot_be_recorded()
    {
        using var world = new FakeWorld(o =>
        {
            Configure(o, limits: "50/s");
            o.Retries = 0;
        });
        var answer = new TaskCompletionSource<HttpResponseMessage>();
        world.Server.Instead = (_, _) => answer.Task;
        var sending = world.Client.GetAsync("a");
        await Threads.PassUntilAsync(world.Time, () => world.Server.Arrivals.Count == 1);
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "*.jsonl", SearchOption.AllDirectories))
            File.Delete(file);
        world.Time.Advance(TimeSpan.FromSeconds(2));

        answer.SetException(new HttpRequestException(HttpRequestError.ConnectionError, "refused"));

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.EndAsync(sending));
        Assert.Equal(FailureClass.Network, failure.FailureClass);
        Assert.Equal((1, 0), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().ActiveConnections));
    }

    private Multiplexer Multiplexer() => new(new MultiplexerOptions { StatePath = _folder.Path, TotalLimits = ["5/s"] }, new VirtualTime());

    private void Configure(HeadgateOptions options, string? limits)
    {
        options.StatePath = _folder.Path;
        var api = options.Upstreams["a"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Values = ["k"], Limits = ["5/s"] } };
        if (limits is not null)
            api.Limits = [limits];
    }
}
