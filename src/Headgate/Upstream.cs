using Headgate.Caching;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Resilience;
using Headgate.Retries;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate;

/// <summary>One API at work: its gate, its limits and keys, its connections, and what was learned of it.</summary>
internal sealed class Upstream : IDisposable
{
    private bool _isGone;
    private const int Probes = 3;

    private readonly Engine _engine;
    private readonly HashSet<PoolKey> _toldDead = [];
    private readonly DeclaredCosts _costs;
    private volatile UpstreamConfiguration _configuration;
    private volatile UpstreamGates _gates;
    private volatile KeyPool? _keys;
    private RetryBudget _budget;
    private TokenSupply? _ownToken;
    private volatile TokenSupply? _token;
    private int _failedProbes;
    private volatile bool _wasReached;
    private long _reachedAt = long.MinValue;
    private volatile string _lastProbe = "no connection";

    public Upstream(UpstreamConfiguration configuration, Engine engine)
    {
        (_configuration, _engine, UnderWay, _costs) = (configuration, engine, new UnderWay(engine.Journal.Eras, engine.Clock.Now), new DeclaredCosts(engine.Notice));
        var policy = configuration.Policy;
        Scope = new Scope(Name, policy.Limits, TermsOf(policy.Timing, policy.Straggle), engine.Dispatcher.Ours);
        Cap = new ConcurrencyCap(engine.Concurrency, slowStart: policy.Limits.Count == 0 && policy.Learns && configuration.Keys is not { Limits.Count: > 0 });
        Scope.Add(Cap);
        if ((Connections = configuration.Connections.Cap()) is { } connections)
            Scope.Add(connections);
        Watch = policy.Breaker is { } breaker ? new BreakerWatch(this, engine, breaker) : null;
        if (configuration.Keys is not null)
            _keys = new KeyPool(Name, engine.KeysOf(configuration).Select(entry => MakeKey(entry, configuration.Keys)));
        var tunnels = new Scope($"{Name}/tunnels", [], Terms, engine.Dispatcher.Ours, Scope.Server);
        tunnels.Add(TunnelCap = ConcurrencyCap.OfConnections(engine.Concurrency));
        Tunnels = new Gate(Name, [engine.Total, Scope, tunnels], weight: configuration.Weight, countsOpenOnly: true) { Parts = "tunnels", UnderWay = UnderWay };
        Exits = new ApiExits(this, engine);
        Proxies = engine.Proxies.Of(this, configuration);
        _gates = MakeGates(configuration, _keys, Proxies, part => new Scope(part.Name, part.Limits, Terms, engine.Dispatcher.Ours, Scope.Server));
        OwnKeys = new OwnKeys(this, engine);
        _budget = BudgetOf(configuration.Retry);
        RetryPolicy = RetryPolicyOf(configuration);
        Transport = engine.Connections.MakeTransport(this, configuration);
        Learning = new Learning(this, engine);
        Adaptation = new Adaptation(this, engine);
        TakeTokens(engine.Connections.MakeTokens(configuration), configuration);
        TreatAs(configuration, isNew: true);
        JoinProxies();
        Rotation = RotationOf(configuration);
        ApiCache.TellIdle(engine, configuration, _keys?.Keys.Count ?? 0);
    }

    /// <summary>Last of what may fail: its pool knows it from here on, and its exits hold files.</summary>
    private void JoinProxies()
    {
        try
        {
            _engine.Proxies.Join(Proxies);
        }
        catch
        {
            _engine.Forget(this);
            throw;
        }
    }

    /// <summary>How it is treated from now on, but for limits, keys, tokens and connections, which are changed apart. Once it is used, under the lock.</summary>
    public void TreatAs(UpstreamConfiguration next, bool isNew = false)
    {
        var before = _configuration;
        _configuration = next;
        // A budget that is the same goes on as it is.
        if (before.Retry != next.Retry)
            _budget = BudgetOf(next.Retry);
        RetryPolicy = RetryPolicyOf(next);
        Hedging = next.Hedge is null ? null : new Hedging(this, _engine);
        if (isNew || before.Failover != next.Failover || before.Bases != next.Bases)
            Bases = next.Failover ? new Bases(this, _engine) : null;
        Chaos = next.Chaos == ChaosConfiguration.None ? null : new Disturbance(_engine, new ChaosDice(next.Chaos, _engine.Random));
        Cache = ApiCache.Of(this, _engine, wasOff: !isNew && Cache is null);
        CountUnits();
    }

