using System.Threading.RateLimiting;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What every <see cref="RateLimiter"/> answers, and code that takes one relies on.</summary>
public sealed class GateLimiterContractTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Permits_are_granted_until_none_is_left()
    {
        using var limiter = Limiter("3/s");
        for (var times = 0; times < 3; times++)
            Assert.True(limiter.AttemptAcquire().IsAcquired);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
        Pass(1100);
        Assert.True(limiter.AttemptAcquire(3).IsAcquired);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public async Task Who_waits_is_served_in_the_order_of_coming_whatever_it_asks_for()
    {
        using var limiter = Limiter("4/s");
        Assert.True(limiter.AttemptAcquire(3).IsAcquired);
        var large = limiter.AcquireAsync(4);
        var small = limiter.AcquireAsync(1);
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
        Pass(1100);
        Assert.True(large.IsCompleted);
        Assert.False(small.IsCompleted);
        Pass(1100);
        Assert.True((await large).IsAcquired);
        Assert.True((await small).IsAcquired);
    }

    [Fact]
    public async Task A_cancelled_waiter_leaves_the_queue_and_spends_nothing()
    {
        using var limiter = Limiter("2/s");
        limiter.AttemptAcquire(2);
        using var gaveUp = new CancellationTokenSource();
        var first = limiter.AcquireAsync(2, gaveUp.Token);
        var second = limiter.AcquireAsync(2);
        gaveUp.Cancel();
        var error = await Assert.ThrowsAsync<TaskCanceledException>(async () => await first);
        Assert.Equal(gaveUp.Token, error.CancellationToken);
        Assert.Equal(2, limiter.GetStatistics()!.CurrentQueuedCount);
        Pass(1100);
        Assert.True(second.IsCompleted);
        Assert.True((await second).IsAcquired);
        Assert.Equal(0, limiter.GetStatistics()!.CurrentQueuedCount);
    }

    [Fact]
    public async Task A_token_cancelled_before_gets_nothing()
    {
        using var limiter = Limiter("1/s");
        var cancelled = new CancellationToken(canceled: true);
        Assert.True(limiter.AcquireAsync(1, cancelled).IsCanceled);
        Assert.True(limiter.AcquireAsync(1, TimeSpan.FromSeconds(1), cancelled).IsCanceled);
        Assert.True(limiter.AcquireAsync(new GateRequest(), cancelled).IsCanceled);
        Assert.True((await limiter.AcquireAsync()).IsAcquired);
    }

    [Fact]
    public void A_token_cancelled_after_the_grant_changes_nothing()
    {
        using var limiter = Limiter("1/s");
        limiter.AttemptAcquire();
        using var late = new CancellationTokenSource();
        var waits = limiter.AcquireAsync(1, late.Token);
        Pass(1100);
        late.Cancel();
        Assert.True(waits.IsCompletedSuccessfully);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public async Task Zero_permits_ask_whether_one_is_free_and_take_none()
    {
        using var limiter = Limiter("1/s");
        for (var times = 0; times < 5; times++)
            Assert.True(limiter.AttemptAcquire(0).IsAcquired);
        Assert.True((await limiter.AcquireAsync(0)).IsAcquired);
        Assert.True(limiter.AttemptAcquire().IsAcquired);
        Assert.False(limiter.AttemptAcquire(0).IsAcquired);
        var waits = limiter.AcquireAsync(0);
        Assert.False(waits.IsCompleted);
        Pass(1100);
        Assert.True((await waits).IsAcquired);
        Assert.True(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public void Negative_permits_and_more_than_the_limit_are_errors()
    {
        using var limiter = Limiter("10/s", "5 bucket 10/s", "100/min");
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.AttemptAcquire(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(-1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.AttemptAcquire(6));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(6); });
        Assert.Contains("burst=5", error.Message, StringComparison.Ordinal);
        Assert.True(limiter.AttemptAcquire(5).IsAcquired);
    }

    [Fact]
    public async Task When_as_many_wait_as_may_whoever_comes_is_refused_and_told_when_to_come_again()
    {
        using var limiter = new GateLimiter(["1/s"], Options(queue: 2));
        limiter.AttemptAcquire();
        var (first, second) = (limiter.AcquireAsync(), limiter.AcquireAsync());
        var third = limiter.AcquireAsync();
        Assert.True(third.IsCompleted);
        var refusal = await third;
        Assert.False(refusal.IsAcquired);
        Assert.True(refusal.TryGetMetadata(MetadataName.RetryAfter, out var after));
        Assert.True(refusal.TryGetMetadata(MetadataName.ReasonPhrase, out var reason));
        Assert.Contains("2 wait", reason, StringComparison.Ordinal);
        Assert.Equal([MetadataName.RetryAfter.Name, MetadataName.ReasonPhrase.Name], refusal.MetadataNames);
        _time.Advance(after);
        Assert.True(first.IsCompleted && second.IsCompleted);
        Assert.True(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public async Task Without_a_queue_nobody_waits()
    {
        using var limiter = new GateLimiter(["1/s"], Options(queue: 0));
        Assert.True((await limiter.AcquireAsync()).IsAcquired);
        Assert.False((await limiter.AcquireAsync()).IsAcquired);
        Pass(1100);
        Assert.True((await limiter.AcquireAsync()).IsAcquired);
    }

    [Theory]
    [InlineData("3/s")]
    [InlineData("10 bucket 7/s")]
    [InlineData("7/3s", "2/s")]
    [InlineData("4/s spaced")]
    [InlineData("5/10s fixed")]
    [InlineData("100/min counter")]
    [InlineData("5/day fixed tz=Europe/Berlin")]
    public void A_refusal_names_the_time_to_come_again_and_never_too_early(params string[] limits)
    {
        using var limiter = Limiter(limits);
        var random = new Random(5);
        for (var times = 0; times < 200; times++)
        {
            var count = random.Next(1, 3);
            using var lease = limiter.AttemptAcquire(count);
            if (lease.IsAcquired)
            {
                _time.Advance(TimeSpan.FromTicks(random.NextInt64(TimeSpan.TicksPerSecond / 4)));
                continue;
            }
            Assert.True(lease.TryGetMetadata(MetadataName.RetryAfter, out var after));
            Assert.True(after > TimeSpan.Zero);
            if (limits[0].EndsWith('s') || limits[0].EndsWith("spaced", StringComparison.Ordinal))
            {
                _time.Advance(after - TimeSpan.FromMicroseconds(1));
                Assert.False(limiter.AttemptAcquire(count).IsAcquired);
                after = TimeSpan.FromMicroseconds(1);
            }
            _time.Advance(after);
            Assert.True(limiter.AttemptAcquire(count).IsAcquired);
        }
    }

    [Fact]
    public async Task Disposal_refuses_who_waits_and_then_whoever_comes()
    {
        var limiter = Limiter("1/s");
        limiter.AttemptAcquire();
        var waits = limiter.AcquireAsync();
        await limiter.DisposeAsync();
        limiter.Dispose();
        Assert.True(waits.IsCompleted);
        Assert.False((await waits).IsAcquired);
        Assert.Throws<ObjectDisposedException>(() => limiter.AttemptAcquire());
        Assert.Throws<ObjectDisposedException>(() => { limiter.AcquireAsync(); });
        Assert.Throws<ObjectDisposedException>(() => { limiter.AcquireAsync(1, TimeSpan.Zero); });
        Assert.Throws<ObjectDisposedException>(() => { limiter.AcquireAsync(new GateRequest()); });
        Assert.Throws<ObjectDisposedException>(() => limiter.GetStatistics());
        Assert.Throws<ObjectDisposedException>(() => limiter.TryAcquire());
        Assert.Throws<ObjectDisposedException>(() => limiter.EstimateWait());
        Assert.Throws<ObjectDisposedException>(() => limiter.Update(["1/s"]));
        _time.Advance(TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_lease_may_be_ended_after_its_limiter()
    {
        var limiter = Limiter("1 concurrent");
        var lease = limiter.AttemptAcquire();
        limiter.Dispose();
        lease.Dispose();
        lease.Dispose();
    }

    [Fact]
    public void Statistics_count_what_is_free_waited_for_granted_and_refused()
    {
        using var limiter = Limiter("10/s", "6 concurrent");
        var lease = limiter.AttemptAcquire(2);
        limiter.AttemptAcquire(4);
        limiter.AttemptAcquire(1);
        limiter.AcquireAsync(3);
        limiter.AcquireAsync(2);
        var counts = limiter.GetStatistics()!;
        Assert.Equal((0, 5, 2, 1), (counts.CurrentAvailablePermits, counts.CurrentQueuedCount, counts.TotalSuccessfulLeases, counts.TotalFailedLeases));
        lease.Dispose();
        Assert.Equal(2, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Theory]
    [InlineData("2/s", 1001)]
    [InlineData("2 bucket 1/s", 1001)]
    [InlineData("2/s spaced", 501)]
    public void It_is_idle_from_when_nothing_of_the_past_counts_any_more(string limit, int milliseconds)
    {
        using var limiter = Limiter(limit);
        Assert.Equal(TimeSpan.Zero, limiter.IdleDuration);
        Pass(5000);
        Assert.Equal(TimeSpan.FromSeconds(5), limiter.IdleDuration);
        limiter.AttemptAcquire();
        Assert.Null(limiter.IdleDuration);
        Pass(milliseconds / 2);
        Assert.Null(limiter.IdleDuration);
        Pass(milliseconds - milliseconds / 2 + 1000);
        // Looking at anything else does not change since when.
        limiter.GetStatistics();
        limiter.EstimateWait();
        Assert.True(limiter.AttemptAcquire(0).IsAcquired);
        Assert.InRange(limiter.IdleDuration!.Value.TotalMilliseconds, 990, 1001);
        Pass(500);
        Assert.InRange(limiter.IdleDuration!.Value.TotalMilliseconds, 1490, 1501);
    }

    [Fact]
    public async Task It_is_not_idle_while_a_place_is_held_or_somebody_waits()
    {
        using var limiter = Limiter("1 concurrent");
        var lease = limiter.AttemptAcquire();
        Pass(60_000);
        Assert.Null(limiter.IdleDuration);
        var waits = limiter.AcquireAsync();
        Assert.Null(limiter.IdleDuration);
        lease.Dispose();
        Assert.Null(limiter.IdleDuration);
        (await waits).Dispose();
        Pass(10);
        Assert.Equal(TimeSpan.FromMilliseconds(10), limiter.IdleDuration);
    }

    [Theory]
    [InlineData(100, 1000)]
    [InlineData(7, 300)]
    public void No_window_ever_has_more_than_the_limit_and_all_of_it_is_used(int count, int milliseconds)
    {
        using var limiter = Limiter($"{count}/{milliseconds}ms");
        var (random, granted) = (new Random(3), new List<TimeSpan>());
        for (var end = _time.Elapsed + TimeSpan.FromMilliseconds(20 * milliseconds); _time.Elapsed < end;)
        {
            while (random.Next(50) > 0 && limiter.TryAcquire())
                granted.Add(_time.Elapsed);
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds / 200.0 * random.NextDouble()));
        }
        var period = TimeSpan.FromMilliseconds(milliseconds);
        for (var index = count; index < granted.Count; index++)
            Assert.True(granted[index] - granted[index - count] > period, $"more than {count} at {granted[index]}");
        Assert.InRange(granted.Count, count * 19, count * 21);
    }

    [Fact]
    public void Several_limits_are_taken_together_or_not_at_all()
    {
        using var limiter = Limiter("100/min", "1/s");
        var granted = Enumerable.Range(0, 60).Count(_ => limiter.AttemptAcquire().IsAcquired);
        Assert.Equal(1, granted);
        Pass(1100);
        limiter.Update(["100/min"]);
        Assert.Equal(99, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Fact]
    public void A_limit_that_is_none_is_named_with_its_position()
    {
        var error = Assert.Throws<FormatException>(() => new GateLimiter(["10/s", "10/fortnight", "x"]));
        Assert.Contains("10/fortnight", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"x\"", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new GateLimiter([]));
        var wrong = Assert.Throws<ArgumentException>(() => new GateLimiter(["1/s"], new GateLimiterOptions { QueueLimit = -1, MaxHold = TimeSpan.Zero, Name = " " }));
        Assert.Contains("QueueLimit", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("MaxHold", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("Name", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1/s", "100 tokens/min")]
    [InlineData("1/s", "1 bucket 1/s")]
    public async Task Whoever_waits_for_a_limit_that_is_gone_goes_at_once_or_when_the_new_one_lets_them(string before, string after)
    {
        using var limiter = Limiter(before);
        Assert.True(limiter.TryAcquire());
        var waits = limiter.AcquireAsync();
        limiter.Update([after]);
        Pass(after.Contains("tokens", StringComparison.Ordinal) ? 0 : 1010);
        Assert.True(waits.IsCompleted);
        Assert.True((await waits).IsAcquired);
    }

    private void Pass(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    private GateLimiterOptions Options(int queue = int.MaxValue) => new() { TimeProvider = _time, QueueLimit = queue };

    private GateLimiter Limiter(params string[] limits) => new(limits, Options());
}
