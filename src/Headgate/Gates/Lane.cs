using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.Gates;

/// <summary>What a waiter asks for. Those who cost of the same units with the same priority, tenant, key and choice of proxies stand in one lane.</summary>
internal readonly record struct LaneKey(Cost Cost, RequestPriority Priority, string? Tenant, PoolKey? Sticky, WishedWays? Via = null)
{
    /// <summary>Compares what decides about the lane. The amounts do not: one tenant has one share, whatever each of its requests costs.</summary>
    public static readonly IEqualityComparer<LaneKey> OfLanes = new LaneComparer();

    public bool IsOfSameLane(in LaneKey other) =>
        Priority == other.Priority && ReferenceEquals(Sticky, other.Sticky) && ReferenceEquals(Via, other.Via) && Cost.IsOfSameUnits(other.Cost) && Tenant == other.Tenant;

    private sealed class LaneComparer : IEqualityComparer<LaneKey>
    {
        public bool Equals(LaneKey one, LaneKey other) => one.IsOfSameLane(other);

        public int GetHashCode(LaneKey key) => HashCode.Combine(key.Priority, key.Tenant, key.Sticky?.Name, key.Cost.HashOfUnits());
    }
}

/// <summary>Waiters of one gate who need the same limits, have the same priority and tenant and, if it matters, the same key. First come first served. Owned by the lock of its dispatcher.</summary>
internal sealed class Lane
{
    /// <summary>Its place among the lanes parked at <see cref="Parked"/>; -1 while it is parked nowhere.</summary>
    public int Place = -1;

    private readonly LaneKey _key;

    /// <summary>Every limit its waiters need that is known before a key is chosen, each with its turn there.</summary>
    private Claim[] _claims = [];

    /// <summary>Its turn for the keys of the gate.</summary>
    private Claim? _pool;

    /// <summary>Its turn for the proxies it may go through; null where there are none.</summary>
    private Claim? _via;

    /// <summary>The limits of the key it waits for, where it needs more of it than one request.</summary>
    private Claim[] _keyClaims = [];

    public Lane(Gate gate, in LaneKey key, long order)
    {
        (Gate, _key, Order, Level) = (gate, key, order, key.Priority);
        FindClaims();
    }

    public Gate Gate { get; }

    public ref readonly LaneKey Key => ref _key;

    public RequestPriority Priority => _key.Priority;

    /// <summary>Its priority, or the highest once it was passed over for too long; its priority again after a grant.</summary>
    public RequestPriority Level { get; private set; }

    /// <summary>Breaks ties between equal tags: the older lane first.</summary>
    public long Order { get; }

    public Permit? First { get; private set; }

    public Permit? Last { get; private set; }

    public int Count { get; private set; }

    public bool IsWaiting => Count > 0;

    /// <summary>It is empty and may be forgotten soon.</summary>
    public bool IsIdle { get; set; }

    public long LastGrant { get; set; } = long.MinValue / 2;

    /// <summary>Since when its first waiter is the first and waits.</summary>
    public long WaitingSince => Math.Max(First?.EnqueuedAt ?? long.MaxValue / 2, LastGrant);

    /// <summary>Its claim on the constraint it is parked at.</summary>
    public Claim? Parked { get; set; }

    /// <summary>When its first waiter could go, as last computed.</summary>
    public long FreeAt { get; private set; }

    /// <summary>When to look again at its first waiter, even without an event: at the earliest of when it could go and when one before it will have gone.</summary>
    public long LookAt { get; private set; }

    /// <summary>What holds its first waiter longest, as last computed.</summary>
    public Claim? HeldBy { get; private set; }

    /// <summary>The key its first waiter could go with, as last computed.</summary>
    public PoolKey? GoesWith { get; private set; }

    /// <summary>The proxy its first waiter could go through, as last computed.</summary>
    public ProxyOutlet? Way { get; private set; }

    /// <summary>What last held one of its waiters.</summary>
    public Constraint? LastHeldBy { get; private set; }

    /// <summary>The run of the scheduler in which those whom it kept back were last looked at again.</summary>
    public long RelievedIn { get; set; } = -1;

    /// <summary>The key it keeps to; none once that is dead.</summary>
    public PoolKey? Sticky => _key.Sticky is { DeadReason: null } key ? key : null;

    /// <summary>Whether a key of the pool is chosen for it at the grant.</summary>
    public bool ChoosesKey => _pool is not null && Sticky is null;

    public ReadOnlySpan<Claim> Claims => _claims;

    public Claim? Pool => _pool;

    public Claim? Via => _via;