    /// <summary>Where its requests have their tokens from, from now on. Once it is used, under the lock.</summary>
    /// <param name="own">What fetches them; null for what all have in common, or nothing.</param>
    /// <param name="next">How it is treated from now on.</param>
    /// <returns>What fetched them before, to be disposed outside the lock: whoever waits for that asks anew.</returns>
    public TokenSupply? TakeTokens(TokenSupply? own, UpstreamConfiguration next)
    {
        var before = _ownToken;
        (_ownToken, _token) = (own, own ?? (next.Keys is null ? _engine.Token : null));
        return before;
    }

    /// <summary>Whether nothing is under way, nobody waits, and nothing of what was sent counts any more.</summary>
    public bool IsIdleNeedsLock(long now) => IsUnusedNeedsLock && NamedScopes.All(named => named.Scope.IsIdle(now));

    /// <summary>Whether nobody would find out that it was there: it is idle, and neither is it paused nor has it failed lately.</summary>
    public bool IsForgettableNeedsLock(long now) => IsIdleNeedsLock(now) && Scope.Hold!.PausedBy is null && Watch?.IsCalmNeedsLock(now) != false;

    /// <summary>
    /// Whether all that would be lost with it is on disk, or can be learned anew at no cost to its server: it has not refused anything, told of no
    /// limits that still count, and is not paused or failing.
    /// </summary>
    public bool IsQuietNeedsLock(long now) => IsUnusedNeedsLock && Watch is not { IsHolding: true } && NamedScopes.All(named => named.Scope.IsForgettable(now));

    /// <summary>It was forgotten: whoever still comes to it goes to the next that is opened.</summary>
    public bool IsGone { get => Volatile.Read(ref _isGone); set => Volatile.Write(ref _isGone, value); }

    private bool IsUnusedNeedsLock => !UnderWay.All.Any() && Gates.All.All(gate => gate.Waiting == 0);

    /// <summary>Its limits have changed, or those of everything: so may have what they count.</summary>
    public void CountUnits() => _costs.Count(_configuration, [.. _engine.Total.Limits, .. _engine.Queues.Named.SelectMany(queue => queue.Scope.Limits), .. _configuration.AllLimits, .. Keys?.Keys.SelectMany(key => key.Scope.Limits) ?? []]);

    public string Name => Configuration.Name;

    public UpstreamConfiguration Configuration => _configuration;

    /// <summary>By what it is known across restarts, and whatever it is called: its first address.</summary>
    public string Identity => IdentityOf(_configuration);

    public ArrivalTerms Terms => Scope.Terms;

    /// <summary>Every scope of it with the name that it has in the ledger: of itself, its keys and its parts.</summary>
    public IEnumerable<(string Name, Scope Scope)> NamedScopes =>
        [(Name, Scope), .. Keys?.Keys.Select(key => (NameOf(key), key.Scope)) ?? [], .. OwnKeys.All.Select(key => ($"{Name}/key:{key.Name}", key.Scope)), .. Exits.All.Select(exit => (Exits.NameOf(exit), exit.Scope)), .. Gates.Parts.Select(part => (part.Scope.Name, part.Scope))];

    public Scope Scope { get; }

    public UpstreamGates Gates
    {
        get => _gates;
        set => _gates = value;
    }

    public KeyPool? Keys
    {
        get => _keys;
        set => _keys = value;
    }

    /// <summary>The ways to it through the proxies of its pool; null where it is reached without.</summary>
    public ProxyOutlets? Proxies { get; set; }

    /// <summary>The limits of each address that its server sees.</summary>
    public ApiExits Exits { get; }

    /// <summary>What was let go and has not ended, whatever gate it passed.</summary>
    public UnderWay UnderWay { get; }

    /// <summary>What it has no more of, but something under way still counts in. Changed under the lock, by whoever changes the API.</summary>
    public LeftScopes Left { get; set; } = LeftScopes.None;

    /// <summary>Reads its keys anew; null where they stay what they are.</summary>
    public KeyRotation? Rotation { get; set; }

    /// <summary>The keys that callers bring themselves.</summary>
    public OwnKeys OwnKeys { get; }

    /// <summary>The token of requests that have no credentials of their own; null where there is none, or keys are.</summary>
    public TokenSupply? Token => _token;

    public ConcurrencyCap Cap { get; }

    /// <summary>The most connections in use at once; null where only the cap bounds them.</summary>
    public ConcurrencyCap? Connections { get; set; }

    public RetryPolicy RetryPolicy { get; private set; }

    /// <summary>What its answers teach.</summary>
    public Learning Learning { get; }

    public ApiTransport Transport { get; set; }

    /// <summary>
    /// The gate of connections to its server that are passed through unread. Nobody sees what is sent on them: they have places in what bounds
    /// how much is open at once, and in no other limit.
    /// </summary>
    public Gate Tunnels { get; }

