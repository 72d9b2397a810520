using System.Collections.Concurrent;
using System.Net;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>What an engine is made of beside its configuration.</summary>
internal sealed record EngineOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Random Random { get; init; } = new();

    /// <summary>How long a request waits while the breaker of its API is open, where its configuration does not say; zero for not at all.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>At most so many in flight to one API.</summary>
    public int Concurrency { get; init; } = 100;

    /// <summary>Where sends are written down; by default nowhere.</summary>
    public Func<Clock, SendJournal> Journal { get; init; } = clock => new SendJournal(clock, null);

    /// <summary>The keys of an API whose configuration names any.</summary>
    public Func<UpstreamConfiguration, IReadOnlyList<KeyEntry>> Keys { get; init; } = _ => [];

    /// <summary>How often the keys of an API are read anew; null for never.</summary>
    public Func<UpstreamConfiguration, TimeSpan?> KeysEvery { get; init; } = _ => null;

    /// <summary>Told what a user should know of: a limit that does not hold, a pause the server asked for. Thread-safe; must not throw.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Told of every attempt that has ended, sent or not. Thread-safe; must not throw.</summary>
    public Action<Attempt> Ended { get; init; } = _ => { };

    /// <summary>Told what is learned of a server. Thread-safe; must not throw.</summary>
    public Action<Lesson> Learned { get; init; } = _ => { };

    /// <summary>What is unpacked on the way in, and asked for; see <see cref="TransportOptions.Decompression"/>.</summary>
    public DecompressionMethods Decompression { get; init; }

    /// <summary>Makes what sends for an API where the engine is not to make it: the handler of a caller. By default the engine does.</summary>
    public Func<Upstream, HttpMessageHandler>? Inner { get; init; }

    /// <summary>Gives the bearer token of requests that have no credentials of their own, to APIs without keys; null for none.</summary>
    public Func<CancellationToken, Task<AccessToken>>? Token { get; init; }

    /// <summary>Only addresses of the internet are connected to, but for APIs that are configured.</summary>
    public bool GuardsAddresses { get; init; }

    /// <summary>What may be connected to all the same.</summary>
    public IReadOnlyList<IPNetwork> AllowsAddresses { get; init; } = [];

    /// <summary>A server never reached fails its requests after three tries, instead of each for itself.</summary>
    public bool GivesUpUnreached { get; init; }
}

/// <summary>The APIs at work in a process, the limits they share, and the one dispatcher for all of them. Thread-safe.</summary>
internal sealed class Engine : IDisposable
{
    private readonly HeadgateConfiguration _configuration;
    private readonly EngineOptions _options;
    private readonly UpstreamMap _map;
    private readonly ConcurrentDictionary<string, Lazy<Upstream>> _upstreams = new();
    private readonly ConcurrentDictionary<Task, bool> _left = new();
    private volatile Upstream? _last;

    /// <summary>Held while what was recorded goes to the disk.</summary>
    private readonly Lock _syncing = new();

    /// <summary>Held while the list of those that are open changes, or everything is disposed.</summary>
    private readonly Lock _opening = new();

    /// <summary>Those that are to be disposed: one that is being opened is not among <see cref="Upstreams"/> yet.</summary>
    private readonly List<Upstream> _opened = [];
    private ResourceWatch? _resources;
    private ITimer? _sync;
    private volatile bool _isDisposed;

    /// <exception cref="ScopeHeldException">Another process holds the total limits.</exception>
    public Engine(HeadgateConfiguration configuration, EngineOptions options)
    {
        (_configuration, _options, _map) = (configuration, options, new UpstreamMap(configuration));
        Dispatcher = new Dispatcher(options.Time);
        Timeouts = new Timeouts(options.Time);
        try
        {
            Journal = options.Journal(Dispatcher.Clock);
            Total = MakeTotal(configuration);
            Journal.Remember(Total, "total", "total");
            Token = options.Token is { } supply ? new TokenSupply(supply, options.Time, Notice) : null;
        }
        catch
        {
            // Nobody else has it yet, and what it has locked would stay so.
            Journal?.Dispose();
            Timeouts.Dispose();
            Dispatcher.Dispose();
            throw;
        }
    }

