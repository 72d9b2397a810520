using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate;

/// <summary>The APIs at work in a process, the limits they share, and the one dispatcher for all of them. Thread-safe.</summary>
internal sealed class Engine : IDisposable
{
    private readonly EngineOptions _options;
    private readonly UpstreamRegister _register;
    private readonly ConcurrentDictionary<Task, bool> _left = new();

    /// <summary>Held by whoever changes the configuration, from beginning to end.</summary>
    private readonly Lock _changing = new();

    /// <summary>What the ledger takes for granted of arrival, from beginning to end.</summary>
    private readonly TimingChoice _usual;
    private ResourceWatch? _resources;
    private Upkeep? _upkeep;
    private ConcurrencyCap? _connections;
    private volatile bool _isDisposed;

    /// <exception cref="ScopeHeldException">Another process holds the total limits.</exception>
    public Engine(HeadgateConfiguration configuration, EngineOptions options)
    {
        (_options, _register, Concurrency, _usual) = (options, new UpstreamRegister(configuration, this), options.Concurrency, configuration.Defaults.Timing);
        (Stored = new StoredAnswers(options.Cache, configuration.CacheBytes, options.Archive, options.Time)).Follow(configuration);
        Dispatcher = new Dispatcher(options.Time);
        Timeouts = new Timeouts(options.Time);
        Connections = new ApiConnections(this, options);
        Unknown = new UnknownHosts(this, _register, options.ForgetsIdle, options.MostUnknown);
        try
        {
            Journal = options.Journal(Dispatcher.Clock);
            Journal.Opened = () => Unknown.Opened(null);
            Total = MakeTotal(configuration);
            Journal.Remember(Total, "total", "total");
            Queues = Queues.With(configuration, this);
            Proxies = new ProxyPools(this, options, configuration);
            Token = options.Token is { } supply ? new TokenSupply(supply, options.Time, Notice) : null;
        }
        catch
        {
            // Nobody else has it yet, and what it has locked would stay so.
            Proxies?.Dispose();
            Journal?.Dispose();
            Timeouts.Dispose();
            Dispatcher.Dispose();
            throw;
        }
    }

    private Scope MakeTotal(HeadgateConfiguration configuration)
    {
        var total = new Scope("everything", configuration.TotalLimits, SharedTerms.Of(configuration, []), Dispatcher.Ours);
        if ((_connections = ConnectionsConfiguration.CapOf(configuration.TotalConnections ?? _options.MostAtOnce)) is { } connections)
            total.Add(connections);
        return total;
    }

    /// <summary>What holds now.</summary>
    public HeadgateConfiguration Configuration => _register.Configuration;

    public Dispatcher Dispatcher { get; }

    public Clock Clock => Dispatcher.Clock;

    public Scope Total { get; }

    /// <summary>What counts jobs of named queues that have limits of their own. Changed under the lock of the dispatcher.</summary>
    public QueueScopes Queues { get; set; } = QueueScopes.None;

    public SendJournal Journal { get; }

    /// <summary>The pools of proxies.</summary>
    public ProxyPools Proxies { get; }

    public Timeouts Timeouts { get; }

    /// <summary>The token for APIs without keys; null if there is none.</summary>
    public TokenSupply? Token { get; }

    public Random Random => _options.Random;

    /// <summary>The answers that are kept.</summary>
    public StoredAnswers Stored { get; }

    public int Concurrency { get; private set; }

    /// <summary>Tells a user what he should know. That nobody can be told must not keep anything from being sent.</summary>
    public void Notice(string text) => Tell(_options.Notice, text);

    /// <summary>What is shown of its requests; null for nothing.</summary>
    public Observation? Observation { get; private set; }

    /// <summary>Shows its requests from here on. Before the first of them.</summary>
    /// <param name="loggers">Where events go.</param>
    /// <param name="meters">Makes the meter; null to make one.</param>
    public Observation Observe(ILoggerFactory loggers, IMeterFactory? meters) => Observation = new Observation(this, loggers, meters);

