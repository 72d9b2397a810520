using System.Net;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate.Tests;

/// <summary>What one request must not do to those that share an API with it.</summary>
[Collection(Threads.Alone)]
public sealed class StraightLineTests
{
    [Fact]
    public async Task What_a_server_tells_does_not_overrule_what_was_declared_for_its_keys()
    {
        using var world = new FakeWorld(o =>
        {
            o.Timing = "nominal";
            o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Values = ["k1"], Limits = ["3/10s"] } };
        });
        var told = 3;
        world.Server.Answer = _ => Tells(told);
        await world.EndAsync(world.Client.GetAsync("a"));
        told = 50;
        for (var number = 0; number < 5; number++)
            await world.EndAsync(world.Client.GetAsync("b"));

        Assert.Equal(3, world.Server.Arrivals.Count(at => at < TimeSpan.FromSeconds(10)));

        static HttpResponseMessage Tells(int limit) => new()
        {
            Headers = { { "X-RateLimit-Limit", $"{limit}" }, { "X-RateLimit-Remaining", $"{limit - 1}" }, { "X-RateLimit-Reset", "10" } },
            Content = new StringContent("ok"),
        };
    }

    [Fact]
    public async Task A_limit_that_was_only_told_is_no_promise_in_the_ledger_though_it_is_kept_more_strictly_after_refusals()
    {
        using var folder = new Ledgers.TempFolder();
        var (time, told, asked) = (new VirtualTime(), new List<string>(), 0);
        var api = new FakeApi((_, _) =>
        {
            var isRefused = ++asked % 6 == 0;
            var answer = FakeApi.Answer(isRefused ? 429 : 200);
            foreach (var (name, value) in ((string, int)[])[("X-RateLimit-Limit", 10), ("X-RateLimit-Remaining", 4), ("X-RateLimit-Reset", 1), .. isRefused ? ((string, int)[])[("Retry-After", 2)] : []])
                answer.Headers.Add(name, $"{value}");
            return Task.FromResult(answer);
        });
        using (var engine = new Engine(new HeadgateOptions().Freeze(), api.In(time) with { Notice = told.Add }))
        {
            engine.Journal.WriteTo(LedgerWriter.Create(folder["out.ledger"], Ledgers.LedgerTests.Header, time));
            for (var number = 0; number < 20; number++)
            {
                var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a"), SendTerms.None);
                using var answer = await FakeWorld.EndAsync(time, new StraightLine(engine).SendAsync(exchange, TestContext.Current.CancellationToken).AsTask());
                exchange.Last!.End(isWhole: true);
            }
        }

        Assert.Contains(told, notice => notice.Contains("counter", StringComparison.Ordinal));
        using var reader = LedgerReader.Open(folder["out.ledger"]);
        while (reader.Read())
            Assert.True(reader.Kind != LedgerRecordKind.Limits || reader.Limits!.Limits.Count == 0, "a limit was declared");
    }

    [Fact]
    public async Task A_refusal_that_somebody_wants_to_have_holds_the_others_all_the_same()
    {
        var time = new VirtualTime();
        var arrivals = new System.Collections.Concurrent.ConcurrentQueue<TimeSpan>();
        var api = new FakeApi((_, _) =>
        {
            arrivals.Enqueue(time.Elapsed);
            var answer = FakeApi.Answer(429);
            answer.Headers.Add("Retry-After", "60");
            return Task.FromResult(answer);
        });
        await using var mux = new Multiplexer(new MultiplexerOptions(), api.In(time));
        await mux.StartAsync(TestContext.Current.CancellationToken);
        List<string> ids = [];
        for (var number = 0; number < 3; number++)
        {
            ids.Add(await mux.SubmitAsync(new JobRequest("https://api.test/") { ExpectStatuses = [429] }, TestContext.Current.CancellationToken));
            var waiting = mux.WaitAsync(ids, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
            await Threads.PassUntilAsync(time, () => waiting.IsCompleted, milliseconds: 100);
            Assert.Equal(JobStatus.Completed, (await waiting)[^1].Status);
        }

        Assert.All(arrivals.Zip(arrivals.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_logger_that_fails_costs_nobody_his_place()
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(new BrokenLogger()));
        using var world = new FakeWorld();
        var options = new HeadgateOptions { Concurrency = 1, Retries = 0 };
        using var client = new HttpMessageInvoker(new HeadgateHandler(options, world.Server, world.Time, loggers));
        world.Server.Answer = _ => new HttpResponseMessage
        {
            Headers = { { "X-RateLimit-Limit", "50" }, { "X-RateLimit-Remaining", "49" }, { "X-RateLimit-Reset", "10" } },
            Content = new StringContent("ok"),
        };
        for (var number = 0; number < 2; number++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/a");
            using var answer = await world.EndAsync(client.SendAsync(request, TestContext.Current.CancellationToken));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_delay_made_on_purpose_meets_the_timeout_like_any_other()
    {
        using var world = new FakeWorld(o =>
        {
            (o.Retries, o.Timeout) = (0, TimeSpan.FromSeconds(1));
            o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Chaos = { Latency = "6s 100%" } };
        });

        await Assert.ThrowsAsync<TaskCanceledException>(() => world.EndAsync(world.Client.GetAsync("a")));

        Assert.InRange(world.Time.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5.9));
    }

    [Fact]
    public async Task A_callers_own_value_in_the_header_of_a_key_stays_behind_when_a_redirect_leads_elsewhere()
    {
        var sent = new List<string?>();
        using var world = new FakeWorld(o => o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Values = ["k1"], As = "X-Api-Key: {key}" } });
        world.Server.Answer = request =>
        {
            sent.Add(request.Headers.TryGetValues("X-Api-Key", out var values) ? string.Join(',', values) : null);
            return sent.Count > 1 ? FakeServer.Text("done") : new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("https://elsewhere.test/x") } };
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "a") { Headers = { { "X-Api-Key", "the caller's own" } } };
        using var answer = await world.Client.SendAsync(request);

        Assert.Equal(["k1", null], sent);
    }

    private sealed class BrokenLogger : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => throw new IOException("the disk of the log is full");

        public void Dispose() { }
    }
}
