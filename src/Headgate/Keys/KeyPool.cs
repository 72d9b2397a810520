using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.Keys;

/// <summary>One key of a pool: its name, its value (never shown), and the limits that are its own. Owned by the lock of its dispatcher.</summary>
internal sealed class PoolKey(KeySecret secret, Scope scope) : IHeapItem
{
    public int HeapIndex { get; set; } = -1;

    public string Name => secret.Name;

    /// <summary>The value. Goes into the request and nowhere else.</summary>
    public KeySecret Secret => secret;

    public Scope Scope => scope;

    /// <summary>Why it is not used any more, or null.</summary>
    public string? DeadReason { get; set; }

    /// <summary>When it could take one more request, as last looked at; the least value if at once.</summary>
    public long ReadyAt { get; set; } = long.MinValue;

    /// <summary>How much of its limits was left, as last looked at, in parts of 2^20.</summary>
    public long Left { get; set; } = long.MaxValue;

    public override string ToString() => secret.Name;
}

/// <summary>
/// Keys to choose from at the grant: the one free soonest; of several that are free, the one with most quota left. O(log n) for a cost of one request.
/// Owned by the lock of its dispatcher.
/// </summary>
internal sealed class KeyPool : Constraint
{
    private readonly string _name;
    private readonly List<PoolKey> _keys;
    private readonly IndexedHeap<PoolKey, BySoonest> _alive = new();

    public KeyPool(string name, IEnumerable<PoolKey> keys)
    {
        (_name, _keys) = (name, [.. keys]);
        foreach (var key in _keys)
            _alive.Add(key);
    }

    public IReadOnlyList<PoolKey> Keys => _keys;

    public IReadOnlyList<PoolKey> Alive => [.. _alive.Items];

    public bool AllDead => _alive.Count == 0;

    /// <summary>Why no key is left, for the one who is told so.</summary>
    public string WhyDead() => $"all {_keys.Count} keys of {_name} are dead: {string.Join("; ", _keys.Where(key => key.DeadReason is not null).Take(5).Select(key => $"{key.Name}: {key.DeadReason}"))}";

    public override string Describe() => _alive.Count == 1 ? $"{_alive.First!.Scope.Limits.FirstOrDefault()} ({_alive.First!.Scope.Name})" : $"all {_alive.Count} keys of {_name} are at their limits";

    public override long CostOf(Lane lane) => lane.Cost.Requests;

    /// <summary>The key that could serve a lane soonest, and when; null when none is alive.</summary>
    public (PoolKey? Key, long At) Soonest(Lane lane, long now)
    {
        if (lane.Key.Sticky is { } sticky)
            return sticky.DeadReason is null ? (sticky, FreeAt(sticky, lane, now)) : (null, LimitState.Never);
        if (_alive.Count == 0)
            return (null, LimitState.Never);
        if (lane.Cost.IsOne)
        {
            var key = Freshest(now);
            var at = FreeAt(key, lane, now);
            if (at <= Math.Max(now, key.ReadyAt))
                return (key, at);
        }
        // Another cost than one request, or units reserved for somebody else: the heap's order does not tell.
        PoolKey? best = null;
        var soonest = LimitState.Never;
        foreach (var key in _alive.Items)
            if (FreeAt(key, lane, now) is var at && (best is null || at < soonest || (at == soonest && key.Left > best.Left)))
                (best, soonest) = (key, at);
        return (best, soonest);
    }

    /// <summary>A key was used, answered, held or let go: its place among the others may have changed.</summary>
    public void Touch(PoolKey key, long now)
    {
        if (key.HeapIndex < 0)
            return;
        Look(key, now);
        _alive.Update(key);
    }

    public void Kill(PoolKey key, string reason)
    {
        key.DeadReason = reason;
        if (key.HeapIndex >= 0)
            _alive.Remove(key);
    }

    protected override long ServiceTime(Lane lane)
    {
        long most = 0;
        foreach (var checkpoint in _keys[0].Scope.Checkpoints)
            if (!checkpoint.State.CountsAttempts)
                most = Math.Max(most, checkpoint.State.ServiceTime(checkpoint.UnitsOf(lane.Cost)));
        return most / Math.Max(1, _alive.Count);
    }

    private PoolKey Freshest(long now)
    {
        // Time may have opened the first of those that were not free; once looked at it finds its place again.
        while (true)
        {
            var first = _alive.First!;
            var (at, left) = (first.ReadyAt, first.Left);
            Look(first, now);
            _alive.Update(first);
            if (_alive.First == first || (first.ReadyAt == at && first.Left == left))
                return _alive.First!;
        }
    }

    private static void Look(PoolKey key, long now)
    {
        var (at, left) = (long.MinValue, long.MaxValue);
        foreach (var checkpoint in key.Scope.Checkpoints)
        {
            var free = checkpoint.State.FreeAt(1, now);
            if (free > now)
                at = Math.Max(at, free);
            if (!checkpoint.State.CountsAttempts)
                left = Math.Min(left, (long)((Int128)checkpoint.State.Available(now) * (1 << 20) / checkpoint.State.Limit.Amount));
        }
        (key.ReadyAt, key.Left) = (at, left);
    }

    private static long FreeAt(PoolKey key, Lane lane, long now)
    {
        var at = now;
        foreach (var checkpoint in key.Scope.Checkpoints)
        {
            var cost = checkpoint.CostOf(lane);
            if (cost == 0)
                continue;
            at = Math.Max(at, checkpoint.State.FreeAt(cost, now));
            if (checkpoint.IsReservedAgainst(lane, cost, now))
                at = LimitState.Never;
        }
        return at;
    }

    private readonly struct BySoonest : IComparer<PoolKey>
    {
        public int Compare(PoolKey? x, PoolKey? y) => x!.ReadyAt != y!.ReadyAt ? x.ReadyAt.CompareTo(y.ReadyAt) : y.Left.CompareTo(x.Left);
    }
}
