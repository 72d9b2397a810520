using System.Net;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

[Collection(Threads.Alone)]
public sealed class AdaptationTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();
    private readonly FakeServer _server;
    private Sender? _sender;

    public AdaptationTests() => _server = new FakeServer(_time);

    public void Dispose()
    {
        _sender?.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task A_request_that_cannot_be_sent_is_no_failure_of_the_server()
    {
        using var client = Client(api => (api.Adaptive.Rate, api.Adaptive.Resources) = (true, true), o => o.Retries = 0);
        _server.Instead = (_, _) => throw new NotSupportedException("it cannot be sent");

        for (var request = 0; request < 30; request++)
            await Assert.ThrowsAsync<HeadgateException>(() => client.GetAsync("https://a.test/"));

        Assert.Null(Slowed("a"));
    }

    [Fact]
    public async Task Errors_of_one_API_slow_down_that_one_alone()
    {
        using var client = Client(api => api.Adaptive.Resources = true, o => (o.Retries, o.Breaker.FailureThreshold) = (0, 1_000));
        _server.Answer = request => FakeServer.Text("", request.RequestUri!.Host == "a.test" ? HttpStatusCode.InternalServerError : HttpStatusCode.OK);

        for (var request = 0; request < 30; request++)
            foreach (var host in (string[])["a", "b"])
                (await client.GetAsync($"https://{host}.test/")).Dispose();

        Assert.Equal((800, null), (Slowed("a"), Slowed("b")));
        Assert.NotNull(Adaptation("a").Pace);
        Assert.Null(Adaptation("b").Pace);
    }

    [Fact]
    public async Task The_adaptive_timeout_is_that_of_whole_answers_and_not_of_their_headers()
    {
        using var client = Client(api => api.Adaptive.Timeout = true, o => o.Timeout = TimeSpan.FromMinutes(1));
        _server.Answer = _ => new HttpResponseMessage { Content = new LateBody(_time, 2 * Second) };

        await FakeWorld.EndAsync(_time, Task.WhenAll(Enumerable.Range(0, 150).Select(_ => client.GetStringAsync("https://a.test/"))));

        Assert.InRange(Adaptation("a").Timeout, 5.8 * Second, 12 * Second);
    }

    [Fact]
    public async Task An_adaptive_timeout_that_has_become_too_short_for_bodies_grows_again()
    {
        using var client = Client(api => api.Adaptive.Timeout = true, o => (o.Timeout, o.Retries) = (TimeSpan.FromMinutes(1), 0));
        for (var request = 0; request < 120; request++)
            await client.GetStringAsync("https://a.test/");
        Assert.Equal(Second / 2, Adaptation("a").Timeout);
        _server.Answer = _ => new HttpResponseMessage { Content = new LateBody(_time, 2 * Second) };

        var failed = 0;
        while (await FakeWorld.EndAsync(_time, FailsAsync(client.GetStringAsync("https://a.test/"))))
            Assert.True(++failed < 10);

        Assert.InRange(failed, 1, 9);
    }

    private static async Task<bool> FailsAsync(Task task)
    {
        await Task.WhenAny(task);
        return !task.IsCompletedSuccessfully;
    }

    private HttpClient Client(Action<UpstreamOptions> api, Action<HeadgateOptions>? all = null)
    {
        var options = new HeadgateOptions();
        all?.Invoke(options);
        foreach (var name in (string[])["a", "b"])
        {
            options.Upstreams[name].Base = [$"https://{name}.test"];
            api(options.Upstreams[name]);
        }
        _sender = new Sender(options, _server, _time, null, null);
        return new HttpClient(new HeadgateHandler(_sender)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private Adaptation Adaptation(string name) => _sender!.Engine.UpstreamOf(new Uri($"https://{name}.test/")).Adaptation;

    /// <summary>The part of the rate that its errors leave; null for all of it.</summary>
    private int? Slowed(string name) =>
        _sender!.Engine.Dispatcher.Change(Adaptation(name), static (scheduler, adaptation, now) => adaptation.RelieveNeedsLock(scheduler, ResourceRelief.None, now));

    /// <summary>A body that comes a while after its headers.</summary>
    private sealed class LateBody(VirtualTime time, TimeSpan wait) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await Task.Delay(wait, time, cancellationToken);
            await stream.WriteAsync("done"u8.ToArray(), cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
