using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Tests.Configuration;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Credentials that callers bring themselves.</summary>
[Collection(Threads.Alone)]
public sealed class OwnKeysTests
{
    private const string Pool = """{ "upstreams": { "api": { "base": ["https://api.test"], "timing": "nominal", "timeout": "7d", "limits": "none", "keys": { "from": ["env:K"], "limits": ["2/10s"], "as": "TEMPLATE" } } } }""";

    private readonly VirtualTime _time = new();
    private readonly List<(TimeSpan At, string? Key)> _arrivals = [];

    [Fact]
    public async Task Each_counts_as_a_key_of_its_own_beside_those_of_the_pool()
    {
        using var engine = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal));

        await SendAsync(engine, [.. Enumerable.Repeat("Bearer a", 3), .. Enumerable.Repeat("Bearer b", 3), .. Enumerable.Repeat<string?>(null, 3)]);

        Assert.Equal(9, _arrivals.Count);
        foreach (var key in (string[])["Bearer a", "Bearer b", "Bearer pooled"])
        {
            var times = _arrivals.Where(arrival => arrival.Key == key).Select(arrival => arrival.At).ToList();
            Assert.Equal(3, times.Count);
            Assert.Equal(2, times.Count(at => at < TimeSpan.FromSeconds(10)));
        }
    }

    [Fact]
    public async Task Where_the_keys_of_the_pool_have_another_place_both_go_along()
    {
        using var engine = Open(Pool.Replace("TEMPLATE", "X-Api-Key: {key}", StringComparison.Ordinal));

        await SendAsync(engine, ["Bearer a", "Bearer b", "Bearer c"]);

        Assert.Equal(["Bearer a", "Bearer b", "Bearer c"], _arrivals.Select(arrival => arrival.Key).Order());
        Assert.Equal(2, _arrivals.Count(arrival => arrival.At < TimeSpan.FromSeconds(10)));
        Assert.Equal(0, Assert.Single(engine.Upstreams).OwnKeys.Count);
    }

    [Fact]
    public async Task What_a_server_asks_of_one_holds_no_other()
    {
        using var engine = Open("{}", key => key == "Bearer a" && _arrivals.Count(arrival => arrival.Key == key) == 1 ? Refused() : FakeApi.Answer());
        var held = Send(engine, "Bearer a");
        await FakeApi.Until(() => _arrivals.Count == 1);
        for (var number = 0; number < 5; number++)
            await SendAsync(engine, ["Bearer b"]);
        var others = _time.Elapsed;
        await FakeWorld.EndAsync(_time, held);

        Assert.Equal(["Bearer a", "Bearer b", "Bearer b", "Bearer b", "Bearer b", "Bearer b", "Bearer a"], _arrivals.Select(arrival => arrival.Key));
        Assert.True(others < TimeSpan.FromSeconds(60), $"{others}");
        Assert.True(_arrivals[^1].At >= TimeSpan.FromSeconds(60), $"{_arrivals[^1].At}");

        static HttpResponseMessage Refused()
        {
            var answer = FakeApi.Answer(429);
            answer.Headers.Add("Retry-After", "60");
            return answer;
        }
    }

    [Fact]
    public async Task One_that_is_not_accepted_is_answered_so_and_no_key_of_the_pool_is_given_up()
    {
        using var engine = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal), key => FakeApi.Answer(key == "Bearer pooled" ? 200 : 401));

        var refused = await SendAsync(engine, ["Bearer wrong"]);
        var accepted = await SendAsync(engine, [null]);

        Assert.Equal((401, 200), (Assert.Single(refused), Assert.Single(accepted)));

        Assert.Null(Assert.Single(Assert.Single(engine.Upstreams).Keys!.Keys).DeadReason);
        Assert.Equal(2, _arrivals.Count);
    }

    [Fact]
    public async Task Those_of_which_nothing_counts_any_more_are_forgotten()
    {
        using var engine = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal));
        await SendAsync(engine, [.. Enumerable.Range(0, 50).Select(number => $"Bearer {number}")]);
        var upstream = Assert.Single(engine.Upstreams);
        Assert.Equal((50, 50), (upstream.OwnKeys.Count, upstream.Gates.All.Count(gate => gate.Own is not null)));

        _time.Advance(TimeSpan.FromSeconds(120));
        await SendAsync(engine, ["Bearer last"]);

        Assert.Equal((1, 1), (upstream.OwnKeys.Count, upstream.Gates.All.Count(gate => gate.Own is not null)));
    }

    [Fact]
    public async Task There_are_only_so_many_at_once()
    {
        using var engine = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal));
        foreach (var some in Enumerable.Range(0, OwnKeys.Most).Chunk(50))
            await SendAsync(engine, [.. some.Select(number => $"Bearer {number}")]);

        var refused = await Assert.ThrowsAsync<HeadgateException>(() => SendAsync(engine, ["Bearer one more"]));

        Assert.Equal(FailureClass.RateLimit, refused.FailureClass);
        Assert.Equal(OwnKeys.Most, _arrivals.Count);
        await SendAsync(engine, ["Bearer 7"]);
    }

    [Fact]
    public async Task In_the_ledger_each_has_a_name_that_tells_nothing_and_its_limits()
    {
        using var folder = new Ledgers.TempFolder();
        var state = StateDirectory.Open(folder["state"]);
        using (var engine = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal), state: state))
        {
            engine.Journal.WriteTo(LedgerWriter.Create(folder["out.ledger"], Ledgers.LedgerTests.Header, _time));
            await SendAsync(engine, ["Bearer s3cret", "Bearer s3cret", "Bearer s3cret"]);
        }

        var name = $"own-{state.Fingerprint("Bearer s3cret")}";
        var text = await File.ReadAllTextAsync(folder["out.ledger"], TestContext.Current.CancellationToken);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        Assert.Contains($"\"api/key:{name}\":[\"2/10s", text, StringComparison.Ordinal);
        Assert.Equal(3, text.Split('\n').Count(line => line.Contains($"\"key\":\"{name}\"", StringComparison.Ordinal)));

        // The next process knows what was sent with it.
        _arrivals.Clear();
        var begun = _time.Elapsed;
        using var next = Open(Pool.Replace("TEMPLATE", "Authorization: Bearer {key}", StringComparison.Ordinal), state: StateDirectory.Open(folder["state"]));
        await SendAsync(next, ["Bearer s3cret", "Bearer s3cret"]);
        Assert.True(_arrivals[1].At - begun > TimeSpan.FromSeconds(5), $"{_arrivals[1].At - begun}");
    }

    private Engine Open(string json, Func<string?, HttpResponseMessage>? answer = null, StateDirectory? state = null)
    {
        var api = new FakeApi((request, _) =>
        {
            var key = request.Headers.Authorization?.ToString();
            lock (_arrivals)
                _arrivals.Add((_time.Elapsed, key));
            return Task.FromResult(answer?.Invoke(key) ?? FakeApi.Answer());
        });
        return new Engine(WrittenConfiguration.Read(json).OrThrow(), api.In(_time) with
        {
            Keys = _ => [new KeyEntry(new KeySecret("key-1", "pooled"))],
            Journal = clock => new SendJournal(clock, state),
        });
    }

    private Task<int[]> SendAsync(Engine engine, string?[] keys) => FakeWorld.EndAsync(_time, Task.WhenAll(keys.Select(key => Send(engine, key))));

    private static async Task<int> Send(Engine engine, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/a");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", key);
        var exchange = new Exchange(request, new SendTerms { OwnKey = key }) { Receive = static async (answer, cancellation) => await answer.Content.LoadIntoBufferAsync(cancellation) };
        using var answer = await new StraightLine(engine).SendAsync(exchange, TestContext.Current.CancellationToken);
        exchange.Last!.TryWriteEnd();
        return (int)answer.StatusCode;
    }
}
