using System.Net;
using Headgate.Ledgers;
using Headgate.Retries;
using Headgate.Tests.Ledgers;
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

    [Fact]
    public async Task Whichever_of_two_wins_each_that_was_sent_has_one_end_in_the_ledger()
    {
        using var folder = new TempFolder();
        var random = new Random(7);
        var options = new HeadgateOptions { Timeout = TimeSpan.FromSeconds(2), Retries = 2, RetryDelay = TimeSpan.FromMilliseconds(10) };
        options.Upstreams["api"].Base = ["https://api.test"];
        options.Upstreams["api"].Hedge.After = "100ms";
        options.Upstreams["api"].Breaker.FailureThreshold = 1000;
        using (var engine = new Engine(options.Freeze(), new EngineOptions { Time = _time, Random = new Random(1), Inner = _ => new Leaving(this, AnswerAsync) }))
        {
            engine.Journal.WriteTo(LedgerWriter.Create(folder["out.ledger"], LedgerTests.Header, _time));
            var all = Task.WhenAll(Enumerable.Range(0, 200).Select(_ => SendAsync(engine, TimeSpan.FromMilliseconds(random.Next(50, 3000)))));
            await Threads.PassUntilAsync(_time, () => all.IsCompleted);
            await all;
            var left = engine.LeftAsync();
            await Threads.PassUntilAsync(_time, () => left.IsCompleted);
        }

        var (intents, ends) = (new List<long>(), new List<long>());
        using var reader = LedgerReader.Open(folder["out.ledger"]);
        while (reader.Read())
            if (reader.Kind == LedgerRecordKind.Intent)
                intents.Add(reader.Intent.Number);
            else if (reader.Kind == LedgerRecordKind.End)
                ends.Add(reader.End.Number);
        Assert.Equal(_sent, intents.Count);
        Assert.InRange(_sent, 250, 2000);
        Assert.Equal(intents.Order(), ends.Order());

        async Task<HttpResponseMessage> AnswerAsync(int number, Action leave, CancellationToken cancellation)
        {
            var own = new Random(number);
            await Task.Delay(TimeSpan.FromMilliseconds(own.Next(3) == 0 ? own.Next(150) : 0), _time, cancellation);
            leave();
            await Task.Delay(TimeSpan.FromMilliseconds(own.Next(400)), _time, own.Next(5) == 0 ? CancellationToken.None : cancellation);
            return own.Next(6) switch
            {
                0 => throw new HttpRequestException(HttpRequestError.ConnectionError, "reset"),
                1 => FakeServer.Text("", HttpStatusCode.InternalServerError),
                2 => new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("https://api.test/b") } },
                3 => new HttpResponseMessage { Content = new StreamContent(new MemoryStream("ok"u8.ToArray())) { Headers = { ContentLength = 10 } } },
                _ => FakeServer.Text("done"),
            };
        }
    }

    /// <summary>Sends a request as a run does, given up after a time; what comes of it is another matter.</summary>
    private async Task SendAsync(Engine engine, TimeSpan patience)
    {
        using var giveUp = new CancellationTokenSource(patience, _time);
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/a");
        var exchange = new Exchange(request, SendTerms.None)
        {
            Receive = async (answer, cancellation) => BodyLength.ThrowIfCut(BodyLength.Announced(answer), (await answer.Content.ReadAsByteArrayAsync(cancellation)).Length),
        };
        try
        {
            using var answer = await new StraightLine(engine).SendAsync(exchange, giveUp.Token);
        }
        catch (Exception failure) when (failure is HeadgateException or OperationCanceledException)
        {
        }
        exchange.Last?.WriteEnd();
    }

    /// <summary>Sends one request, a second beside it after 100 ms, and waits for both to end.</summary>
    private async Task<Exchange> SendAsync(Func<int, Action, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        var options = new HeadgateOptions { Timeout = TimeSpan.FromDays(7) };
        options.Upstreams["api"].Base = ["https://api.test"];
        options.Upstreams["api"].Hedge.After = "100ms";
        using var engine = new Engine(options.Freeze(), new EngineOptions { Time = _time, Random = new Random(1), Inner = _ => new Leaving(this, answer) });
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a"), SendTerms.None);
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
