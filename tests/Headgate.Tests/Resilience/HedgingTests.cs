using System.Net;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

[Collection(Threads.Alone)]
public sealed class HedgingTests
{
    private readonly VirtualTime _time = new();
    private int _begun;
    private int _sent;

    [Fact]
    public async Task Second_attempts_that_are_never_sent_cost_nothing_of_the_budget_of_retries()
    {
        using var world = new FakeWorld(o =>
        {
            (o.Concurrency, o.RetryDelay) = (1, TimeSpan.FromMilliseconds(1));
            o.Upstreams["api"].Base = ["https://api.test"];
            o.Upstreams["api"].Hedge.After = "5ms";
        });
        world.Server.Instead = async (_, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), world.Time, cancellation);
            return FakeServer.Text("done");
        };
        for (var request = 0; request < 160; request++)
            await world.EndAsync(world.Client.GetStringAsync("a"));
        Assert.Equal(160, world.Server.Arrivals.Count);

        world.Server.Instead = (_, _) => Task.FromResult(FakeServer.Text("", HttpStatusCode.InternalServerError));
        (await world.EndAsync(world.Client.GetAsync("a"))).Dispose();

        Assert.True(world.Server.Arrivals.Count > 161, "it was not tried again");
    }

    [Fact]
    public async Task The_time_after_which_a_second_is_sent_begins_with_the_first_byte()
    {
        var exchange = await SendAsync(async (number, leave, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellation);
            leave();
            return FakeServer.Text("done");
        });

        Assert.Equal((1, 1, 1), (_begun, _sent, exchange.Attempts));
    }

    [Fact]
    public async Task A_second_that_has_not_left_when_the_first_is_answered_is_never_sent()
    {
        var exchange = await SendAsync(async (number, leave, cancellation) =>
        {
            if (number == 1)
                leave();
            await Task.Delay(TimeSpan.FromSeconds(number == 1 ? 1 : 10), _time, cancellation);
            if (number == 2)
                leave();
            return FakeServer.Text("done");
        });

        Assert.Equal((2, 1, 1), (_begun, _sent, exchange.Attempts));
        Assert.True(_time.Elapsed < TimeSpan.FromSeconds(5));
    }

    /// <summary>Sends one request, a second beside it after 100 ms, and waits for both to end.</summary>
    private async Task<Exchange> SendAsync(Func<int, Action, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        var options = new HeadgateOptions { Timeout = TimeSpan.FromDays(7) };
        options.Upstreams["api"].Base = ["https://api.test"];
        options.Upstreams["api"].Hedge.After = "100ms";
        using var engine = new Engine(options.Freeze(), new EngineOptions { Time = _time, Random = new Random(1), Inner = _ => new Leaving(this, answer) });
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a"));
        using var response = await FakeWorld.EndAsync(_time, new StraightLine(engine).SendAsync(exchange, CancellationToken.None).AsTask());
        exchange.Last!.End(isWhole: true);
        var left = engine.LeftAsync();
        await Threads.PassUntilAsync(_time, () => left.IsCompleted);
        return exchange;
    }

    /// <summary>Says itself when a request leaves.</summary>
    private sealed class Leaving(HedgingTests test, Func<int, Action, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(Interlocked.Increment(ref test._begun), () =>
        {
            ((AttemptMessage)request).OnHeaders();
            Interlocked.Increment(ref test._sent);
        }, cancellationToken);
    }
}