    /// <summary>How many requests wait for a permit of an API.</summary>
    public int WaitingAt(Upstream upstream) => Dispatcher.Read(upstream.Gates, static (_, gates, _) => gates.All.Sum(gate => gate.Waiting));

    /// <summary>Tells of an attempt that has ended.</summary>
    public void Ended(Attempt attempt)
    {
        Observation?.Ended(attempt);
        Tell(_options.Ended, attempt);
    }

    public Action<Lesson> Learned => _options.Learned;

    public bool GivesUpUnreached => _options.GivesUpUnreached;

    public TimeSpan Patience => _options.Patience;

    /// <inheritdoc cref="UpstreamRegister.Open"/>
    public IEnumerable<Upstream> Upstreams => _register.Open;

    /// <inheritdoc cref="UpstreamRegister.Of(Uri)"/>
    public Upstream UpstreamOf(Uri url) => _register.Of(url);

    /// <inheritdoc cref="UpstreamRegister.Named"/>
    public Upstream? UpstreamNamed(string name) => _register.Named(name);

    /// <inheritdoc cref="UpstreamRegister.ConfigurationOf"/>
    public UpstreamConfiguration ConfigurationOf(Uri url) => _register.ConfigurationOf(url);

    /// <summary>All that was let go and has not ended.</summary>
    public IEnumerable<Permit> UnderWayNeedsLock => _register.Held.SelectMany(api => api.UnderWay.All);

    /// <summary>The gates of an API, or all there are.</summary>
    public IEnumerable<Gate> GatesOf(Upstream? api) => api?.Gates.All ?? _register.Held.SelectMany(held => held.Gates.All);

    /// <summary>Limits of an API that the header of the ledger does not name, or that have changed.</summary>
    public void WriteLimits(Upstream? upstream, string scope, IEnumerable<Limit> limits, long? at = null)
    {
        var timing = upstream?.Configuration.Policy.Timing ?? Configuration.Defaults.Timing;
        Journal.WriteLimits(scope, limits.Select(limit => timing.Told(limit, _usual)), at);
    }

    /// <inheritdoc cref="EngineOptions.KeysEvery"/>
    public TimeSpan? KeysEvery(UpstreamConfiguration upstream) => _options.KeysEvery(upstream);

    /// <summary>What was sent with a key before counts, and what is sent from now on is written down.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    public void Remember(Upstream upstream, PoolKey key) =>
        Remember(upstream, upstream.NameOf(key), key.Scope, IdentityOf(upstream, key));

    /// <summary>By what a key is known across restarts.</summary>
    public string IdentityOf(Upstream upstream, PoolKey key) => $"{upstream.Identity} key {Journal.Fingerprint(key.Secret)}";

    /// <summary>The same of a key that a caller brings itself, by its name.</summary>
    public void Remember(Upstream upstream, string key, Scope scope) => Remember(upstream, $"{upstream.Name}/key:{key}", scope, $"{upstream.Identity} key {key}");

    /// <summary>A key that is gone, and of which nothing counts any more, holds nothing; what was sent with it is found again should it come back.</summary>
    public void Forget(Upstream upstream, PoolKey key)
    {
        Forget(upstream, key.Scope);
        upstream.Forget(key);
    }

    /// <summary>The same of a key that a caller brought, and of what an API does not have any more.</summary>
    public void Forget(Upstream upstream, Scope scope)
    {
        Journal.Forget(scope);
        upstream.Forget(scope);
    }

    public IReadOnlyList<KeyEntry> KeysOf(UpstreamConfiguration upstream) => _options.Keys(upstream);

    /// <summary>What connects and sends for its APIs.</summary>
    public ApiConnections Connections { get; }

    /// <inheritdoc cref="UpstreamRegister.OfServer"/>
    public (Upstream Api, bool IsWhole) ServerOf(string host, int port) => _register.OfServer(host, port);

