using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class AttemptTests
{
    private readonly VirtualTime _time = new();
    private int _begun;
    private int _sent;

    [Fact]
    public async Task Over_a_connection_that_comes_after_the_connect_timeout_nothing_is_sent_and_it_is_tried_again()
    {
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a"), SendTerms.None);

        using var answer = await SendAsync(exchange, CancellationToken.None);

        Assert.Equal((200, 2, 1, 1), ((int)answer.StatusCode, _begun, _sent, exchange.Attempts));
    }

    [Fact]
    public async Task Over_a_connection_that_comes_after_its_caller_has_left_nothing_is_sent()
    {
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100), _time);
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a"), SendTerms.None);

        var failure = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SendAsync(exchange, giveUp.Token));

        Assert.Equal(giveUp.Token, failure.CancellationToken);
        Assert.Equal((1, 0, FailureClass.Cancelled), (_begun, _sent, exchange.Last!.Failure));
    }

    private async Task<HttpResponseMessage> SendAsync(Exchange exchange, CancellationToken cancellation)
    {
        var options = new HeadgateOptions { ConnectTimeout = TimeSpan.FromMilliseconds(500), Retries = 1 };
        options.Upstreams["api"].Base = ["https://api.test"];
        using var engine = new Engine(options.Freeze(), new EngineOptions { Time = _time, Random = new Random(1), Inner = _ => new Late(this) });
        var answer = await FakeWorld.EndAsync(_time, new StraightLine(engine).SendAsync(exchange, cancellation).AsTask());
        exchange.Last!.End(isWhole: true);
        return answer;
    }

    /// <summary>Has its first connection when the time for it is over, and hears of that only after it has begun to send.</summary>
    private sealed class Late(AttemptTests test) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref test._begun) == 1)
                await Task.Delay(Timeout.InfiniteTimeSpan, test._time, cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
            ((AttemptMessage)request).OnHeaders();
            Interlocked.Increment(ref test._sent);
            return FakeServer.Text("done");
        }
    }
}