    private Scope MakeTotal(HeadgateConfiguration configuration)
    {
        var timing = configuration.Defaults.Timing;
        var terms = timing.Mode == LimitTiming.Nominal ? ArrivalTerms.Nominal
            : new ArrivalTerms(timing.Mode, timing.Bound is { } bound ? Clock.Nanoseconds(bound) : ArrivalTerms.LeastBound, Clock.Nanoseconds(configuration.Defaults.Straggle));
        var total = new Scope("everything", configuration.TotalLimits, terms, Dispatcher.Ours);
        if (ConnectionsConfiguration.CapOf(configuration.TotalConnections) is { } connections)
            total.Add(connections);
        return total;
    }

    public Dispatcher Dispatcher { get; }

    public Clock Clock => Dispatcher.Clock;

    public Scope Total { get; }

    public SendJournal Journal { get; }

    public Timeouts Timeouts { get; }

    /// <summary>The token for APIs without keys; null if there is none.</summary>
    public TokenSupply? Token { get; }

    public Random Random => _options.Random;

    public int Concurrency => _options.Concurrency;

    /// <summary>Tells a user what he should know. That nobody can be told must not keep anything from being sent.</summary>
    public void Notice(string text) => Tell(_options.Notice, text);

    /// <summary>Tells of an attempt that has ended.</summary>
    public void Ended(Attempt attempt) => Tell(_options.Ended, attempt);

    public Action<Lesson> Learned => _options.Learned;

    public bool GivesUpUnreached => _options.GivesUpUnreached;

    public TimeSpan Patience => _options.Patience;

    /// <summary>The APIs that were asked for so far.</summary>
    public IEnumerable<Upstream> Upstreams => _upstreams.Values.Where(upstream => upstream.IsValueCreated).Select(upstream => upstream.Value);

    /// <summary>The API a URL belongs to.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    /// <exception cref="ConfigurationException">Its keys cannot be read.</exception>
    public Upstream UpstreamOf(Uri url)
    {
        var configuration = _map.Find(url);
        // Nearly always the one as before: no name to look up.
        if (_last is { } last && ReferenceEquals(last.Configuration, configuration))
            return last;
        return _last = UpstreamOf(configuration);
    }

    /// <summary>The API a URL belongs to, which is not opened for that.</summary>
    public UpstreamConfiguration ConfigurationOf(Uri url) => _map.Find(url);

    /// <summary>Limits of an API that the header of the ledger does not name, or that have changed.</summary>
    public void WriteLimits(Upstream upstream, string scope, IEnumerable<Limit> limits) =>
        Journal.WriteLimits(scope, limits.Select(limit => upstream.Configuration.Policy.Timing.Told(limit, _configuration.Defaults.Timing)));

    private Upstream UpstreamOf(UpstreamConfiguration configuration)
    {
        if (_upstreams.TryGetValue(configuration.Name, out var known))
            return known.Value;
        var opened = _upstreams.GetOrAdd(configuration.Name, static (_, it) => new Lazy<Upstream>(() => it.Engine.Open(it.Configuration)), (Engine: this, Configuration: configuration));
        try
        {
            return opened.Value;
        }
        catch
        {
            // A lazy value remembers its exception: the next request is to try anew.
            _upstreams.TryRemove(KeyValuePair.Create(configuration.Name, opened));
            throw;
        }
    }

    /// <inheritdoc cref="EngineOptions.KeysEvery"/>
    public TimeSpan? KeysEvery(UpstreamConfiguration upstream) => _options.KeysEvery(upstream);

    /// <summary>What was sent with a key before counts, and what is sent from now on is written down.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    public void Remember(Upstream upstream, PoolKey key) =>
        Remember(upstream, $"{upstream.Name}/key:{key.Name}", key.Scope, $"{AddressOf(upstream)} key {Journal.Fingerprint(key.Secret)}");

    /// <summary>The same of a key that a caller brings itself, by its name.</summary>
    public void Remember(Upstream upstream, string key, Scope scope) => Remember(upstream, $"{upstream.Name}/key:{key}", scope, $"{AddressOf(upstream)} key {key}");

    /// <summary>A key that is gone, and of which nothing counts any more, holds nothing; what was sent with it is found again should it come back.</summary>
    public void Forget(Upstream upstream, PoolKey key)
    {
        Forget(upstream, key.Scope);
        upstream.Forget(key);
    }

    /// <summary>The same of a key that a caller brought.</summary>
    public void Forget(Upstream upstream, Scope key)
    {
        Journal.Forget(key);
        upstream.Forget(key);
    }

    public IReadOnlyList<KeyEntry> KeysOf(UpstreamConfiguration upstream) => _options.Keys(upstream);