    /// <summary>How many of them may be open at once.</summary>
    public ConcurrencyCap TunnelCap { get; }

    /// <summary>The connections to it.</summary>
    public ConnectionCounts ConnectionsMade { get; } = new();

    /// <summary>What adapts to how it is doing.</summary>
    public Adaptation Adaptation { get; set; }

    /// <summary>Its breaker; null if it has none.</summary>
    public BreakerWatch? Watch { get; set; }

    /// <summary>Null if no second attempt is ever sent beside another.</summary>
    public Hedging? Hedging { get; private set; }

    /// <summary>Its addresses, where requests go from one to another; null if they do not.</summary>
    public Bases? Bases { get; private set; }

    /// <summary>Its answers that are kept; null where none are.</summary>
    public ApiCache? Cache { get; private set; }

    /// <summary>How often they were the answer.</summary>
    public CacheCounts CacheCounts { get; } = new();

    /// <summary>What is put in the way of attempts; null for nothing.</summary>
    public Disturbance? Chaos { get; private set; }

    /// <summary>D was stated, and is not to be learned from the time connections take.</summary>
    public bool BoundIsGiven => _configuration.Policy.Timing.Bound is not null;

    /// <summary>The header the key travels in, so that a redirect elsewhere leaves it behind.</summary>
    public string? KeyHeader => Configuration.Keys?.Template.Header;

    /// <summary>Something connected once.</summary>
    public bool WasReached => _wasReached;

    /// <summary>Nothing ever connected, and as many tried as are needed to say so.</summary>
    public bool IsOutOfReach => !_wasReached && Volatile.Read(ref _failedProbes) >= Probes;

    public string WhyOutOfReach => $"{Name} was never reached in {Probes} tries: {_lastProbe}";

    /// <summary>
    /// When an attempt had arrived at the latest, for whoever does not know by which timing it will be counted: a limit can have one of its own, and
    /// other units than requests are counted when the body has ended.
    /// </summary>
    public long StrictLate(Attempt attempt) => attempt.Permit.Cost.Others.Length > 0 ? Math.Max(StrictLateOfRequests(attempt), attempt.EndedAt) : StrictLateOfRequests(attempt);

    private long StrictLateOfRequests(Attempt attempt) =>
        HasOwnTiming(attempt.Permit.Taken) || HasOwnTiming(attempt.Permit.TakenOfKey) || HasOwnTiming(attempt.Permit.TakenOfProxy)
            ? Math.Max(attempt.LateAt, attempt.IsLost ? attempt.AnsweredAt + Math.Max(Terms.Straggle, ArrivalTerms.DefaultStraggle) : attempt.AnsweredAt)
            : attempt.LateAt;

    private static bool HasOwnTiming(Checkpoint[] limits)
    {
        foreach (var limit in limits)
            if (limit.State.Limit.Timing is not null)
                return true;
        return false;
    }

    /// <inheritdoc cref="DeclaredCosts.Of"/>
    public Cost CostOf(Exchange exchange) => _costs.Of(exchange, Configuration);

    /// <summary>The gate a request has to pass.</summary>
    /// <exception cref="HeadgateException">It brings a key of its own, and there are too many of those.</exception>
    public Gate GateFor(Exchange exchange) =>
        Gates.For(exchange, BringsKey(exchange) ? OwnKeys.Of(exchange.Terms.OwnKey!) : null, _engine.Queues.Of(exchange.Terms.Queue));

    /// <summary>Whether a request has credentials of its own in the place of a key of the pool: where that has another place, they stand beside one.</summary>
    public bool BringsKey(Exchange exchange) =>
        exchange is { Terms.OwnKey: not null, Redirect: not { DropsCredentials: true } } && (Keys is null || SendTerms.OwnKeyHeader.Equals(KeyHeader, StringComparison.OrdinalIgnoreCase));

    /// <summary>Where a request goes now: its own address, or the same at a base that is up.</summary>
    public Uri AddressOf(Uri uri) => Bases?.AddressOf(uri) ?? uri;

    public void Connected() => Reached(_engine.Clock.Now);

    /// <summary>It was reached: by a connection, or by a request that it answered well.</summary>
    public void Reached(long now)
    {
        _wasReached = true;
        Volatile.Write(ref _reachedAt, now);
    }

    public bool WasReachedSince(long time) => Volatile.Read(ref _reachedAt) >= time;

    public void NotConnected(string? why)
    {
        if (!_wasReached)
            _lastProbe = why ?? "no connection";
        Interlocked.Increment(ref _failedProbes);
    }

