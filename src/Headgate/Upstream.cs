using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>One API at work: its gate, its limits and keys, its connections, and what was learned of it.</summary>
internal sealed class Upstream : IDisposable
{
    private const int Probes = 3;

    private readonly Dispatcher _dispatcher;
    private readonly RetryBudget _budget;
    private readonly IReadOnlyDictionary<RequestPriority, decimal> _shares;
    private readonly HashSet<PoolKey> _toldDead = [];
    private int _failedProbes;

    /// <summary>Only a request sent after this tells anything new by being refused.</summary>
    private volatile bool _wasReached;
    private (int Version, long Skew) _notedClock;
    private volatile string _lastProbe = "no connection";

    public Upstream(UpstreamConfiguration configuration, Engine engine)
    {
        (Configuration, _dispatcher) = (configuration, engine.Dispatcher);
        var policy = configuration.Policy;
        var bound = policy.Timing.Bound is { } given ? Clock.Nanoseconds(given) : ArrivalTerms.LeastBound;
        Terms = policy.Timing.Mode == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(policy.Timing.Mode, bound, Clock.Nanoseconds(policy.Straggle));
        BoundIsGiven = policy.Timing.Bound is not null;
        Scope = new Scope(Name, policy.Limits, Terms, engine.Dispatcher.Ours);
        Cap = new ConcurrencyCap(engine.Concurrency, slowStart: policy.Limits.Count == 0 && policy.Learns && configuration.Keys is not { Limits.Count: > 0 });
        Scope.Add(Cap);
        if (configuration.Keys is { } keys)
            Keys = new KeyPool(Name, engine.KeysOf(configuration).Select(entry => new PoolKey(entry.Secret, KeyScope(entry, keys, engine), entry.Weight)));
        _shares = Enum.GetValues<RequestPriority>().Where(priority => configuration.Shares[priority] != Percentage.Whole)
            .ToDictionary(priority => priority, priority => configuration.Shares[priority].Fraction);
        Gate = new Gate(Name, [engine.Total, Scope], Keys, _shares, configuration.Weight);
        _budget = new RetryBudget((int)(configuration.Retry.BudgetShare.Fraction * 1000), (int)Math.Max(1, configuration.Retry.BudgetFloor.Amount * TimeSpan.TicksPerSecond / configuration.Retry.BudgetFloor.Period.Ticks));
        RetryPolicy = new RetryPolicy { Retries = policy.Retries, Delay = policy.RetryDelay, Cap = policy.RetryCap, Statuses = new StatusSet([.. configuration.Retry.Statuses.Select(range => (range.First, range.Last))]) };
        Transport = new HttpMessageInvoker(engine.MakeHandler(this), disposeHandler: true);
    }

    public string Name => Configuration.Name;

    public UpstreamConfiguration Configuration { get; }

    public ArrivalTerms Terms { get; }

    public Scope Scope { get; }

    public Gate Gate { get; }

    public KeyPool? Keys { get; }

    public ConcurrencyCap Cap { get; }

    public RetryPolicy RetryPolicy { get; }

    public HttpMessageInvoker Transport { get; }

    /// <summary>D was stated, and is not to be learned from the time connections take.</summary>
    public bool BoundIsGiven { get; }

