using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Each key of a limiter is as a limiter of its own, whatever the others do and however often it is laid down, taken up, forgotten and changed.</summary>
public sealed class GateLimiterKeysAloneTests
{
    private readonly VirtualTime _time = new();

    [Theory]
    [InlineData(LimitTiming.Nominal, "3/s")]
    [InlineData(LimitTiming.Nominal, "5 bucket 2/s")]
    [InlineData(LimitTiming.Nominal, "40 bucket 20/s", "60/5s")]
    [InlineData(LimitTiming.Nominal, "4/s spaced")]
    [InlineData(LimitTiming.Nominal, "5/20s fixed")]
    [InlineData(LimitTiming.Nominal, "9/day fixed tz=Europe/Berlin")]
    [InlineData(LimitTiming.Nominal, "30/10s counter")]
    [InlineData(LimitTiming.Nominal, "1/2s counter")]
    [InlineData(LimitTiming.Nominal, "600/10s", "5/s when=Mon-Fri 08:00-18:00")]
    [InlineData(LimitTiming.Nominal, "3 concurrent", "10/s")]
    [InlineData(LimitTiming.Nominal, "10/s", "40 tokens/3s")]
    [InlineData(LimitTiming.Guaranteed, "4/s", "20 bucket 1/s")]
    [InlineData(LimitTiming.Bounded, "4/s", "7/4s counter")]
    public async Task A_key_is_as_a_limiter_of_its_own(LimitTiming timing, params string[] limits)
    {
        for (var seed = 1; seed <= 4; seed++)
            await Live(new Random(seed), timing, limits, updates: false);
    }

    // Limits under which no key is ever as never used here, since of a key that is forgotten nothing counts in other limits.
    [Theory]
    [InlineData(LimitTiming.Nominal, "30/min", "50/2min", "40 bucket 10/min")]
    [InlineData(LimitTiming.Nominal, "40 bucket 10/min", "20 bucket 10/min", "30/min counter")]
    [InlineData(LimitTiming.Nominal, "30/2min fixed", "10/2min", "40/3min fixed")]
    [InlineData(LimitTiming.Bounded, "40/min", "20/min", "10 bucket 5/min")]
    public async Task Limits_that_change_change_for_all_keys_at_once(LimitTiming timing, params string[] limits)
    {
        for (var seed = 1; seed <= 4; seed++)
            await Live(new Random(seed), timing, limits, updates: true);
    }

