using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

public sealed class SendJournalTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_send_that_did_not_come_to_the_ledger_is_known_to_the_scope_so_that_the_ledger_never_knows_of_one_more()
    {
        var (ledger, state, api) = (_folder["out.ledger"], StateDirectory.Open(_folder["state"]), new FakeApi());
        var writer = LedgerWriter.Create(ledger, LedgerTests.Header, _time);
        var configuration = HeadgateConfiguration.Default with { Defaults = UpstreamPolicy.Default with { Limits = [Limit.Parse("3/s")] } };
        using var engine = new Engine(configuration, api.In(_time) with { Journal = clock => new SendJournal(clock, state) });
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.example/a");
        engine.UpstreamOf(request.RequestUri!);
        engine.Journal.WriteTo(writer);
        // As a death between the two: nothing more comes to the ledger.
        writer.Dispose();

        await Assert.ThrowsAnyAsync<Exception>(() => new StraightLine(engine).SendAsync(new Exchange(request, SendTerms.None), TestContext.Current.CancellationToken).AsTask());
        engine.Journal.WriteTo(null);

        Assert.Empty(api.Paths);
        Assert.DoesNotContain("\"t\":", await ReadAsync(ledger));
        var scope = Assert.Single(Directory.GetFiles(_folder["state"], "*.jsonl", SearchOption.AllDirectories));
        Assert.Contains("\"n\":1", await ReadAsync(scope));
    }

    [Fact]
    public void A_scope_that_is_remembered_when_all_was_disposed_is_closed_at_once_so_that_another_process_can_have_it()
    {
        var state = StateDirectory.Open(_folder["state"]);
        using var dispatcher = new Dispatcher(_time);
        var scope = new Scope("api", [Limit.Parse("5/s")], ArrivalTerms.Nominal, dispatcher.Ours);
        var late = new SendJournal(dispatcher.Clock, state);
        late.Dispose();

        Assert.Throws<ObjectDisposedException>(() => late.Remember(scope, "api", "https://api.example"));

        using var other = new SendJournal(dispatcher.Clock, state);
        other.Remember(scope, "api", "https://api.example");
    }

    [Fact]
    public async Task A_full_ledger_is_left_for_the_next_and_each_has_the_ends_of_its_own_sends()
    {
        var api = new FakeApi();
        var count = 0;
        LedgerWriter Begin(long after) => LedgerWriter.Create(_folder[$"{++count}.ledger"], LedgerTests.Header, _time, after);
        using var engine = new Engine(HeadgateConfiguration.Default, api.In(_time) with { Journal = clock => new SendJournal(clock, null) { LargestLedger = 2000 } });
        engine.Journal.WriteTo(Begin(0));
        engine.Journal.NextLedger = Begin;
        var line = new StraightLine(engine);

        for (var n = 0; n < 100; n++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://api.example/{n}");
            var exchange = new Exchange(request, new SendTerms { Id = $"i{n}" }) { Receive = (_, _) => ValueTask.CompletedTask };
            (await line.SendAsync(exchange, TestContext.Current.CancellationToken)).Dispose();
            // In the ledger that follows, if it is full just now.
            engine.Journal.Sync();
            engine.Journal.GoOnInNext();
            exchange.Last!.WriteEnd();
        }
        engine.Journal.Sync();

        Assert.InRange(count, 3, 30);
        var numbers = new HashSet<long>();
        foreach (var path in Enumerable.Range(1, count).Select(n => _folder[$"{n}.ledger"]))
        {
            var open = new HashSet<long>();
            using var reader = LedgerReader.Open(path);
            while (reader.Read())
                if (reader.Kind == LedgerRecordKind.Intent)
                    Assert.True(numbers.Add(reader.Intent.Number) && open.Add(reader.Intent.Number));
                else if (reader.Kind == LedgerRecordKind.End)
                    Assert.True(open.Remove(reader.End.Number), $"{path}: the end of {reader.End.Number} is where its send is not");
            Assert.Empty(open);
            Assert.Empty(reader.Damage);
        }
        Assert.Equal(100, numbers.Count);
    }

    [Fact]
    public async Task Where_the_next_ledger_cannot_be_begun_the_full_one_goes_on_and_that_is_told()
    {
        var (api, count, told, keysAreThere) = (new FakeApi(), 0, new List<string>(), false);
        LedgerWriter Begin(long after) => LedgerWriter.Create(_folder[$"{++count}.ledger"], LedgerTests.Header, _time, after);
        using var engine = new Engine(HeadgateConfiguration.Default, api.In(_time) with { Journal = clock => new SendJournal(clock, null) { LargestLedger = 1 } });
        engine.Journal.WriteTo(Begin(0));
        // What callers give is asked for the header.
        engine.Journal.NextLedger = after => keysAreThere ? Begin(after) : throw new InvalidOperationException("no keys today");
        engine.SyncEachSecond(failure => told.Add(failure.Message));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("no keys today", Assert.Single(told), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.example/");
        (await new StraightLine(engine).SendAsync(new Exchange(request, new SendTerms()) { Receive = (_, _) => ValueTask.CompletedTask }, TestContext.Current.CancellationToken)).Dispose();
        keysAreThere = true;
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((1, 2), (told.Count, count));
        Assert.Equal(1, LedgerPast.Read(_folder["1.ledger"]).HighestNumber);
    }

    private static async Task<string> ReadAsync(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
