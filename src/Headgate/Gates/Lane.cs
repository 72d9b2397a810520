using Headgate.Keys;

namespace Headgate.Gates;

/// <summary>What makes waiters alike: whoever is first of them decides when the lane is looked at.</summary>
internal readonly record struct LaneKey(Cost Cost, RequestPriority Priority, string? Tenant, PoolKey? Sticky);

/// <summary>Waiters of one gate that need the same: same cost, priority, tenant and, if it matters, key. First come first served. Owned by the lock of its dispatcher.</summary>
internal sealed class Lane(Gate gate, LaneKey key, long order) : IHeapItem
{
    public int HeapIndex { get; set; } = -1;

    public Gate Gate => gate;

    public LaneKey Key => key;

    public Cost Cost => key.Cost;

    public RequestPriority Priority => key.Priority;

    /// <summary>Its priority, or the highest once it was passed over for too long; its priority again after a grant.</summary>
    public RequestPriority Level { get; set; } = key.Priority;

    /// <summary>Breaks ties between equal tags: the older lane first.</summary>
    public long Order => order;

    public Permit? First { get; private set; }

    public Permit? Last { get; private set; }

    public int Count { get; private set; }

    /// <summary>S of start-time fair queueing, in nanoseconds of service at the constraint it is parked at.</summary>
    public long Tag { get; private set; }

    /// <summary>Counts the changes of <see cref="Tag"/> and <see cref="Level"/>.</summary>
    public long Version { get; private set; }

    /// <summary>F: where its next tag begins.</summary>
    public long Finish { get; set; } = long.MinValue / 2;

    /// <summary>What one grant moves its tag by.</summary>
    public long Quantum { get; set; }

    /// <summary>It has not been parked since it was last empty: it gets no credit for the time it was not there.</summary>
    public bool IsNew { get; set; } = true;

    public long LastGrant { get; set; } = long.MinValue / 2;

    public Constraint? ParkedAt { get; set; }

    /// <summary>When it could go, as last computed.</summary>
    public long FreeAt { get; set; }

    /// <summary>What holds it longest, as last computed.</summary>
    public Constraint? HeldBy { get; set; }

    /// <summary>The key it could go with, as last computed.</summary>
    public PoolKey? GoesWith { get; set; }

    /// <summary>The limits it has claimed for as long as it waits: the first in turn has its units reserved.</summary>
    private Checkpoint[] _claimed = [];
    private PoolKey? _claimedKey;

    /// <summary>Since when its first waiter is the first and waits.</summary>
    public long WaitingSince => Math.Max(First?.EnqueuedAt ?? long.MaxValue / 2, LastGrant);

    public void Retag(long tag)
    {
        Tag = tag;
        Version++;
        foreach (var checkpoint in _claimed)
            checkpoint.Reclaim(this);
        foreach (var checkpoint in _claimedKey?.Scope.Checkpoints ?? [])
            checkpoint.Reclaim(this);
    }

    /// <summary>It waits: its turn is known wherever it needs something.</summary>
    public void Claim(long now)
    {
        if (_claimed.Length == 0)
        {
            _claimed = Array.FindAll(gate.Checkpoints, checkpoint => checkpoint.CostOf(this) > 0);
            foreach (var checkpoint in _claimed)
                checkpoint.Claim(this);
        }
        // A cost of one request needs no particular key: whichever comes free first is its.
        if (gate.Keys is not { } keys || Cost.IsOne || _claimedKey is not null)
            return;
        _claimedKey = keys.Soonest(this, now).Key;
        foreach (var checkpoint in _claimedKey?.Scope.Checkpoints ?? [])
            checkpoint.Claim(this);
    }

    /// <summary>It was granted the key, or waits no more.</summary>
    public void DisclaimKey()
    {
        foreach (var checkpoint in _claimedKey?.Scope.Checkpoints ?? [])
            checkpoint.Disclaim(this);
        _claimedKey = null;
    }

    public void Disclaim()
    {
        DisclaimKey();
        foreach (var checkpoint in _claimed)
            checkpoint.Disclaim(this);
        _claimed = [];
    }

    public void Add(Permit permit)
    {
        permit.Previous = Last;
        if (Last is null)
            First = permit;
        else
            Last.Next = permit;
        Last = permit;
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
}