    /// <summary>What its waiters need must be looked for anew: limits were changed, or its key died.</summary>
    public void FindClaims()
    {
        Disclaim();
        (FreeAt, LookAt, HeldBy, GoesWith, Way) = (LimitState.Never, LimitState.Never, null, null, null);
        _pool = Gate.Keys is { } pool ? new Claim(this, pool) : null;
        _via = _key.Via is { } ways ? new Claim(this, ways) : null;
        IEnumerable<Claim> claims = Needed(Gate.Checkpoints).Select(limit => new Claim(this, limit));
        if (Sticky is { } key)
            claims = claims.Concat(Needed(key.Scope.Checkpoints).Select(limit => new Claim(this, limit, _pool)));
        _claims = [.. claims];
    }

    /// <summary>Notes what was found out about its first waiter; says whether that is something else than before.</summary>
    public bool Note(in Passing passing)
    {
        var changed = FreeAt != passing.At || HeldBy != passing.HeldBy;
        (FreeAt, LookAt, HeldBy, GoesWith, Way) = (passing.At, Math.Min(passing.At, passing.RetryAt), passing.HeldBy, passing.Key, passing.Way);
        if (HeldBy is not null)
            First!.HeldBy = LastHeldBy = HeldBy.Constraint;
        return changed;
    }

    /// <summary>The key of which units are reserved for it, chosen for its cost; none where it keeps to one.</summary>
    public PoolKey? ClaimedKey { get; private set; }

    /// <summary>Whether units of one key are reserved for it.</summary>
    public bool HoldsKey => ClaimedKey is not null || Sticky is not null;

    /// <summary>Whether its turn is known wherever it needs something.</summary>
    public bool IsClaiming => _via is { IsStanding: true } || _pool is { IsStanding: true } || (_claims.Length > 0 && _claims[0].IsStanding);

    /// <summary>It waits: its turn is known wherever it needs something. What it reserved of another key than it would go with now is free again.</summary>
    public void Claim()
    {
        _pool?.Constraint.Enter(_pool);
        _via?.Constraint.Enter(_via);
        foreach (var claim in _claims)
            claim.Constraint.Enter(claim);
        // A cost of one request needs no particular key: whichever comes free first is its.
        var key = ChoosesKey && !First!.Cost.IsOne ? GoesWith : null;
        if (key == ClaimedKey)
            return;
        DisclaimKey();
        if (key is null)
            return;
        ClaimedKey = key;
        _keyClaims = [.. Needed(key.Scope.Checkpoints).Select(limit => new Claim(this, limit, _pool))];
        foreach (var claim in _keyClaims)
            claim.Constraint.Enter(claim);
    }

    /// <summary>It has had its turn.</summary>
    public void Charge(Cost cost)
    {
        DisclaimKey();
        _pool?.Constraint.Charge(_pool, cost);
        _via?.Constraint.Charge(_via, cost);
        foreach (var claim in _claims)
            claim.Constraint.Charge(claim, cost);
        if (Level != Priority)
            MoveTo(Priority);
        else
            Moved();
    }

    /// <summary>It waits no more.</summary>
    public void Disclaim()
    {
        DisclaimKey();
        _pool?.Constraint.Leave(_pool);
        _via?.Constraint.Leave(_via);
        foreach (var claim in _claims)
            claim.Constraint.Leave(claim);
    }

    /// <summary>It counts among those of another level; not while it is parked.</summary>
    public void MoveTo(RequestPriority level)
    {
        Level = level;
        _pool?.Constraint.Relevel(_pool);
        _via?.Constraint.Relevel(_via);
        foreach (var claim in _claims)
            claim.Constraint.Relevel(claim);
        Moved();
    }

    /// <summary>Behind all who came before it; those are nearly always all that are there.</summary>
    public void Add(Permit permit)
    {
        var before = Last;
        while (before is not null && before.EnqueuedAt > permit.EnqueuedAt)
            before = before.Previous;
        (permit.Previous, permit.Next) = (before, before is null ? First : before.Next);
        if (before is null)
            First = permit;
        else
            before.Next = permit;
        if (permit.Next is null)
            Last = permit;
        else
            permit.Next.Previous = permit;
        Count++;
    }

    public void Remove(Permit permit)
    {
        if (permit.Previous is null)
            First = permit.Next;
        else
            permit.Previous.Next = permit.Next;
        if (permit.Next is null)
            Last = permit.Previous;
        else
            permit.Next.Previous = permit.Previous;
        permit.Next = permit.Previous = null;
        Count--;
    }

    private IEnumerable<Checkpoint> Needed(Checkpoint[] limits) => limits.Where(limit => limit.UnitsOf(_key.Cost) > 0);

    private void DisclaimKey()
    {
        foreach (var claim in _keyClaims)
            claim.Constraint.Leave(claim);
        (ClaimedKey, _keyClaims) = (null, []);
    }

    private void Moved()
    {
        _pool?.Constraint.Moved(_pool);
        _via?.Constraint.Moved(_via);
        foreach (var claim in _claims)
            claim.Constraint.Moved(claim);
        foreach (var claim in _keyClaims)
            claim.Constraint.Moved(claim);
    }
}
