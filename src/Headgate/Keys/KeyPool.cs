using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.Keys;

/// <summary>One key of a pool: its name, its value (never shown), and the limits that are its own. Owned by the lock of its dispatcher.</summary>
internal sealed class PoolKey(KeySecret secret, Scope scope, int weight = 1)
{
    /// <summary>Its place among those that are free, or free later; -1 once it is dead.</summary>
    public int Place = -1;

    public string Name => secret.Name;

    /// <summary>The value. Goes into the request and nowhere else.</summary>
    public KeySecret Secret => secret;

    public Scope Scope => scope;

    /// <summary>Why it is not used any more, or null.</summary>
    public string? DeadReason { get; set; }

    /// <summary>When it could take one more request, as last looked at; the least value if at once.</summary>
    public long ReadyAt { get; private set; } = long.MinValue;

    /// <summary>Which of its limits, or the pause of it, says so.</summary>
    public Checkpoint HeldBy { get; private set; } = scope.Checkpoints[0];

    /// <summary>How much of its limits was left, as last looked at, in parts of 2^20.</summary>
    public long Left { get; private set; } = long.MaxValue;

    /// <summary>Its part of the work against the others.</summary>
    public int Weight { get; set; } = weight;

    /// <summary>The limits that were declared for it.</summary>
    public ValueList<Limit> Declared { get; set; } = [];

    /// <summary>Those of them that are its own; null where it has those of all keys.</summary>
    public ValueList<Limit>? OwnLimits { get; set; }

    /// <summary>Its source gives it no more; it may come back.</summary>
    public bool IsRetired { get; set; }

    /// <summary>How often it was taken.</summary>
    public long Taken { get; set; }

    /// <summary>Whether it stands among those that are free later.</summary>
    public bool IsLater { get; set; }

    /// <summary>Looks at it anew: time gives back, grants and holds take away.</summary>
    public void Look(long now)
    {
        (ReadyAt, Left) = (long.MinValue, long.MaxValue);
        foreach (var checkpoint in scope.Checkpoints)
        {
            var state = checkpoint.State;
            if (state.FreeAt(1, now) is var free && free > now && free > ReadyAt)
                (ReadyAt, HeldBy) = (free, checkpoint);
            if (!state.CountsAttempts)
                Left = Math.Min(Left, (long)((Int128)state.Available(now) * (1 << 20) / state.Limit.Amount));
        }
    }

    public override string ToString() => secret.Name;
}

/// <summary>
/// Keys to choose from at the grant: the one free soonest; of several that are free, the one with most quota left. O(log n) for a cost of one request,
/// and for any cost while the key with most left is free for it; else every key is looked at. Owned by the lock of its dispatcher.
/// </summary>
internal sealed class KeyPool : Constraint
{
    /// <summary>So many keys are looked at anew at each choice, since what is left of a key grows while nobody uses it.</summary>
    private const int LooksPerChoice = 3;

    private readonly string _name;

    /// <summary>Replaced whole when keys come or go, so that it can be read without the lock.</summary>
    private volatile PoolKey[] _keys;

    /// <summary>Alive, and free for one request when last looked at.</summary>
    private readonly IndexedHeap<PoolKey, ByMostLeft> _ready = new();

    /// <summary>Alive, and free for one request later.</summary>
    private readonly IndexedHeap<PoolKey, BySoonest> _later = new();

    private int _next;

    public KeyPool(string name, IEnumerable<PoolKey> keys)
    {
        (_name, _keys) = (name, [.. keys]);
        foreach (var key in _keys)
            _ready.Add(key);
    }

    public IReadOnlyList<PoolKey> Keys => _keys;

    public int AliveCount => _ready.Count + _later.Count;

    public bool AllDead => AliveCount == 0;

    /// <summary>Why no key is left, for the one who is told so.</summary>
    public string WhyDead() => _keys.Length == 0 ? $"{_name} has no keys"
        : $"{(_keys.Length == 1 ? $"the only key of {_name} is dead" : $"all {_keys.Length} keys of {_name} are dead")}: {string.Join("; ", _keys.Where(key => key.DeadReason is not null).Take(5).Select(key => $"{key.Name}: {key.DeadReason}"))}";

    /// <summary>What holds the key that is free soonest; null without any.</summary>
    public Checkpoint? HeldBy => (_ready.First ?? _later.First)?.HeldBy;

    /// <summary>The key that a tenant keeps to: the same one for as long as the same are alive; null when none is. Thread-safe.</summary>
    public PoolKey? Of(string? tenant)
    {
        // Read once: they may be changed at any time, and a key can die between the two looks at it.
        var keys = _keys;
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
        for (var index = 0; index < keys.Length && left >= 0; index++)
            if (keys[index].DeadReason is null)
                (last, left) = (keys[index], left - 1);
        return last;
    }

    public override string Describe() => AliveCount == 1 && (_ready.First ?? _later.First) is { } only
        ? only.HeldBy.Describe()
        : $"the limits of all {AliveCount} keys of {_name}";

    // Of other costs than one request one may fit another key than the next.
    public override bool HoldsAllBehind(Lane lane) => lane.First!.Cost.IsOne;

