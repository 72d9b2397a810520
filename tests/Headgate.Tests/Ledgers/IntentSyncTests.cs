using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

/// <summary>Against a loss of power: the intent is on disk before the first byte leaves, and a round costs one sync.</summary>
[Collection(Threads.Alone)]
public sealed class IntentSyncTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private readonly ConcurrentQueue<string> _order = new();
    private readonly ManualResetEventSlim _disk = new(initialState: true);

    public void Dispose()
    {
        _disk.Set();
        _folder.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public async Task Nothing_leaves_before_its_intent_is_on_disk()
    {
        var api = new FakeApi((_, _) =>
        {
            _order.Enqueue("sent");
            return Task.FromResult(FakeApi.Answer());
        });
        using var engine = EngineOf(api, file =>
        {
            // It has gone through write(2) before.
            _order.Enqueue(Read(file.Path).Contains("\"t\":", StringComparison.Ordinal) ? "ledger" : "scope");
            file.Sync();
        });

        await SendAsync(engine, "/a");

        // Of all traffic, and of the API; then the ledger, or before.
        Assert.Equal("sent", _order.Last());
        Assert.Equal(["ledger", "scope", "scope"], _order.SkipLast(1).Order());
    }

    [Fact]
    public async Task A_round_of_sends_waits_for_one_sync()
    {
        var (api, syncs) = (new FakeApi(), 0);
        _disk.Reset();
        using var engine = EngineOf(api, file =>
        {
            if (file.Path.EndsWith(".ledger", StringComparison.Ordinal))
                Interlocked.Increment(ref syncs);
            _disk.Wait();
            file.Sync();
        });
        var sends = Enumerable.Range(0, 100).Select(number => Task.Run(() => SendAsync(engine, $"/{number}"))).ToList();
        await FakeApi.Until(() => Read(_folder["out.ledger"]).Split("\"t\":").Length == 101);
        Assert.Empty(api.Paths);

        _disk.Set();
        await Task.WhenAll(sends);

        Assert.Equal(100, api.Paths.Count);
        Assert.InRange(syncs, 1, 4);
    }

    [Fact]
    public async Task Where_the_disk_takes_nothing_nothing_is_sent()
    {
        var api = new FakeApi();
        using var engine = EngineOf(api, file => throw new LedgerException($"{file.Path}: cannot be written"));

        await Assert.ThrowsAsync<LedgerException>(() => SendAsync(engine, "/a"));

        Assert.Empty(api.Paths);
    }

    [Fact]
    public async Task Whoever_wrote_before_a_sync_that_failed_and_asks_after_it_is_not_told_that_all_is_well()
    {
        var syncs = 0;
        var sync = new IntentSync(file => throw new LedgerException($"{file.Path}: cannot be written ({++syncs})"));
        using var ledger = LedgerWriter.Create(_folder["out.ledger"], LedgerTests.Header, _time);
        sync.Wrote(ledger.Records);
        sync.Wrote(ledger.Records);

        await Assert.ThrowsAsync<LedgerException>(sync.ThroughAsync);
        var later = await Assert.ThrowsAsync<LedgerException>(sync.ThroughAsync);

        Assert.EndsWith("(2)", later.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_deadline_passes_while_the_disk_takes_its_time_is_not_sent()
    {
        var api = new FakeApi();
        _disk.Reset();
        using var engine = EngineOf(api, file =>
        {
            _disk.Wait();
            file.Sync();
        });
        var sending = Assert.ThrowsAsync<HeadgateException>(() => SendAsync(engine, "/a", engine.Clock.Now + 5 * Clock.Second));
        await FakeApi.Until(() => Read(_folder["out.ledger"]).Contains("\"t\":", StringComparison.Ordinal));
        await Threads.PassUntilAsync(_time, () => sending.IsCompleted, milliseconds: 1000);
        _disk.Set();

        Assert.Equal(FailureClass.Deadline, (await sending).FailureClass);
        Assert.Empty(api.Paths);
        Assert.True(_time.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task What_was_recorded_and_could_not_be_sent_has_cost_nothing()
    {
        var down = true;
        var api = new UnreachableApi(() => down);
        using (var engine = EngineOf(api, file => file.Sync(), "2/h"))
        {
            for (var number = 0; number < 5; number++)
                await Assert.ThrowsAsync<HeadgateException>(() => SendAsync(engine, $"/{number}"));
            down = false;
            await SendAsync(engine, "/good");
            await SendAsync(engine, "/good");
        }

        var sends = LedgerSends.Read(_folder["out.ledger"]);
        Assert.False(sends.MayHaveArrived("/0", 0, isRepeatable: false));
        Assert.True(sends.MayHaveArrived("/good", 0, isRepeatable: false));
        var scope = ScopeLog.Read(Directory.GetFiles(_folder["state"], "*.jsonl", SearchOption.AllDirectories).OrderByDescending(file => Read(file).Length).First());
        Assert.Equal(2, scope.Segments.Sum(segment => segment.Settled.Concat(segment.Open.Values).Sum(send => UnitCost.In(Limit.Requests, send.Costs))));
    }

    private Engine EngineOf(HttpMessageHandler api, Action<RecordFile> sync, string limit = "1000/s")
    {
        var state = StateDirectory.Open(_folder["state"]);
        var configuration = HeadgateConfiguration.Default with { Defaults = UpstreamPolicy.Default with { Limits = [Limit.Parse(limit)], Retries = 0 } };
        var engine = new Engine(configuration, new EngineOptions
        {
            Time = _time,
            Random = new Random(1),
            Inner = _ => api,
            Journal = clock => new SendJournal(clock, state) { RemembersAll = true, BeforeSends = new IntentSync(sync) },
        });
        engine.Journal.WriteTo(LedgerWriter.Create(_folder["out.ledger"], LedgerTests.Header, _time));
        return engine;
    }

    private static async Task SendAsync(Engine engine, string path, long? deadline = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://api.example{path}");
        var exchange = new Exchange(request, new SendTerms { Id = path, Deadline = deadline }) { Receive = (_, _) => ValueTask.CompletedTask };
        (await new StraightLine(engine).SendAsync(exchange, TestContext.Current.CancellationToken)).Dispose();
        exchange.Last!.WriteEnd();
    }

    private static string Read(string path)
    {
        using var reader = new StreamReader(LockedFile.OpenToRead(path));
        return reader.ReadToEnd();
    }

    /// <summary>Refuses connections for as long as it is down.</summary>
    private sealed class UnreachableApi(Func<bool> isDown) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (isDown())
                throw new HttpRequestException(HttpRequestError.ConnectionError, "connection refused");
            ((AttemptMessage)request).OnHeaders();
            return Task.FromResult(FakeApi.Answer());
        }
    }
}