    /// <summary>The hosts that nobody configured.</summary>
    public UnknownHosts Unknown { get; }

    /// <summary>Puts what was recorded on disk once a second from here on; for engines whose journal nobody else looks after.</summary>
    /// <param name="failed">Told when it cannot be.</param>
    public void SyncEachSecond(Action<LedgerException> failed) => _upkeep = new Upkeep(this, failure => Tell(failed, failure));

    /// <summary>Forgets something, unless somebody changes what there is: then the next time will do.</summary>
    public bool UnlessChanging(Action forget)
    {
        if (!_changing.TryEnter())
            return false;
        try
        {
            if (!_isDisposed)
                forget();
            return true;
        }
        finally
        {
            _changing.Exit();
        }
    }

    /// <summary>Something nobody waits for goes on: the attempt that lost against another one.</summary>
    public void Leave(Task task)
    {
        _left.TryAdd(task, true);
        _ = task.ContinueWith(static (task, left) => ((ConcurrentDictionary<Task, bool>)left!).TryRemove(task, out _), _left, TaskScheduler.Default);
    }

    /// <summary>Waits for all of that to end.</summary>
    public Task LeftAsync() => Task.WhenAll(_left.Keys);

    /// <summary>Refuses everybody who waits, and whoever comes.</summary>
    public void Close() => Dispatcher.Close(Upstreams.SelectMany(upstream => upstream.Gates.All).ToList());

    public void Dispose()
    {
        Observation?.Dispose();
        // Whoever writes at this moment has its files until it is through.
        _upkeep?.Dispose();
        lock (_changing)
            _isDisposed = true;
        _resources?.Dispose();
        Proxies.Dispose();
        _register.Dispose();
        LeftConnections.Dispose();
        Token?.Dispose();
        Dispatcher.Dispose();
        Timeouts.Dispose();
        Journal.Dispose();
    }

    private static void Tell<T>(Action<T> listener, T what)
    {
        try
        {
            listener(what);
        }
        catch (Exception)
        {
            // A logger that is full, a terminal that is gone.
        }
    }