    /// <summary>The key that could serve a cost soonest, and when; null when none is alive.</summary>
    public (PoolKey? Key, long At) Soonest(Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        if (Freshest(now) is not { } first)
            return (null, LimitState.Never);
        var at = FreeAt(first, turn, cost, now, overtakes, ref retry);
        if (at <= now || (cost.IsOne && at <= first.ReadyAt))
            return (first, at);
        // Another cost than one request, or units reserved for somebody else: the order of the heaps does not tell.
        (PoolKey? Key, long At) best = (null, LimitState.Never);
        for (var index = 0; index < AliveCount; index++)
        {
            var key = index < _ready.Count ? _ready.Items[index] : _later.Items[index - _ready.Count];
            at = FreeAt(key, turn, cost, now, overtakes, ref retry);
            if (best.Key is null || at < best.At || (at == best.At && key.Left > best.Key.Left))
                best = (key, at);
        }
        return best;
    }

    /// <summary>A key was used, answered, held or let go: its place among the others may have changed.</summary>
    public void Touch(PoolKey key, long now)
    {
        if (key.DeadReason is not null)
            return;
        key.Look(now);
        PutInPlace(key, now);
    }

    /// <summary>A key is used from now on: a new one, or one that was retired.</summary>
    /// <returns>Keys that were retired and of which nothing counts any more: the pool knows them no longer.</returns>
    public IReadOnlyList<PoolKey> Add(PoolKey key, long now, Func<PoolKey, bool>? isUsed = null)
    {
        PoolKey[] gone = _keys.Contains(key) ? [] : [.. _keys.Where(before => before.IsRetired && before.Scope.IsIdle(now) && isUsed?.Invoke(before) != true)];
        if (!_keys.Contains(key))
            _keys = [.. _keys.Except(gone), key];
        if (key.Place >= 0)
            return gone;
        (key.DeadReason, key.IsRetired) = (null, false);
        key.Look(now);
        key.IsLater = key.ReadyAt > now;
        if (key.IsLater)
            _later.Add(key);
        else
            _ready.Add(key);
        return gone;
    }

    /// <summary>A key is not given any more. While another is left nobody hears of it who waits.</summary>
    public void Retire(PoolKey key)
    {
        Kill(key, "its source gives it no more");
        key.IsRetired = true;
    }

    public void Kill(PoolKey key, string reason)
    {
        if (key.DeadReason is not null)
            return;
        key.DeadReason = reason;
        Remove(key);
    }

    /// <summary>Whether some key could ever serve a cost, and if none, which limit of one says so.</summary>
    public Checkpoint? TooCostly(Cost cost)
    {
        Checkpoint? first = null;
        foreach (var key in _keys)
        {
            if (key.DeadReason is not null)
                continue;
            if (key.Scope.TooCostly(cost) is not { } limit)
                return null;
            first ??= limit;
        }
        return first;
    }

    protected override long UnitsFor(Lane lane) => 1;

    protected override long ServiceTime(Cost cost)
    {
        if ((_ready.First ?? _later.First) is not { } any)
            return 0;
        long most = 0;
        foreach (var checkpoint in any.Scope.Checkpoints)
            if (!checkpoint.State.CountsAttempts)
                most = Math.Max(most, checkpoint.State.ServiceTime(checkpoint.UnitsOf(cost)));
        return most / AliveCount;
    }

    /// <summary>The key free for one request now with most left, else the one free soonest.</summary>
    private PoolKey? Freshest(long now)
    {
        while (_later.First is { } due && due.ReadyAt <= now)
            Touch(due, now);
        for (var looks = Math.Min(LooksPerChoice, _keys.Length); looks > 0; looks--)
        {
            _next = (_next + 1) % _keys.Length;
            Touch(_keys[_next], now);
        }
        return _ready.First ?? _later.First;
    }

    private void PutInPlace(PoolKey key, long now)
    {
        var isLater = key.ReadyAt > now;
        if (isLater == key.IsLater)
        {
            if (isLater)
                _later.Update(key);
            else
                _ready.Update(key);
            return;
        }
        Remove(key);
        key.IsLater = isLater;
        if (isLater)
            _later.Add(key);
        else
            _ready.Add(key);
    }

    private void Remove(PoolKey key)
    {
        if (key.IsLater)
            _later.Remove(key);
        else
            _ready.Remove(key);
    }

    private static long FreeAt(PoolKey key, Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        var at = now;
        foreach (var checkpoint in key.Scope.Checkpoints)
            at = Math.Max(at, Passage.FreeAt(checkpoint, turn, cost, now, overtakes, ref retry));
        return at;
    }

    private readonly struct ByMostLeft : IHeapOrder<PoolKey>
    {
        public static ref int PlaceOf(PoolKey item) => ref item.Place;

        // Where as much is left of both, or nothing limits them, the one that had less than its part of the work.
        public int Compare(PoolKey? x, PoolKey? y) => y!.Left != x!.Left ? y.Left.CompareTo(x.Left) : (x.Taken * y.Weight).CompareTo(y.Taken * x.Weight);
    }

    private readonly struct BySoonest : IHeapOrder<PoolKey>
    {
        public static ref int PlaceOf(PoolKey item) => ref item.Place;

        public int Compare(PoolKey? x, PoolKey? y) => x!.ReadyAt.CompareTo(y!.ReadyAt);
    }
}
