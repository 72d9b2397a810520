using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What still comes to its end when everything was disposed.</summary>
[Collection(Threads.Alone)]
public sealed class SendingDisposedTests : IDisposable
{
    private static readonly Uri Url = new("https://api.test/a");

    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_attempt_that_lost_ends_quietly_after_its_sender()
    {
        var slow = new TaskCompletionSource<HttpResponseMessage>();
        using var server = new FakeServer(_time) { Instead = (number, _) => number == 1 ? slow.Task : FakeServer.Done };
        var sender = Sender(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, Url);
        using (var answer = await FakeWorld.EndAsync(_time, sender.SendAsync(request, CancellationToken.None)))
            Assert.Equal("done", await answer.Content.ReadAsStringAsync());
        var left = sender.Engine.LeftAsync();
        Assert.False(left.IsCompleted);

        sender.Dispose();
        slow.SetResult(FakeServer.Text("late"));

        await left;
    }

    [Fact]
    public async Task Nothing_is_set_going_by_what_comes_after_the_end()
    {
        var slow = new TaskCompletionSource<HttpResponseMessage>();
        using var server = new FakeServer(_time) { Instead = (_, _) => slow.Task };
        var sender = Sender(server, hedgeAfter: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, Url);
        var sending = sender.SendAsync(request, CancellationToken.None);
        await Threads.PassUntilAsync(_time, () => server.Arrivals.Count == 1);

        sender.Dispose();
        slow.SetResult(FakeServer.Text("late"));
        using var answer = await sending;

        Assert.Equal("late", await answer.Content.ReadAsStringAsync());
        Assert.Throws<ObjectDisposedException>(() => sender.Engine.UpstreamOf(new Uri("https://other.test/")));
        Assert.False(_time.AdvanceToNextTimer(TimeSpan.FromHours(1)));
    }

    private Sender Sender(FakeServer server, string? hedgeAfter = "5ms")
    {
        var options = new HeadgateOptions { StatePath = _folder.Path };
        var api = options.Upstreams["a"] = new UpstreamOptions { Base = ["https://api.test"], Limits = ["50/s"] };
        if (hedgeAfter is not null)
            api.Hedge.After = hedgeAfter;
        return new Sender(options, server, _time, null, null);
    }
}