    private async Task Live(Random random, LimitTiming timing, string[] limits, bool updates)
    {
        string[] first = updates ? limits[..1] : limits;
        var settings = new GateLimiterOptions { TimeProvider = _time, Timing = timing, QueueLimit = 3, MaxHold = TimeSpan.FromSeconds(20) };
        await using var keyed = new GateLimiter<int>(first, new GateLimiterOptions<int> { TimeProvider = _time, Timing = timing, QueueLimit = 3, MaxHold = TimeSpan.FromSeconds(20) });
        var alone = Enumerable.Range(0, 7).Select(_ => new GateLimiter(first, settings)).ToArray();
        var leases = new List<(GateLease Keyed, GateLease Alone, TimeSpan At)>();
        var waits = new List<(ValueTask<GateLease> Keyed, ValueTask<GateLease> Alone)>();
        var latest = 0;
        for (var key = 0; updates && key < alone.Length; key++)
            Assert.True(keyed.TryAcquire(key) && alone[key].TryAcquire());
        for (var step = 0; step < 1500; step++)
        {
            Assert.True(!updates || keyed.KeyCount == alone.Length);
            var key = random.Next(3) == 0 ? latest : latest = random.Next(alone.Length);
            var one = alone[key];
            switch (random.Next(14))
            {
                case < 5:
                    var permits = random.Next(5) == 0 ? 0 : random.Next(1, 3);
                    if (one.Limits.Min(limit => limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Amount) >= permits)
                        Note((GateLease)keyed.AttemptAcquire(key, permits), (GateLease)one.AttemptAcquire(permits));
                    break;
                case < 7:
                    using (var cancelled = new CancellationTokenSource())
                    {
                        var timeout = random.Next(3) == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(random.Next(4000));
                        waits.Add((keyed.AcquireAsync(key, 1, timeout, cancelled.Token), one.AcquireAsync(1, timeout, cancelled.Token)));
                        if (random.Next(5) == 0)
                            cancelled.Cancel();
                    }
                    break;
                case 7:
                    // Lanes share by turns, which a key forgets when it is laid down; so all stand in one.
                    var request = one.Limits.Any(limit => limit.Unit == "tokens")
                        ? new GateRequest { Permits = 0, Cost = new Dictionary<string, long> { ["tokens"] = random.Next(1, 20) } }
                        : new GateRequest { Deadline = _time.GetUtcNow() + TimeSpan.FromMilliseconds(random.Next(3000)) };
                    waits.Add((keyed.AcquireAsync(key, request), one.AcquireAsync(request)));
                    break;
                case 8:
                    Assert.Equal(one.EstimateWait(), keyed.EstimateWait(key));
                    break;
                case 9:
                    Assert.Equal((one.GetStatistics()!.CurrentAvailablePermits, one.GetStatistics()!.CurrentQueuedCount), (keyed.GetStatistics(key)!.CurrentAvailablePermits, keyed.GetStatistics(key)!.CurrentQueuedCount));
                    break;
                case 10 when leases.Count > 0:
                    End(random.Next(leases.Count));
                    break;
                case 11 when updates && random.Next(6) == 0:
                    string[] next = [limits[random.Next(limits.Length)]];
                    keyed.Update(next);
                    foreach (var limiter in alone)
                        limiter.Update(next);
                    break;
                default:
                    _time.Advance(TimeSpan.FromMilliseconds(!updates && random.Next(12) == 0 ? random.Next(30_000) : random.Next(400)));
                    break;
            }
            await Look();
        }
        for (var left = leases.Count; left > 0; left--)
            End(0);
        for (var step = 0; step < 250; step++)
        {
            _time.Advance(TimeSpan.FromHours(step < 200 ? 0.003 : 1));
            await Look();
            while (leases.Count > 0)
                End(0);
        }
        Assert.Empty(waits);
        for (var times = 0; times < 50; times++)
            keyed.AttemptAcquire(1000 + times, 0);
        for (var times = 0; times < 20; times++)
            keyed.AttemptAcquire(1000, 0);
        Assert.Equal(0, keyed.KeyCount);

        void Note(GateLease mine, GateLease its)
        {
            Assert.Equal(its.IsAcquired, mine.IsAcquired);
            its.TryGetMetadata("RETRY_AFTER", out var after);
            mine.TryGetMetadata("RETRY_AFTER", out var mineAfter);
            Assert.Equal(after, mineAfter);
            if (mine.IsAcquired)
                leases.Add((mine, its, _time.Elapsed));
        }

        async Task Look()
        {
            for (var index = waits.Count - 1; index >= 0; index--)
            {
                var (mine, its) = waits[index];
                Assert.Equal(its.IsCompleted, mine.IsCompleted);
                Assert.Equal(its.IsCanceled, mine.IsCanceled);
                if (!its.IsCompleted)
                    continue;
                waits.RemoveAt(index);
                if (its.IsCompletedSuccessfully)
                    Note(await mine, await its);
            }
        }

        void End(int index)
        {
            var (mine, its, at) = leases[index];
            leases.RemoveAt(index);
            // A lease that nobody ended in time is over; a place in flight is not.
            if (_time.Elapsed - at >= TimeSpan.FromSeconds(20) && limits.All(limit => !limit.Contains("concurrent", StringComparison.Ordinal)))
                return;
            switch (random.Next(3))
            {
                case 0:
                    mine.Return();
                    its.Return();
                    break;
                case 1:
                    var actual = random.Next(3);
                    mine.Commit(actual);
                    its.Commit(actual);
                    break;
                default:
                    mine.Dispose();
                    its.Dispose();
                    break;
            }
        }
    }
}
