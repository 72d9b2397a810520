using Headgate.Proxies;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Tries the proxies of one pool out where its configuration says with what: each that is new, and each that has failed, so that no request has
/// to find out. One that lets us through is used from then on; one that fails is tried again ever later. Thread-safe.
/// </summary>
internal sealed class ProxyProbing : IDisposable
{
    /// <summary>So many are tried out at once.</summary>
    private const int MostAtOnce = 8;

    private const long FirstPause = 5 * Clock.Second;
    private const long LongestPause = 600 * Clock.Second;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>A proxy that is so slow is of no use.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Engine _engine;
    private readonly ProxyPools _pools;
    private readonly ProxyPool _pool;
    private readonly EngineOptions _options;
    private readonly ProxyProbe _probe;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;

    /// <summary>When each that was tried is due again. Owned by <see cref="_lock"/>, as what is under way.</summary>
    private readonly Dictionary<PoolProxy, (long At, int Failed)> _due = [];
    private readonly HashSet<PoolProxy> _underWay = [];
    private readonly Lock _lock = new();

    public ProxyProbing(Engine engine, ProxyPools pools, ProxyPool pool, EngineOptions options)
    {
        (_engine, _pools, _pool, _options, _probe) = (engine, pools, pool, options, new ProxyProbe(engine.Clock, () => pool.Trust?.Invoke()));
        _timer = engine.Clock.Provider.CreateTimer(static probing => ((ProxyProbing)probing!).Look(), this, TimeSpan.Zero, Every);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _stop.Cancel();
    }

    /// <summary>Begins with those that are due.</summary>
    private void Look()
    {
        if (_pool.Configuration.Probe is not { } url || _stop.IsCancellationRequested)
            return;
        var doubtful = _engine.Dispatcher.Read(_pool, static (_, pool, _) => pool.Proxies.Where(static proxy => proxy.IsDoubtful && proxy.PausedBy is null).ToList());
        lock (_lock)
        {
            foreach (var proxy in _due.Keys.Except(doubtful).ToList())
                _due.Remove(proxy);
            foreach (var proxy in doubtful)
                if (_underWay.Count < MostAtOnce && !_underWay.Contains(proxy) && _due.GetValueOrDefault(proxy).At <= _engine.Clock.Now)
                {
                    _underWay.Add(proxy);
                    _ = Task.Run(() => ProbeAsync(proxy, new Uri(url)));
                }
        }
    }

    private async Task ProbeAsync(PoolProxy proxy, Uri url)
    {
        var began = _engine.Clock.Now;
        try
        {
            var result = await _options.Probe(_probe, proxy.Entry.Endpoint, url, Patience, _stop.Token).ConfigureAwait(false);
            // That something cannot be reached through it may be the fault of what is asked for.
            if (result.IsWell)
                _pools.Answered(_pool, proxy, began);
            else if (result.Fault is not (ProxyFault.TargetUnreachable or ProxyFault.TargetRefused))
                _pools.Failed(_pool, proxy, result.Fault, result.Detail ?? "the probe failed", began);
            Ended(proxy, result.IsWell);
        }
        catch (Exception)
        {
            // Given up, or something that says nothing of the proxy.
            Ended(proxy, false);
        }
    }

    private void Ended(PoolProxy proxy, bool isWell)
    {
        lock (_lock)
        {
            _underWay.Remove(proxy);
            var failed = isWell ? 0 : _due.GetValueOrDefault(proxy).Failed + 1;
            _due[proxy] = (_engine.Clock.Now + Math.Min(LongestPause, FirstPause << Math.Min(20, 2 * Math.Max(0, failed - 1))), failed);
        }
    }
}
