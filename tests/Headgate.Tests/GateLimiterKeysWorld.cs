using System.Threading.RateLimiting;
using Headgate.Limits;
using Headgate.Tests.Gates;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Random keys under random limits of their own and over all, with waits, cancellations, changes and forgetting; servers of our own count what is let go.</summary>
internal sealed class GateLimiterKeysWorld
{
    private static readonly string[] OfKeys = ["5/s", "3/s", "20/10s", "4 bucket 5/s", "10 bucket 2/s", "6/s spaced", "12/20s fixed"];
    private static readonly string[] OfAll = ["20/s", "60/10s", "15 bucket 10/s", "40/15s fixed", "10/s spaced"];

    private readonly VirtualTime _time = new();
    private readonly Random _random;
    private readonly int _seed;
    private readonly GateLimiter<int> _limiter;
    private readonly List<ModelServer> _totals;
    private readonly List<List<long>> _totalGrants;
    private readonly Dictionary<int, (List<ModelServer> Servers, List<long> Grants)> _keys = [];
    private readonly List<(int Key, int Permits, bool MayFail, ValueTask<GateLease> Wait)> _waits = [];
    private readonly long _offset;
    private Limit[] _limits;

    public GateLimiterKeysWorld(int seed)
    {
        (_seed, _random) = (seed, new Random(seed));
        _offset = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100 - _time.GetTimestamp();
        _limits = [.. Some(OfKeys).Select(Limit.Parse)];
        var totals = _random.Next(4) == 0 ? [] : Some(OfAll);
        _limiter = new GateLimiter<int>(_limits.Select(limit => limit.ToString()), new GateLimiterOptions<int>
        {
            TimeProvider = _time,
            TotalLimits = totals,
            QueueLimit = _random.Next(2) == 0 ? 5 : int.MaxValue,
        });
        _totals = [.. totals.Select(limit => new ModelServer("all", Limit.Parse(limit), _offset))];
        _totalGrants = [.. _totals.Select(_ => new List<long>())];
    }

    public int Granted { get; private set; }

    public int Forgotten { get; private set; }

    public async Task Live(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var remembered = _limiter.KeyCount;
            await Act();
            Forgotten += Math.Max(0, remembered - _limiter.KeyCount);
            if (_random.Next(3) > 0)
                await Pass(TimeSpan.FromMilliseconds(_random.Next(15) == 0 ? _random.Next(20_000) : _random.Next(150)));
        }
        await Pass(TimeSpan.FromHours(2));
        Check(_waits.Count == 0, $"{_waits.Count} still wait after hours");
        Check(_limiter.Statistics.Waiting == 0, "somebody waits whom nobody knows of");
        foreach (var (key, (servers, grants)) in _keys)
        {
            foreach (var server in servers)
                Check(server.Verdict(grants) is var wrong && wrong is null, $"key {key}: {wrong}");
            Check(_limiter.GetStatistics(key)!.CurrentAvailablePermits == _limits.Concat(_limiter.TotalLimits).Min(Whole), $"key {key} is not as new");
        }
        for (var index = 0; index < _totals.Count; index++)
            Check(_totals[index].Verdict(_totalGrants[index]) is var wrong && wrong is null, wrong ?? "");
        for (var times = 0; times < 100; times++)
            _limiter.TryAcquire(0, 0);
        Check(_limiter.KeyCount == 0, $"{_limiter.KeyCount} keys are remembered for nothing");
        Check(_limiter.Statistics.Allowed >= Granted, "fewer were counted than were let go");
    }

    private async Task Act()
    {
        var (key, permits) = (_random.Next(12), _random.Next(4) == 0 ? 2 : 1);
        switch (_random.Next(12))
        {
            case < 3:
                using (var lease = _limiter.AttemptAcquire(key, permits))
                    if (lease.IsAcquired)
                        Arrives(key, permits);
                    else
                        Check(lease.TryGetMetadata(MetadataName.RetryAfter, out var after) && after > TimeSpan.Zero, "a refusal without a time");
                break;
            case < 8:
                using (var cancelled = new CancellationTokenSource())
                {
                    var timeout = _random.Next(4) == 0 ? TimeSpan.FromMilliseconds(_random.Next(5000)) : Timeout.InfiniteTimeSpan;
                    _waits.Add((key, permits, timeout >= TimeSpan.Zero, _limiter.AcquireAsync(key, permits, timeout, cancelled.Token)));
                    if (_random.Next(6) == 0)
                        cancelled.Cancel();
                }
                break;
            case 8:
                var request = new GateRequest { Permits = permits, Priority = (RequestPriority)_random.Next(1, 6), Tenant = $"{_random.Next(3)}" };
                _waits.Add((key, permits, false, _limiter.AcquireAsync(key, request)));
                break;
            case 9 when _random.Next(8) == 0:
                await Change();
                break;
            case 10:
                _limiter.TryAcquire(key, 0);
                break;
            default:
                _limiter.EstimateWait(key, permits);
                break;
        }
    }

    /// <summary>Each limit by another of its own kind and period, so that a key that was forgotten has nothing to remember.</summary>
    private async Task Change()
    {
        // What went at the same instant went before.
        await Pass(TimeSpan.FromTicks(1));
        _limits = [.. _limits.Select(limit => limit with { Amount = Math.Max(3, _random.Next(2) == 0 ? limit.Amount * 2 : limit.Amount / 2) })];
        _limiter.Update(_limits.Select(limit => limit.ToString()));
        foreach (var (servers, _) in _keys.Values)
            foreach (var (server, limit) in servers.Zip(_limits))
                server.Change(limit, _time.GetTimestamp());
    }

    private async Task Pass(TimeSpan by)
    {
        var end = _time.Elapsed + by;
        await Look();
        while (_time.AdvanceToNextTimer(end - _time.Elapsed))
            await Look();
        _time.Advance(end - _time.Elapsed);
    }

    /// <summary>Whoever has been told since: at this very time.</summary>
    private async Task Look()
    {
        for (var index = 0; index < _waits.Count; index++)
        {
            var (key, permits, mayFail, wait) = _waits[index];
            if (!wait.IsCompleted)
                continue;
            _waits.RemoveAt(index--);
            if (wait.IsCanceled)
                continue;
            using var lease = await wait;
            if (lease.IsAcquired)
                Arrives(key, permits);
            else
                Check(mayFail || (lease.TryGetMetadata(MetadataName.ReasonPhrase, out var why) && why!.Contains("5 wait", StringComparison.Ordinal)), "refused for nothing");
        }
    }

    private void Arrives(int key, int permits)
    {
        Granted++;
        var now = _time.GetTimestamp();
        if (!_keys.TryGetValue(key, out var known))
            _keys.Add(key, known = ([.. _limits.Select(limit => new ModelServer($"{key}", limit, _offset))], []));
        known.Grants.Add(now);
        foreach (var server in known.Servers)
            server.Arrives(now, permits);
        for (var index = 0; index < _totals.Count; index++)
        {
            _totals[index].Arrives(now, permits);
            _totalGrants[index].Add(now);
        }
    }

    private static long Whole(Limit limit) => limit.Algorithm switch { LimitAlgorithm.Bucket => limit.Burst, LimitAlgorithm.Spaced => 1, _ => limit.Amount };

    private string[] Some(string[] from) => [.. from.OrderBy(_ => _random.Next()).Take(_random.Next(1, 3))];

    private void Check(bool holds, string wrong) => Assert.True(holds, $"seed {_seed}, at {_time.Elapsed}: {wrong} [{string.Join(", ", (object[])_limits)} | {string.Join(", ", _limiter.TotalLimits)}]");
}
