using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Resilience;
using Headgate.Limits;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>One API at work: its gate, its limits and keys, its connections, and what was learned of it.</summary>
internal sealed class Upstream : IDisposable
{
    private const int Probes = 3;

    /// <summary>No more are remembered: units are named by whoever asks.</summary>
    private const int MostUnits = 100;

    private readonly RetryBudget _budget;
    private readonly WallTime _ours;
    private readonly Action<string> _notice;

    /// <summary>What its limits count, and what was told that they do not; null where they may yet be learned.</summary>
    private readonly HashSet<string>? _units;
    private readonly HashSet<PoolKey> _toldDead = [];

    /// <summary>What a request costs that declares nothing.</summary>
    private readonly Cost _estimate;
    private int _failedProbes;
    private volatile bool _wasReached;
    private volatile string _lastProbe = "no connection";

    public Upstream(UpstreamConfiguration configuration, Engine engine)
    {
        Configuration = configuration;
        _estimate = configuration.Costs.Count == 0 ? Cost.One : Cost.Of(1, Estimates());
        var policy = configuration.Policy;
        var bound = policy.Timing.Bound is { } given ? Clock.Nanoseconds(given) : ArrivalTerms.LeastBound;
        Terms = policy.Timing.Mode == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(policy.Timing.Mode, bound, Clock.Nanoseconds(policy.Straggle));
        BoundIsGiven = policy.Timing.Bound is not null;
        Scope = new Scope(Name, policy.Limits, Terms, engine.Dispatcher.Ours);
        Cap = new ConcurrencyCap(engine.Concurrency, slowStart: policy.Limits.Count == 0 && policy.Learns && configuration.Keys is not { Limits.Count: > 0 });
        Scope.Add(Cap);
        if (configuration.Connections.Cap() is { } connections)
            Scope.Add(connections);
        (_ours, _notice) = (engine.Dispatcher.Ours, engine.Notice);
        Watch = policy.Breaker is { } breaker ? new BreakerWatch(this, engine, breaker) : null;
        if (configuration.Keys is not null)
            Keys = new KeyPool(Name, engine.KeysOf(configuration).Select(MakeKey));
        if (!policy.Learns)
            _units = [.. engine.Total.Limits.Concat(configuration.AllLimits).Concat(Keys?.Keys.SelectMany(key => key.Scope.Limits) ?? []).Select(limit => limit.Unit), .. configuration.Costs.Select(cost => cost.Unit)];
        Token = configuration.Keys is null ? engine.Token : null;
        Gates = new UpstreamGates(engine.Dispatcher, configuration, [engine.Total, Scope], Keys, (part, limits) => new Scope($"{Name}/{part}", limits, Terms, engine.Dispatcher.Ours, Scope.Server));
        OwnKeys = new OwnKeys(this, engine);
        _budget = new RetryBudget((int)(configuration.Retry.BudgetShare.Fraction * 1000), (int)Math.Max(1, configuration.Retry.BudgetFloor.Amount * TimeSpan.TicksPerSecond / configuration.Retry.BudgetFloor.Period.Ticks));
        RetryPolicy = new RetryPolicy { Retries = policy.Retries, Delay = policy.RetryDelay, Cap = policy.RetryCap, Statuses = new StatusSet([.. configuration.Retry.Statuses.Select(range => (range.First, range.Last))]) };
        Transport = new HttpMessageInvoker(engine.MakeHandler(this), disposeHandler: true);
        Learning = new Learning(this, engine);
        Adaptation = new Adaptation(this, engine);
        Hedging = configuration.Hedge is null ? null : new Hedging(this, engine);
        Bases = configuration.Failover ? new Bases(this, engine) : null;
        Rotation = Keys is not null && engine.KeysEvery(configuration) is { } every ? new KeyRotation(this, engine, every) : null;
        Chaos = configuration.Chaos == ChaosConfiguration.None ? null : new Disturbance(engine, new ChaosDice(configuration.Chaos, engine.Random));
    }

    public string Name => Configuration.Name;

    public UpstreamConfiguration Configuration { get; }

    public ArrivalTerms Terms { get; }

    public Scope Scope { get; }

    public UpstreamGates Gates { get; }

    public KeyPool? Keys { get; }

    /// <summary>Reads its keys anew; null where they stay what they are.</summary>
    public KeyRotation? Rotation { get; }

    /// <summary>The keys that callers bring themselves.</summary>
    public OwnKeys OwnKeys { get; }

    /// <summary>The token of requests that have no credentials of their own; null where there is none, or keys are.</summary>
    public TokenSupply? Token { get; }

    public ConcurrencyCap Cap { get; }

    public RetryPolicy RetryPolicy { get; }

    /// <summary>What its answers teach.</summary>
    public Learning Learning { get; }

    public HttpMessageInvoker Transport { get; }

    /// <summary>The connections to it.</summary>
    public ConnectionCounts Connections { get; } = new();

    /// <summary>What adapts to how it is doing.</summary>
    public Adaptation Adaptation { get; }

    /// <summary>Its breaker; null if it has none.</summary>
    public BreakerWatch? Watch { get; }

    /// <summary>Null if no second attempt is ever sent beside another.</summary>
    public Hedging? Hedging { get; }

    /// <summary>Its addresses, where requests go from one to another; null if they do not.</summary>
    public Bases? Bases { get; }

    /// <summary>What is put in the way of attempts; null for nothing.</summary>
    public Disturbance? Chaos { get; }

    /// <summary>D was stated, and is not to be learned from the time connections take.</summary>
    public bool BoundIsGiven { get; }

