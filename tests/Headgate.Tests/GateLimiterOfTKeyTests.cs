using System.Threading.RateLimiting;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What a limiter of keys answers, beside what it has in common with a limiter of one.</summary>
public sealed class GateLimiterOfTKeyTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public async Task Every_key_has_its_own_and_all_share_the_total()
    {
        await using var limiter = Limiter(["2/s"], total: "3/s");
        Assert.True(limiter.TryAcquire("a", 2));
        Assert.False(limiter.TryAcquire("a"));
        Assert.True(limiter.TryAcquire("b"));
        using var refused = limiter.AttemptAcquire("b");
        Assert.False(refused.IsAcquired);
        Assert.True(refused.TryGetMetadata(MetadataName.ReasonPhrase, out var reason));
        Assert.Equal("held by 3/s (limiter, all keys)", reason);
        var waits = limiter.AcquireAsync("c");
        Assert.Equal((0, 1), (limiter.Statistics.Available, limiter.Statistics.Waiting));
        Pass(1100);
        Assert.True((await waits).IsAcquired);
        Assert.Equal(2, limiter.Statistics.Available);
    }

    [Fact]
    public void What_the_total_refuses_costs_the_key_nothing()
    {
        using var limiter = Limiter(["2/h"], total: "1/s");
        Assert.True(limiter.TryAcquire("a"));
        for (var times = 0; times < 10; times++)
            Assert.False(limiter.TryAcquire("b"));
        Pass(1100);
        Assert.True(limiter.TryAcquire("b"));
        Pass(1100);
        Assert.True(limiter.TryAcquire("b"));
    }

    [Fact]
    public void Under_the_total_the_keys_that_wait_take_turns()
    {
        using var limiter = Limiter(["100/s"], total: "1/s");
        limiter.TryAcquire("x");
        List<(string Key, ValueTask<RateLimitLease> Wait)> waits = [.. "aaaabb".Select(key => ($"{key}", limiter.AcquireAsync($"{key}")))];
        List<string> went = [];
        for (var times = 0; times < 6; times++)
        {
            Pass(1002);
            went.AddRange(waits.Where(one => one.Wait.IsCompleted).Select(one => one.Key));
            waits.RemoveAll(one => one.Wait.IsCompleted);
        }
        Assert.Equal(["a", "b", "a", "b", "a", "a"], went);
    }

    [Fact]
    public async Task A_key_that_waits_disturbs_no_other()
    {
        using var limiter = Limiter(["1/s"]);
        for (var times = 0; times < 100; times++)
            _ = limiter.AcquireAsync("a", 1);
        Assert.True(limiter.TryAcquire("b"));
        Assert.Equal(TimeSpan.Zero, limiter.EstimateWait("c"));
        Assert.InRange(limiter.EstimateWait("a")!.Value.TotalSeconds, 100, 101);
        Assert.True((await limiter.AcquireAsync("c")).IsAcquired);
        Assert.Equal((0, 99, 1, 0), Counts(limiter, "a"));
        Assert.Equal((0, 0, 1, 0), Counts(limiter, "b"));
        Assert.Equal((1, 0, 0, 0), Counts(limiter, "never seen"));
    }

    [Fact]
    public async Task As_many_may_wait_for_a_key_and_for_all_as_is_said()
    {
        using var limiter = new GateLimiter<string>(["1/s"], new GateLimiterOptions<string> { TimeProvider = _time, QueueLimit = 2, TotalQueueLimit = 3 });
        foreach (var key in new[] { "a", "b", "c" })
            Assert.True(limiter.TryAcquire(key));
        var (a1, a2, b1) = (limiter.AcquireAsync("a"), limiter.AcquireAsync("a"), limiter.AcquireAsync("b"));
        Assert.Contains("2 wait", Reason(await limiter.AcquireAsync("a")), StringComparison.Ordinal);
        Assert.Contains("3 wait", Reason(await limiter.AcquireAsync("c")), StringComparison.Ordinal);
        Pass(1100);
        Assert.True(a1.IsCompleted && b1.IsCompleted && !a2.IsCompleted);
        Assert.True((await limiter.AcquireAsync("c")).IsAcquired);
    }

    [Fact]
    public async Task The_time_to_come_again_counts_those_who_wait_for_the_total_in_other_keys()
    {
        using var limiter = new GateLimiter<string>(["10/s"], new GateLimiterOptions<string> { TimeProvider = _time, TotalLimits = ["2/s"] });
        limiter.TryAcquire("a", 2);
        var waits = Enumerable.Range(0, 4).Select(number => limiter.AcquireAsync($"{number}")).ToList();
        using var refused = await limiter.AcquireAsync("z", 1, TimeSpan.Zero);
        Assert.True(refused.TryGetMetadata(MetadataName.RetryAfter, out var after));
        _time.Advance(after);
        Assert.All(waits, wait => Assert.True(wait.IsCompleted));
        Assert.True(limiter.TryAcquire("z"));
    }

    [Fact]
    public async Task A_place_in_flight_is_held_until_its_lease_ends_however_idle_the_key()
    {
        using var limiter = Limiter(["1 concurrent"], total: "2 concurrent");
        var (a, b) = (limiter.AttemptAcquire("a"), limiter.AttemptAcquire("b"));
        Pass(120_000);
        Sweep(limiter, 20);
        Assert.False(limiter.AttemptAcquire("a").IsAcquired);
        var waits = limiter.AcquireAsync("c");
        Assert.Throws<InvalidOperationException>(() => limiter.TryAcquire("d"));
        b.Dispose();
        using var c = await waits;
        Assert.True(c.IsAcquired);
        a.Dispose();
        Assert.True(limiter.AttemptAcquire("a").IsAcquired);
    }

    [Fact]
    public async Task A_lease_of_a_key_gives_back_what_was_not_used()
    {
        using var limiter = Limiter(["1000 tokens/min"]);
        var request = new GateRequest { Permits = 0, Cost = new Dictionary<string, long> { ["tokens"] = 900 } };
        var lease = await limiter.AcquireAsync("a", request);
        Assert.True((await limiter.AcquireAsync("b", request)).IsAcquired);
        var waits = limiter.AcquireAsync("a", request with { Deadline = _time.GetUtcNow().AddSeconds(5) });
        Pass(1000);
        lease.Commit(100);
        Assert.True((await waits).IsAcquired);
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync("a", request with { Cost = new Dictionary<string, long> { ["tokens"] = 1001 } }); });
    }

    [Fact]
    public void Some_keys_have_limits_of_their_own()
    {
        List<string> asked = [];
        using var limiter = new GateLimiter<string>(["1/s"], new GateLimiterOptions<string>
        {
            TimeProvider = _time,
            Comparer = StringComparer.OrdinalIgnoreCase,
            LimitsOf = key =>
            {
                asked.Add(key);
                return key == "gold" ? ["5/s"] : key == "wrong" ? ["5/fortnight"] : null;
            },
        });
        Assert.True(limiter.TryAcquire("gold", 5));
        Assert.False(limiter.TryAcquire("GOLD"));
        Assert.True(limiter.TryAcquire("tin"));
        Assert.False(limiter.TryAcquire("tin"));
        Assert.Throws<FormatException>(() => limiter.TryAcquire("wrong"));
        limiter.Update(["3/s"]);
        Assert.True(limiter.TryAcquire("tin", 2));
        Assert.False(limiter.TryAcquire("gold"));
        Assert.Equal(["gold", "tin", "wrong"], asked);
        Pass(3000);
        Sweep(limiter, 10);
        Assert.Equal(0, limiter.KeyCount);
        Assert.True(limiter.TryAcquire("gold", 5));
    }

    [Fact]
    public void A_key_may_be_given_limits_and_keeps_them()
    {
        using var limiter = Limiter(["2/s"]);
        limiter.TryAcquire("a");
        limiter.Update("a", ["5/s"]);
        Assert.True(limiter.TryAcquire("a", 4));
        Assert.False(limiter.TryAcquire("a"));
        limiter.Update(["3/s"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.TryAcquire("b", 4));
        Pass(10_000);
        Sweep(limiter, 10);
        Assert.Equal(0, limiter.KeyCount);
        Assert.True(limiter.TryAcquire("a", 5));
        limiter.Update("a", ["1/s"]);
        Pass(1100);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.TryAcquire("a", 2));
        Assert.True(limiter.TryAcquire("a"));
        Assert.True(limiter.TryAcquire("b", 3));
    }

    [Fact]
    public async Task Limits_that_change_hold_for_those_who_wait()
    {
        using var limiter = Limiter(["1/h"]);
        List<ValueTask<RateLimitLease>> waits = [];
        for (var key = 0; key < 600; key++)
        {
            limiter.TryAcquire($"{key}");
            waits.Add(limiter.AcquireAsync($"{key}"));
        }
        Pass(5000);
        limiter.Update(["2/h"]);
        Assert.All(waits, wait => Assert.True(wait.IsCompletedSuccessfully));
        Assert.False(limiter.TryAcquire("7"));
        var costly = limiter.AcquireAsync("7", 2);
        limiter.Update(["1/h"]);
        Assert.Contains("costs 2 requests", Reason(await costly), StringComparison.Ordinal);
        Assert.Equal("1/h", Assert.Single(limiter.Limits).ToString());
    }

    [Fact]
    public async Task Disposal_refuses_who_waits_for_whatever_key_and_then_whoever_comes()
    {
        var limiter = Limiter(["1/s"], total: "100/s");
        ValueTask<RateLimitLease>[] waits = [.. "abc".SelectMany(key => new[] { limiter.AcquireAsync($"{key}"), limiter.AcquireAsync($"{key}") })];
        await limiter.DisposeAsync();
        limiter.Dispose();
        Assert.Equal([true, false, true, false, true, false], waits.Select(wait => wait.Result.IsAcquired));
        Assert.Throws<ObjectDisposedException>(() => limiter.AttemptAcquire("a"));
        Assert.Throws<ObjectDisposedException>(() => limiter.TryAcquire("a"));
        Assert.Throws<ObjectDisposedException>(() => { limiter.AcquireAsync("a"); });
        Assert.Throws<ObjectDisposedException>(() => { limiter.AcquireAsync("a", new GateRequest()); });
        Assert.Throws<ObjectDisposedException>(() => limiter.GetStatistics("a"));
        Assert.Throws<ObjectDisposedException>(() => limiter.EstimateWait("a"));
        Assert.Throws<ObjectDisposedException>(() => limiter.Update(["1/s"]));
        Assert.Throws<ObjectDisposedException>(() => limiter.Update("a", ["1/s"]));
    }

    [Fact]
    public async Task A_cancelled_waiter_leaves_at_once_and_spends_nothing()
    {
        using var limiter = Limiter(["1/s"]);
        limiter.TryAcquire("a");
        using var gaveUp = new CancellationTokenSource();
        var first = limiter.AcquireAsync("a", 1, gaveUp.Token);
        var second = limiter.AcquireAsync("a");
        gaveUp.Cancel();
        await Assert.ThrowsAsync<TaskCanceledException>(async () => await first);
        Pass(1100);
        Assert.True((await second).IsAcquired);
        Assert.True(limiter.AcquireAsync("a", 1, gaveUp.Token).IsCanceled);
    }

    [Fact]
    public async Task It_translates_its_keys()
    {
        using var limiter = Limiter(["1/s"]);
        await using var byNumber = limiter.WithTranslatedKey<int>(number => $"{number % 2}", leaveOpen: true);
        Assert.True(byNumber.AttemptAcquire(1).IsAcquired);
        Assert.False(byNumber.AttemptAcquire(3).IsAcquired);
        Assert.True((await byNumber.AcquireAsync(2)).IsAcquired);
        Assert.Equal(0, byNumber.GetStatistics(4)!.CurrentAvailablePermits);
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new GateLimiter<string>(["1/s"], new GateLimiterOptions<string> { QueueLimit = -1, TotalQueueLimit = -1, Comparer = null! }));
        Assert.Contains("QueueLimit is -1", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("TotalQueueLimit", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("Comparer", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Limiter(["1/s"], total: "1/fortnight"));
        using var limiter = Limiter(["2/s"]);
        Assert.Throws<ArgumentNullException>(() => limiter.TryAcquire(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.TryAcquire("a", -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.TryAcquire("a", 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync("a", 1, TimeSpan.FromSeconds(-1)); });
        Assert.Throws<FormatException>(() => limiter.Update(["x"]));
        Assert.Throws<ArgumentException>(() => limiter.Update("a", []));
    }

    private static (long, long, long, long) Counts(GateLimiter<string> limiter, string key)
    {
        var counts = limiter.GetStatistics(key)!;
        return (counts.CurrentAvailablePermits, counts.CurrentQueuedCount, counts.TotalSuccessfulLeases, counts.TotalFailedLeases);
    }

    private static string Reason(RateLimitLease lease) => !lease.IsAcquired && lease.TryGetMetadata(MetadataName.ReasonPhrase, out var reason) ? reason! : "";

    /// <summary>Keys are looked after in passing.</summary>
    private static void Sweep(GateLimiter<string> limiter, int times)
    {
        for (; times > 0; times--)
            limiter.AttemptAcquire("tin", 0).Dispose();
    }

    private void Pass(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    private GateLimiter<string> Limiter(string[] limits, string? total = null) =>
        new(limits, new GateLimiterOptions<string> { TimeProvider = _time, TotalLimits = total is null ? [] : [total] });
}