    /// <summary>Another configuration from now on: limits, keys, APIs and how they are treated. What waits, is under way and was sent goes on, and counts.</summary>
    /// <param name="next">The configuration.</param>
    /// <param name="renewed">The names of APIs whose keys and certificates are to be read anew, whatever the configuration says.</param>
    /// <exception cref="ConfigurationException">Keys or certificates cannot be read: all that is wrong is told, and nothing has changed.</exception>
    /// <exception cref="ScopeHeldException">Another process sends within limits that are new; nothing has changed.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read; nothing has changed.</exception>
    public void Change(HeadgateConfiguration next, IReadOnlySet<string>? renewed = null)
    {
        lock (_changing)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var before = Configuration;
            // The record that is there already, where the new one says the same: by that a request finds its API quickest.
            var same = next with { Upstreams = [.. next.Upstreams.Select(api => before.Upstreams.FirstOrDefault(known => known == api) ?? api)] };
            Proxies.Change(before, same, () =>
            {
                new EngineChange(this, _register, same, renewed ?? new HashSet<string>()).Run();
                _register.Sweep();
            });
            foreach (var api in _register.Held)
                SweepLeft(api);
            LeftConnections.Close(Dispatcher);
        }
    }

    /// <summary>An API that was not configured any more is configured again.</summary>
    /// <returns>Whether it was done: not if that is not so any more.</returns>
    public bool Revive(Upstream api, UpstreamConfiguration configuration, Func<bool> isStillSo)
    {
        lock (_changing)
        {
            if (!isStillSo())
                return false;
            using var change = new UpstreamChange(api, configuration, this);
            change.Run();
            return true;
        }
    }

    /// <summary>Says to the ledger what holds for an API under the name that it has.</summary>
    public void WriteAllLimits(Upstream api)
    {
        foreach (var (name, scope) in api.NamedScopes)
            WriteLimits(api, name, scope.Declared);
    }

    /// <summary>Says to the ledger that nothing holds any more under a name: another API may come that has it.</summary>
    public void WriteGone(Upstream api, IEnumerable<string> names)
    {
        foreach (var name in names)
            WriteLimits(api, name, []);
    }

    /// <summary>What all APIs share has changed, but for the limits.</summary>
    public void ChangeTotalNeedsLock(HeadgateConfiguration before, HeadgateConfiguration next, long now)
    {
        Stored.Follow(next);
        if (before.Concurrency != next.Concurrency)
        {
            Concurrency = next.Concurrency;
            foreach (var api in _register.Held)
            {
                api.Cap.Change(Concurrency);
                api.TunnelCap.Change(Concurrency);
            }
        }
        if (before.TotalConnections == next.TotalConnections)
            return;
        if (_connections is { } gone)
            Total.Remove(gone);
        if ((_connections = ConnectionsConfiguration.CapOf(next.TotalConnections ?? _options.MostAtOnce)) is not { } cap)
            return;
        JoinNeedsLock(Total.Add(cap), null, now);
    }

    /// <summary>What is under way in a scope counts in a limit that is new there.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="api">Whose it is; null if it is one of everything.</param>
    /// <param name="now">The time.</param>
    public void JoinNeedsLock(AddedLimit limit, Upstream? api, long now)
    {
        var scope = limit.Limit.Scope;
        foreach (var held in api is null ? _register.Held : [api])
            limit.Join(held.UnderWay, permit => permit.CountsIn(scope), now);
    }

    /// <summary>Connections that others have taken the place of.</summary>
    public LeftConnections LeftConnections { get; } = new();

    /// <summary>What an API does not have any more, and nothing is under way in, holds nothing. By whoever changes it.</summary>
    public void SweepLeft(Upstream api)
    {
        var gone = Dispatcher.Change(api, static (_, api, _) =>
        {
            var before = api.Left;
            api.Left = before.Within(api.UnderWay);
            return before.All.Except(api.Left.All).ToList();
        });
        foreach (var scope in gone)
            Forget(api, scope);
    }

    /// <summary>What was sent to an API before counts, and what is sent from now on is written down.</summary>
    /// <inheritdoc cref="Remember(Upstream, PoolKey)"/>
    public void Remember(Upstream upstream)
    {
        Remember(upstream, upstream.Name, upstream.Scope, upstream.Identity);
        foreach (var key in upstream.Keys?.Keys ?? [])
            Remember(upstream, key);
        foreach (var (place, scope) in upstream.Gates.Parts)
            Remember(upstream, scope, place);
        if (upstream.Configuration.Adaptive.Resources)
            WatchResources();
    }

    /// <summary>The same for a part of an API.</summary>
    /// <inheritdoc cref="Remember(Upstream, PoolKey)"/>
    public void Remember(Upstream upstream, Scope part, string place) => Remember(upstream, part.Name, part, $"{upstream.Identity} {place}");

    /// <summary>One that cannot be used, or not any more, holds nothing: the next request opens it anew.</summary>
    public void Forget(Upstream upstream)
    {
        upstream.Dispose();
        foreach (var scope in upstream.NamedScopes.Select(named => named.Scope).Concat(upstream.Left.All))
            Journal.Forget(scope);
    }

    private void WatchResources()
    {
        if (_resources is not null)
            return;
        var watch = new ResourceWatch(this);
        if (Interlocked.CompareExchange(ref _resources, watch, null) is not null || _isDisposed)
            watch.Dispose();
    }

    /// <summary>The same for any scope: of one API, or of several where none is given.</summary>
    public void Remember(Upstream? upstream, string name, Scope scope, string identity)
    {
        Journal.Remember(scope, name, identity, isOfUnknown: upstream is { Configuration.IsConfigured: false });
        // The header names the limits of those APIs that were known before the run.
        if (scope.Limits.Any())
            WriteLimits(upstream, name, scope.Limits);
    }
}
