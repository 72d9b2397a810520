using System.Security.Cryptography.X509Certificates;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Proxies;

namespace Headgate;

/// <summary>The pools of proxies of an engine: which there are, what they read, and the APIs that are reached through them. Thread-safe.</summary>
internal sealed class ProxyPools : IDisposable
{
    private readonly Engine _engine;
    private readonly EngineOptions _options;

    /// <summary>Held while an API comes to a pool, or proxies come and go.</summary>
    private readonly Lock _changing = new();
    private readonly Dictionary<string, (ProxyPool Pool, ProxySources Sources)> _pools = [];
    private Dictionary<(string Pool, string Proxy), string> _pauses = [];
    private bool _isDisposed;

    /// <exception cref="ConfigurationException">A file of proxies cannot be read.</exception>
    public ProxyPools(Engine engine, EngineOptions options, HeadgateConfiguration configuration)
    {
        (_engine, _options) = (engine, options);
        foreach (var (pool, sources) in Made(configuration.ProxyPools))
            _pools[pool.Name] = (pool, sources);
    }

    /// <summary>All there are.</summary>
    public IReadOnlyList<ProxyPool> All
    {
        get
        {
            lock (_changing)
                return [.. _pools.Values.Select(pool => pool.Pool)];
        }
    }

    /// <summary>So many faults in a row are the last of a proxy; null where it is tried again for ever.</summary>
    private int? LeftAfter => _options.GivesUpUnreached || _options.GivesUpProxies ? 5 : null;

    /// <summary>Begins to read lists that come from an address, and all of them anew from time to time.</summary>
    public void Begin()
    {
        lock (_changing)
            foreach (var (_, sources) in _pools.Values)
                sources.Begin();
    }

    /// <summary>What is to hold the ways to an API through the pool that its configuration names, and holds none yet; null where it names none.</summary>
    public ProxyOutlets? Of(Upstream api, UpstreamConfiguration configuration)
    {
        lock (_changing)
            return configuration.Policy.Proxies is { } name && _pools.TryGetValue(name, out var known) ? new ProxyOutlets(known.Pool, api.Exits) : null;
    }

    /// <summary>An API is reached through its pool from now on. It has to be whole: whatever comes and goes there asks it.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within the limits of an exit.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    public void Join(ProxyOutlets? outlets)
    {
        if (outlets is null)
            return;
        lock (_changing)
        {
            var pool = outlets.Pool;
            var ways = pool.Proxies.Select(proxy => new ProxyOutlet(proxy, outlets.User.ExitOf(proxy.Entry, pool.Configuration.Limits), proxy.Name)).ToList();
            _engine.Dispatcher.Change((pool, outlets, ways), static (_, it, _) =>
            {
                it.outlets.UseNeedsLock(it.ways);
                it.pool.Users = [.. it.pool.Users, it.outlets];
            });
        }
    }

    /// <summary>An API is not reached through its pool any more.</summary>
    public void Leave(ProxyOutlets? outlets)
    {
        if (outlets is null)
            return;
        lock (_changing)
            outlets.Pool.Users = [.. outlets.Pool.Users.Where(user => user != outlets)];
    }

    /// <summary>What a source gives is used from now on; whoever is not among them is not.</summary>
    public void Use(ProxyPool pool, IReadOnlyList<ProxyEntry> entries)
    {
        lock (_changing)
            if (!_isDisposed)
                new ProxyIntake(_engine, pool, entry => Make(pool, entry)).Use(entries);
    }

    /// <summary>These are not used until they are left out here, and no others: they are known by their names, whether they are there or not.</summary>
    public void Pause(IReadOnlyList<(string Pool, string Proxy, string By)> paused)
    {
        lock (_changing)
        {
            _pauses = paused.ToDictionary(pause => (pause.Pool, pause.Proxy), pause => pause.By);
            foreach (var (pool, _) in _pools.Values)
                _engine.Dispatcher.Change((pool, _pauses), static (scheduler, it, now) =>
                {
                    foreach (var proxy in it.pool.Known)
                    {
                        proxy.PausedBy = it._pauses.GetValueOrDefault((it.pool.Name, proxy.Name));
                        it.pool.JudgedNeedsLock(proxy, now);
                    }
                    scheduler.Better(it.pool);
                });
        }
    }

    /// <summary>A proxy that was at fault is used again as if it were new: somebody has mended it.</summary>
    public void Revive(ProxyPool pool, PoolProxy proxy) => _engine.Dispatcher.Change((pool, proxy), static (scheduler, it, now) =>
    {
        it.proxy.Health.Revive(now);
        foreach (var way in it.pool.Users.SelectMany(user => user.All).Where(way => way.Proxy == it.proxy))
            way.Reach.Revive(now);
        Revived(it.pool, it.proxy, now);
        scheduler.Better(it.pool);
    });

    /// <summary>A probe came through a proxy: it does not sit out any more.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="proxy">The proxy.</param>
    /// <param name="since">When the probe began.</param>
    public void Answered(ProxyPool pool, PoolProxy proxy, long since) => _engine.Dispatcher.Change((pool, proxy, since), static (scheduler, it, now) =>
    {
        // Who was found at fault meanwhile was so after the probe, as far as anybody knows.
        if (it.proxy.Health.IsOnProbation && it.proxy.Health.FaultAt < it.since)
            it.proxy.Health.Revive(now);
        it.proxy.Health.Answered(it.since, now);
        it.proxy.Health.Brought(isEmpty: true, it.since, now);
        Revived(it.pool, it.proxy, now);
        scheduler.Better(it.pool);
    });