    /// <summary>Whether the budget of retries has room; else until when it has none.</summary>
    public long? BudgetUntil(long now)
    {
        var budget = _budget;
        lock (budget)
            return budget.TryWithdraw(now) ? null : budget.WaitUntil(now) ?? now + Clock.Second;
    }

    /// <summary>Whether the budget of retries has room, without taking any of it.</summary>
    public bool HasBudget(long now)
    {
        var budget = _budget;
        lock (budget)
            return budget.WaitUntil(now) <= now;
    }

    public void CountFirst(long now)
    {
        var budget = _budget;
        lock (budget)
            budget.Deposit(now);
    }

    /// <summary>The key of a tenant, where each keeps to one; null where any will do.</summary>
    public PoolKey? StickyFor(string? tenant) => Configuration.Keys?.Choice == KeyChoice.Sticky ? Keys?.Of(tenant) : null;

    /// <summary>Whether nobody was told yet that a key is dead: many attempts may find it out at once.</summary>
    public bool IsNewlyDead(PoolKey key)
    {
        lock (_toldDead)
            return _toldDead.Add(key);
    }

    /// <summary>Whether an answer says that the key is not accepted.</summary>
    public bool IsDeadly(int status) => Configuration.Keys?.Dead.Any(range => range.Contains(status)) ?? false;

    /// <summary>A key is gone: what was learned of it is of no use to anybody.</summary>
    public void Forget(PoolKey key)
    {
        lock (_toldDead)
            _toldDead.Remove(key);
    }

    /// <summary>Nothing is sent in the scope of a key any more.</summary>
    public void Forget(Scope scope)
    {
        Learning.Forget(scope);
        Adaptation.Forget(scope);
    }

    /// <summary>What the ledger calls a key.</summary>
    public string NameOf(PoolKey key) => $"{Name}/key:{key.Name}";

    /// <summary>A key to be used, with the limits that are its own.</summary>
    public PoolKey MakeKey(KeyEntry entry, KeysConfiguration keys, ArrivalTerms? terms = null)
    {
        var limits = entry.Limits ?? keys.Limits;
        var scope = new Scope($"key {entry.Secret.Name} of {Name}", limits, terms ?? Terms, _engine.Dispatcher.Ours, Scope.Server);
        return new PoolKey(entry.Secret, scope, entry.Weight) { Declared = limits, OwnLimits = entry.Limits };
    }

    /// <summary>Gates for what a configuration makes of it.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="keys">The keys, if it has any.</param>
    /// <param name="proxies">The ways to it through proxies, if there are any.</param>
    /// <param name="scopeOf">The scope of a part of it.</param>
    public UpstreamGates MakeGates(UpstreamConfiguration configuration, KeyPool? keys, ProxyOutlets? proxies, Func<UpstreamPart, Scope> scopeOf) =>
        new(_engine.Dispatcher, configuration, [_engine.Total, Scope], keys, proxies, scopeOf, UnderWay, Tunnels);

    /// <summary>What is known of arrival at first at an API that is treated so.</summary>
    public static ArrivalTerms TermsOf(TimingChoice timing, TimeSpan straggle) => timing.Mode == LimitTiming.Nominal
        ? ArrivalTerms.Nominal
        : new ArrivalTerms(timing.Mode, timing.Bound is { } bound ? Clock.Nanoseconds(bound) : ArrivalTerms.LeastBound, Clock.Nanoseconds(straggle));

    /// <summary>What reads its keys anew; null where nothing does.</summary>
    public KeyRotation? RotationOf(UpstreamConfiguration configuration) =>
        configuration.Keys is not null && _engine.KeysEvery(configuration) is { } every ? new KeyRotation(this, _engine, every) : null;

    /// <inheritdoc cref="Identity"/>
    public static string IdentityOf(UpstreamConfiguration configuration) => configuration.Bases.Count > 0 ? configuration.Bases[0].ToString() : configuration.Name;

    private static RetryBudget BudgetOf(RetryConfiguration retry) =>
        new((int)(retry.BudgetShare.Fraction * 1000), (int)Math.Max(1, retry.BudgetFloor.Amount * TimeSpan.TicksPerSecond / retry.BudgetFloor.Period.Ticks));

    private static RetryPolicy RetryPolicyOf(UpstreamConfiguration api) => new()
    {
        Retries = api.Policy.Retries,
        Delay = api.Policy.RetryDelay,
        Cap = api.Policy.RetryCap,
        Statuses = new StatusSet([.. api.Retry.Statuses.Select(range => (range.First, range.Last))]),
    };

    public void Dispose()
    {
        Rotation?.Dispose();
        _ownToken?.Dispose();
        _engine.Proxies.Leave(Proxies);
        Transport.Dispose();
    }
}
