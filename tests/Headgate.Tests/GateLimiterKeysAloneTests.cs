using System.Threading.RateLimiting;
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
            await new Twins(_time, new Random(seed), timing, limits, updates: false).Live();
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
            await new Twins(_time, new Random(seed), timing, limits, updates: true).Live();
    }

    /// <summary>A limiter of keys, and one limiter for each, asked the same.</summary>
    private sealed class Twins
    {
        private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

        private readonly VirtualTime _time;
        private readonly Random _random;
        private readonly string[] _limits;
        private readonly bool _updates;
        private readonly GateLimiter<int> _keyed;
        private readonly GateLimiter[] _alone;
        private readonly List<(GateLease Keyed, GateLease Alone, TimeSpan At)> _leases = [];
        private readonly List<(ValueTask<GateLease> Keyed, ValueTask<GateLease> Alone)> _waits = [];
        private int _latest;

        /// <summary>When it was last looked who had been told: whoever has been told since was told later than this.</summary>
        private TimeSpan _looked;

        public Twins(VirtualTime time, Random random, LimitTiming timing, string[] limits, bool updates)
        {
            (_time, _random, _limits, _updates) = (time, random, limits, updates);
            string[] first = updates ? limits[..1] : limits;
            _keyed = new GateLimiter<int>(first, new GateLimiterOptions<int> { TimeProvider = time, Timing = timing, QueueLimit = 3, MaxHold = Longest });
            _alone = [.. Enumerable.Range(0, 7).Select(_ => new GateLimiter(first, new GateLimiterOptions { TimeProvider = time, Timing = timing, QueueLimit = 3, MaxHold = Longest }))];
            for (var key = 0; updates && key < _alone.Length; key++)
                Assert.True(_keyed.TryAcquire(key) && _alone[key].TryAcquire());
        }

        public async Task Live()
        {
            for (var step = 0; step < 1500; step++)
            {
                Assert.True(!_updates || _keyed.KeyCount == _alone.Length);
                Act(_random.Next(3) == 0 ? _latest : _latest = _random.Next(_alone.Length));
                await Look();
            }
            for (var step = 0; step < 250; step++)
            {
                while (_leases.Count > 0)
                    End(0);
                _time.Advance(TimeSpan.FromHours(step < 200 ? 0.003 : 3));
                await Look();
            }
            Assert.Empty(_waits);
            for (var times = 0; times < 70; times++)
                _keyed.AttemptAcquire(1000, 0);
            Assert.Equal(0, _keyed.KeyCount);
        }

        private void Act(int key)
        {
            var one = _alone[key];
            switch (_random.Next(14))
            {
                case < 5:
                    var permits = _random.Next(5) == 0 ? 0 : _random.Next(1, 3);
                    if (one.Limits.Min(limit => limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Amount) >= permits)
                        Note((GateLease)_keyed.AttemptAcquire(key, permits), (GateLease)one.AttemptAcquire(permits));
                    break;
                case < 7:
                    Wait(key, one);
                    break;
                case 7:
                    // Lanes share by turns, which a key forgets when it is laid down; so all stand in one.
                    var request = one.Limits.Any(limit => limit.Unit == "tokens")
                        ? new GateRequest { Permits = 0, Cost = new Dictionary<string, long> { ["tokens"] = _random.Next(1, 20) } }
                        : new GateRequest { Deadline = _time.GetUtcNow() + TimeSpan.FromMilliseconds(_random.Next(3000)) };
                    _waits.Add((_keyed.AcquireAsync(key, request), one.AcquireAsync(request)));
                    break;
                case 8:
                    Assert.Equal(one.EstimateWait(), _keyed.EstimateWait(key));
                    break;
                case 9:
                    var (its, mine) = (one.GetStatistics()!, _keyed.GetStatistics(key)!);
                    Assert.Equal((its.CurrentAvailablePermits, its.CurrentQueuedCount), (mine.CurrentAvailablePermits, mine.CurrentQueuedCount));
                    break;
                case 10 when _leases.Count > 0:
                    End(_random.Next(_leases.Count));
                    break;
                case 11 when _updates && _random.Next(6) == 0:
                    Update([_limits[_random.Next(_limits.Length)]]);
                    break;
                default:
                    _time.Advance(TimeSpan.FromMilliseconds(!_updates && _random.Next(12) == 0 ? _random.Next(30_000) : _random.Next(400)));
                    break;
            }
        }

        private void Wait(int key, GateLimiter one)
        {
            using var gaveUp = new CancellationTokenSource();
            var timeout = _random.Next(3) == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(_random.Next(4000));
            _waits.Add((_keyed.AcquireAsync(key, 1, timeout, gaveUp.Token), one.AcquireAsync(1, timeout, gaveUp.Token)));
            if (_random.Next(5) == 0)
                gaveUp.Cancel();
        }

        private void Update(string[] limits)
        {
            _keyed.Update(limits);
            foreach (var one in _alone)
                one.Update(limits);
        }

        private void Note(GateLease mine, GateLease its)
        {
            Assert.Equal(its.IsAcquired, mine.IsAcquired);
            Assert.Equal(its.TryGetMetadata(MetadataName.RetryAfter, out var after), mine.TryGetMetadata(MetadataName.RetryAfter, out var mineAfter));
            Assert.Equal(after, mineAfter);
            if (mine.IsAcquired)
                _leases.Add((mine, its, _looked));
        }

        private async Task Look()
        {
            for (var index = _waits.Count - 1; index >= 0; index--)
            {
                var (mine, its) = _waits[index];
                Assert.Equal((its.IsCompleted, its.IsCanceled), (mine.IsCompleted, mine.IsCanceled));
                if (!its.IsCompleted)
                    continue;
                _waits.RemoveAt(index);
                if (its.IsCompletedSuccessfully)
                    Note(await mine, await its);
            }
            _looked = _time.Elapsed;
        }

        private void End(int index)
        {
            var (mine, its, at) = _leases[index];
            _leases.RemoveAt(index);
            // A lease that nobody ended in time is over; a place in flight is not.
            if (_time.Elapsed - at >= Longest && _limits.All(limit => !limit.Contains("concurrent", StringComparison.Ordinal)))
                return;
            var (way, actual) = (_random.Next(3), _random.Next(3));
            foreach (var lease in new[] { mine, its })
                if (way == 0)
                    lease.Return();
                else if (way == 1)
                    lease.Commit(actual);
                else
                    lease.Dispose();
        }
    }
}