    /// <summary>A probe did not come through a proxy, by its fault.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="proxy">The proxy.</param>
    /// <param name="fault">What it did.</param>
    /// <param name="why">The same in words.</param>
    /// <param name="since">When the probe began.</param>
    public void Failed(ProxyPool pool, PoolProxy proxy, ProxyFault fault, string why, long since)
    {
        var dead = _engine.Dispatcher.Change((pool, proxy, fault, why, since), static (scheduler, it, now) =>
        {
            if (it.proxy.Health.DeadReason is not null)
                return null;
            if (it.fault == ProxyFault.Denied)
                it.proxy.Health.Kill(it.why, now);
            else
                it.proxy.Health.Failed(it.why, it.since, now);
            it.pool.JudgedNeedsLock(it.proxy, now);
            scheduler.LeftWithoutNeedsLock(it.pool);
            return it.proxy.Health.DeadReason;
        });
        if (dead is not null)
            _engine.Notice($"proxy {proxy.Name} of {pool.Name} is not used any more: {dead}");
    }

    /// <summary>Another configuration is to hold: the pools that it has besides are there before, and those that it does not have are left after.</summary>
    /// <param name="before">What holds yet, and goes on if the change fails.</param>
    /// <param name="next">The other one.</param>
    /// <param name="change">Changes everything else.</param>
    /// <exception cref="ConfigurationException">A file of proxies cannot be read.</exception>
    public void Change(HeadgateConfiguration before, HeadgateConfiguration next, Action change)
    {
        Prepare(next);
        try
        {
            change();
        }
        catch
        {
            Drop(before);
            throw;
        }
        Follow(next);
        Drop(next);
    }

    public void Dispose()
    {
        lock (_changing)
        {
            _isDisposed = true;
            foreach (var (_, sources) in _pools.Values)
                sources.Dispose();
        }
    }

    private void Prepare(HeadgateConfiguration next)
    {
        lock (_changing)
        {
            foreach (var configuration in next.ProxyPools)
                if (_pools.TryGetValue(configuration.Name, out var known))
                {
                    if (known.Pool.Configuration.From != configuration.From)
                        known.Sources.Check(configuration);
                    // What is wrong is told now; what is odd, when it holds.
                    TlsFiles.ReadTrust(configuration, _engine.Clock.Provider.GetUtcNow(), static _ => { });
                }
            foreach (var made in Made(next.ProxyPools.Where(pool => !_pools.ContainsKey(pool.Name))))
            {
                _pools.Add(made.Pool.Name, made);
                made.Sources.Begin();
            }
        }
    }

    private void Follow(HeadgateConfiguration next)
    {
        lock (_changing)
            foreach (var (name, (pool, sources)) in _pools)
                if (next.ProxyPools.FirstOrDefault(other => other.Name == name) is { } configuration)
                {
                    Trust(pool, configuration);
                    sources.Follow(configuration);
                }
    }

    /// <summary>Those that a configuration does not have go, unless somebody is reached through them yet.</summary>
    private void Drop(HeadgateConfiguration present)
    {
        lock (_changing)
            foreach (var (name, (pool, sources)) in _pools.ToList())
                if (pool.Users.Length == 0 && !present.ProxyPools.Any(known => known.Name == name))
                {
                    sources.Dispose();
                    _pools.Remove(name);
                }
    }

    /// <summary>By whom proxies are trusted from now on; the file was there a moment ago.</summary>
    private void Trust(ProxyPool pool, ProxyPoolConfiguration next)
    {
        try
        {
            pool.Trust = TrustOf(next);
        }
        catch (ConfigurationException failure)
        {
            _engine.Notice($"the proxies of {pool.Name} are trusted as before: {failure.Message}");
        }
    }

    private Func<X509ChainPolicy>? TrustOf(ProxyPoolConfiguration configuration) => TlsFiles.ReadTrust(configuration, _engine.Clock.Provider.GetUtcNow(), _engine.Notice);

    private static void Revived(ProxyPool pool, PoolProxy proxy, long now)
    {
        pool.JudgedNeedsLock(proxy, now);
        foreach (var user in pool.Users)
            user.Revived();
    }

    private PoolProxy Make(ProxyPool pool, ProxyEntry entry) => new(entry, LeftAfter) { PausedBy = _pauses.GetValueOrDefault((pool.Name, entry.Name)) };

    private List<(ProxyPool Pool, ProxySources Sources)> Made(IEnumerable<ProxyPoolConfiguration> configurations)
    {
        var made = new List<(ProxyPool Pool, ProxySources Sources)>();
        foreach (var configuration in configurations)
        {
            var pool = new ProxyPool(configuration) { Trust = TrustOf(configuration) };
            var sources = new ProxySources(_engine, this, pool, _options);
            pool.Proxies = [.. sources.ReadFiles(configuration).Select(entry => Make(pool, entry))];
            made.Add((pool, sources));
        }
        return made;
    }
}