    /// <summary>The handler that connects and sends for one API, and measures how long connecting takes.</summary>
    /// <exception cref="ConfigurationException">Its certificates cannot be used.</exception>
    public HttpMessageHandler MakeHandler(Upstream upstream)
    {
        if (_options.Inner is { } inner)
            return inner(upstream);
        var api = upstream.Configuration;
        var handler = Transport.CreateHandler(TransportOptions.Of(api, _options.Decompression));
        if (api.Tls != TlsConfiguration.Default)
            handler.SslOptions = TlsFiles.Read(api, Clock.Provider.GetUtcNow(), Notice);
        handler.ConnectCallback = ConnectorOf(upstream).ConnectAsync;
        // Called when TLS stands as well: a server whose certificate nobody can trust was never reached.
        handler.PlaintextStreamFilter = (context, _) =>
        {
            upstream.Connected();
            return new ValueTask<Stream>(context.PlaintextStream);
        };
        return new ApiHandler(api, handler);
    }

    private Connector ConnectorOf(Upstream upstream)
    {
        Action<long> measured = roundTrip => Measured(upstream, roundTrip);
        return _options.GuardsAddresses && !upstream.Configuration.IsConfigured
            ? new Connector(Clock, measured) { Counts = upstream.Connections, MayConnect = address => AddressGuard.IsPublic(address) || AddressGuard.IsOf(_options.AllowsAddresses, address) }
            : new Connector(Clock, measured) { Counts = upstream.Connections };
    }

    /// <summary>Puts what was recorded on disk once a second from here on; for engines whose journal nobody else looks after.</summary>
    /// <param name="failed">Told when it cannot be.</param>
    public void SyncEachSecond(Action<LedgerException> failed) => _sync = Clock.Provider.CreateTimer(_ =>
    {
        try
        {
            // Whoever disposes waits until this is through.
            lock (_syncing)
                if (!_isDisposed)
                    Journal.Sync();
        }
        catch (LedgerException failure)
        {
            Tell(failed, failure);
        }
    }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

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
        _sync?.Dispose();
        lock (_opening)
            _isDisposed = true;
        // Whoever writes at this moment has its files until it is through.
        lock (_syncing)
            _resources?.Dispose();
        foreach (var upstream in _opened)
            upstream.Dispose();
        Token?.Dispose();
        Dispatcher.Dispose();
        Timeouts.Dispose();
        Journal.Dispose();
    }

    /// <summary>A connection was made, and took so long, nanoseconds.</summary>
    public static void Measured(Upstream upstream, long roundTrip)
    {
        if (!upstream.BoundIsGiven && 4 * roundTrip > upstream.Terms.Bound)
            upstream.Learning.ChangeBound(terms => terms.Learn(roundTrip));
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

    private Upstream Open(UpstreamConfiguration configuration)
    {
        var upstream = new Upstream(configuration, this);
        try
        {
            Remember(upstream, upstream.Name, upstream.Scope, AddressOf(upstream));
            foreach (var key in upstream.Keys?.Keys ?? [])
                Remember(upstream, key);
            foreach (var (part, scope) in upstream.Gates.Parts)
                Remember(upstream, scope.Name, scope, $"{AddressOf(upstream)} {part}");
            lock (_opening)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                _opened.Add(upstream);
                if (configuration.Adaptive.Resources)
                    _resources ??= new ResourceWatch(this);
            }
        }
        catch
        {
            Forget(upstream);
            throw;
        }
        return upstream;
    }

    /// <summary>One that cannot be used, or not any more, holds nothing: the next request opens it anew.</summary>
    private void Forget(Upstream upstream)
    {
        upstream.Dispose();
        Journal.Forget(upstream.Scope);
        foreach (var key in upstream.Keys?.Keys ?? [])
            Journal.Forget(key.Scope);
        foreach (var (_, scope) in upstream.Gates.Parts)
            Journal.Forget(scope);
    }

    /// <summary>By what an API is known across restarts.</summary>
    private static string AddressOf(Upstream upstream) => upstream.Configuration.Bases.Count > 0 ? upstream.Configuration.Bases[0].ToString() : upstream.Name;

    private void Remember(Upstream upstream, string name, Scope scope, string identity)
    {
        Journal.Remember(scope, name, identity);
        // The header names the limits of those APIs that were known before the run.
        if (scope.Limits.Any())
            WriteLimits(upstream, name, scope.Limits);
    }
}