    /// <summary>The header the key travels in, so that a redirect elsewhere leaves it behind.</summary>
    public string? KeyHeader => Configuration.Keys?.Template.Header;

    /// <summary>Something connected once.</summary>
    public bool WasReached => _wasReached;

    /// <summary>Nothing ever connected, and as many tried as are needed to say so.</summary>
    public bool IsOutOfReach => !_wasReached && Volatile.Read(ref _failedProbes) >= Probes;

    public string WhyOutOfReach => $"{Name} was never reached in {Probes} tries: {_lastProbe}";

    /// <summary>When an attempt that is answered now had arrived at the latest.</summary>
    public long Late(long sent, long now) => Terms.Timing switch
    {
        LimitTiming.Nominal => sent,
        LimitTiming.Bounded => Math.Min(now, sent + Terms.Bound),
        _ => now,
    };

    /// <summary>The same for whoever does not know by which timing it will be counted: a limit can have one of its own.</summary>
    public long StrictLate(Attempt attempt) =>
        HasOwnTiming(attempt.Permit.Taken) || HasOwnTiming(attempt.Permit.TakenOfKey)
            ? Math.Max(attempt.LateAt, attempt.IsLost ? attempt.AnsweredAt + Math.Max(Terms.Straggle, ArrivalTerms.DefaultStraggle) : attempt.AnsweredAt)
            : attempt.LateAt;

    private static bool HasOwnTiming(Checkpoint[] limits)
    {
        foreach (var limit in limits)
            if (limit.State.Limit.Timing is not null)
                return true;
        return false;
    }

    public Cost CostOf(Exchange exchange)
    {
        if (exchange.DeclaredCost is { } declared && _units is not null)
            TellUncounted(declared.Keys);
        if (exchange.DeclaredCost is null)
            return _estimate;
        if (Configuration.Costs.Count == 0)
            return Cost.Of(1, exchange.DeclaredCost);
        var costs = Estimates();
        foreach (var (unit, amount) in exchange.DeclaredCost)
            costs[unit] = amount;
        return Cost.Of(1, costs);
    }

    private Dictionary<string, long> Estimates() => Configuration.Costs.ToDictionary(cost => cost.Unit, cost => cost.Estimate);

    /// <summary>A unit that no limit counts is more likely misspelt than meant.</summary>
    private void TellUncounted(IEnumerable<string> units)
    {
        foreach (var unit in units)
        {
            bool isNew;
            lock (_units!)
                isNew = _units.Count < MostUnits && _units.Add(unit);
            if (isNew)
                _notice($"requests to {Name} declare a cost in {Excerpt.Of(unit)}, which none of its limits counts");
        }
    }

    /// <summary>The gate a request has to pass.</summary>
    /// <exception cref="HeadgateException">It brings a key of its own, and there are too many of those.</exception>
    public Gate GateFor(Exchange exchange) =>
        // Where the pool has another place for its keys, what the caller brings stands beside one of them.
        Gates.For(exchange, exchange is { OwnKey: { } own, Redirect: not { DropsCredentials: true } } && (Keys is null || Exchange.OwnKeyHeader.Equals(KeyHeader, StringComparison.OrdinalIgnoreCase)) ? OwnKeys.Of(own) : null);

    /// <summary>Where a request goes now: its own address, or the same at a base that is up.</summary>
    public Uri AddressOf(Uri uri) => Bases?.AddressOf(uri) ?? uri;

    public void Connected() => _wasReached = true;

    public void NotConnected(string? why)
    {
        if (!_wasReached)
            _lastProbe = why ?? "no connection";
        Interlocked.Increment(ref _failedProbes);
    }

    /// <summary>Whether the budget of retries has room; else until when it has none.</summary>
    public long? BudgetUntil(long now)
    {
        lock (_budget)
            return _budget.TryWithdraw(now) ? null : _budget.WaitUntil(now) ?? now + Clock.Second;
    }

    /// <summary>Whether the budget of retries has room, without taking any of it.</summary>
    public bool HasBudget(long now)
    {
        lock (_budget)
            return _budget.WaitUntil(now) <= now;
    }

    public void CountFirst(long now)
    {
        lock (_budget)
            _budget.Deposit(now);
    }

    /// <summary>The key of a tenant, where each keeps to one; null where any will do.</summary>
    public PoolKey? StickyFor(string? tenant)
    {
        if (Configuration.Keys?.Choice != KeyChoice.Sticky)
            return null;
        // Read once: they may be changed at any time, and a key can die between the two looks at it.
        var keys = Keys!.Keys;
        var alive = 0;
        foreach (var key in keys)
            if (key.DeadReason is null)
                alive++;
        if (alive == 0)
            return null;
        // The same text must find the same key after a restart, which string hashes do not promise.
        var hash = 2166136261u;
        foreach (var letter in tenant ?? "")
            hash = (hash ^ letter) * 16777619;
        var left = (int)(hash % (uint)alive);
        PoolKey? last = null;
        for (var index = 0; index < keys.Count && left >= 0; index++)
            if (keys[index].DeadReason is null)
                (last, left) = (keys[index], left - 1);
        return last;
    }

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

    /// <summary>A key to be used, with the limits that are its own.</summary>
    public PoolKey MakeKey(KeyEntry entry) =>
        new(entry.Secret, new Scope($"key {entry.Secret.Name} of {Name}", entry.Limits ?? Configuration.Keys!.Limits, Terms, _ours, Scope.Server), entry.Weight);

    public void Dispose()
    {
        Rotation?.Dispose();
        Transport.Dispose();
    }
}