    /// <summary>The header the key travels in, so that a redirect elsewhere leaves it behind.</summary>
    public string? KeyHeader => Configuration.Keys?.Template.Header;

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
        if (Configuration.Costs.Count == 0)
            return exchange.DeclaredCost is null ? Cost.One : Cost.Of(1, exchange.DeclaredCost);
        var costs = Configuration.Costs.ToDictionary(cost => cost.Unit, cost => cost.Estimate);
        foreach (var (unit, amount) in exchange.DeclaredCost ?? new Dictionary<string, long>())
            costs[unit] = amount;
        return Cost.Of(1, costs);
    }

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
        var alive = Keys!.Keys.Where(key => key.DeadReason is null).ToList();
        // The same text must find the same key after a restart, which string hashes do not promise.
        var hash = 2166136261u;
        foreach (var letter in tenant ?? "")
            hash = (hash ^ letter) * 16777619;
        return alive.Count == 0 ? null : alive[(int)(hash % (uint)alive.Count)];
    }

    /// <summary>Whether nobody was told yet that a key is dead: many attempts may find it out at once.</summary>
    public bool IsNewlyDead(PoolKey key)
    {
        lock (_toldDead)
            return _toldDead.Add(key);
    }

    /// <summary>Whether an answer says that the key is not accepted.</summary>
    public bool IsDeadly(int status) => Configuration.Keys?.Dead.Any(range => range.Contains(status)) ?? false;

    /// <summary>What an answer, or its absence, tells of the server: its clock, its limits, how much at once it takes.</summary>
    public void Learn(Engine engine, Attempt attempt, in Outcome outcome, long now)
    {
        if (outcome.IsAnswer && !outcome.Refused && outcome.Status < 500 && Cap.IsGrowing)
            _dispatcher.Change((this, 0), static (scheduler, it, now) => it.Item1.CapGrows(scheduler, now));
        if (attempt.Answer is { } answer && (IsAligned(attempt.Permit.Taken) || IsAligned(attempt.Permit.TakenOfKey)) && OutcomeReader.ReadDate(answer.Headers, engine.Clock.Provider.GetUtcNow()) is { } date)
            LearnDate(engine, attempt.SentAt, Clock.Nanoseconds(date - DateTimeOffset.UnixEpoch));
        if (outcome.Refused)
            LearnRefusal(engine, attempt, outcome);
    }

    /// <summary>Whether the server's clock matters to one of these.</summary>
    private static bool IsAligned(Checkpoint[] limits)
    {
        foreach (var limit in limits)
            if (limit.State.Limit.Algorithm == LimitAlgorithm.Fixed)
                return true;
        return false;
    }

    /// <summary>Of whose limits a refusal speaks: of the key's, unless only the API has any.</summary>
    public Scope ScopeOfRefusal(PoolKey? key) => key is null || (!HasRate(key.Scope) && HasRate(Scope)) ? Scope : key.Scope;

    /// <summary>The server's clock, for limits that go by it; noted for whoever reads the ledger when more is known of it than was noted last.</summary>
    private void LearnDate(Engine engine, long sentAt, long date)
    {
        var clock = _dispatcher.Change((Api: this, sentAt, date), static (_, it, now) =>
        {
            var (server, known) = (it.Api.Scope.Server, it.Api._notedClock);
            server.Learn(it.sentAt, now, it.date);
            if (known.Version == server.Version && server.Skew > known.Skew / 10 * 9)
                return null;
            it.Api._notedClock = (server.Version, server.Skew);
            return new LedgerServerClock(it.Api.Name, (now + server.Offset) / Clock.Microsecond, server.Skew / Clock.Microsecond + 1, now / Clock.Microsecond);
        });
        if (clock is not null)
            engine.Journal.WriteServerClock(clock);
    }

    private static bool HasRate(Scope scope) => scope.Limits.Any(limit => limit.Unit == Limit.Requests && limit.Algorithm != LimitAlgorithm.Concurrent);

    private void CapGrows(Scheduler scheduler, long now)
    {
        Cap.Clean(now);
        scheduler.Better(Scope.Checkpoints.First(checkpoint => checkpoint.State == Cap));
    }

    /// <summary>
    /// A refusal although the limits were kept: less at once, once for each pause, however many it met. Arrivals were later than assumed, so D is
    /// doubled; after a second pause a sliding limit is taken for one that smooths inside its period, and counted as a two-window counter.
    /// </summary>
    private void LearnRefusal(Engine engine, Attempt attempt, in Outcome outcome)
    {
        var scope = ScopeOfRefusal(attempt.Permit.Key);
        // One pause counts once, however many were under way when it began.
        var refusals = _dispatcher.Change((Api: this, scope, attempt.SentAt), static (_, it, now) =>
        {
            if (it.scope.Hold!.Until(now) is not null || it.SentAt < it.scope.RefusalsCountFrom)
                return 0;
            it.scope.RefusalsCountFrom = now;
            it.Api.Cap.Refused(now);
            return HasRate(it.scope) ? ++it.scope.RefusedWithinRate : 0;
        });
        if (refusals == 0)
            return;
        if (Terms.Timing == LimitTiming.Bounded)
        {
            ChangeBound(engine, static terms => terms.Double());
            engine.Notice($"{Name} refused ({outcome.Status}) within the allowed rate of {scope.Name}: requests may arrive later than assumed, so the bound is now {Duration.Format(TimeSpan.FromMilliseconds(Terms.Bound / Clock.Millisecond))}");
        }
        if (refusals < 2 || scope.Limits.All(limit => limit.Algorithm != LimitAlgorithm.Sliding))
            return;
        List<Limit> before = [.. scope.Limits];
        List<Limit> counters = [.. scope.Limits.Select(limit => limit.Algorithm == LimitAlgorithm.Sliding ? limit with { Algorithm = LimitAlgorithm.Counter } : limit)];
        _dispatcher.ChangeLimits(scope, counters, [Gate]);
        engine.WriteLimits(this, scope == Scope ? Name : $"{Name}/key:{attempt.Permit.Key!.Name}", counters);
        engine.Learned(new Lesson(scope, engine.Clock.Now) { Limits = (before, counters) });
        engine.Notice($"{Name} refused again within the allowed rate: it seems to smooth inside the period, so its limits are now kept as {string.Join(", ", counters)}; if you know how it counts, say burst=, spaced or counter");
    }

    /// <summary>Changes D: for the limits, for whoever reads the ledger, and for the best possible.</summary>
    public void ChangeBound(Engine engine, Action<ArrivalTerms> change)
    {
        var before = Terms.Bound;
        _dispatcher.Change((Terms, change), static (_, it, _) => it.change(it.Terms));
        engine.Journal.WriteBound(Name, Terms.Bound);
        engine.Learned(new Lesson(Scope, engine.Clock.Now) { Bound = (before, Terms.Bound) });
    }

    public void Dispose() => Transport.Dispose();

    private Scope KeyScope(KeyEntry entry, KeysConfiguration keys, Engine engine) =>
        new($"key {entry.Secret.Name} of {Name}", entry.Limits ?? keys.Limits, Terms, engine.Dispatcher.Ours, Scope.Server);
}
