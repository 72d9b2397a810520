using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>Something that can hold a lane back: one limit, a hold, or a pool of keys. Lanes are parked at the one that holds them longest.</summary>
internal abstract class Constraint : IHeapItem
{
    /// <summary>A lower priority is passed over for at most this long per level, and at least 16 turns of the limit.</summary>
    private const long LeastAgeStep = 15 * Clock.Second;

    /// <summary>Made when the first lane is parked: most limits of many keys never hold anybody.</summary>
    private Bands? _bands;

    public int HeapIndex { get; set; } = -1;

    /// <summary>When it can serve its first lane; <see cref="LimitState.Never"/> if only an event can tell.</summary>
    public long WakeAt { get; set; } = LimitState.Never;

    /// <summary>Whether it stands in the list of those that became better.</summary>
    public bool IsDirty { get; set; }

    public int ParkedCount => _bands?.Count ?? 0;

    /// <summary>The smallest cost of a lane parked here since it was last empty: if one fails with no more than that, so do the others.</summary>
    public long SmallestCost => _bands?.SmallestCost ?? long.MaxValue;

    /// <summary>The lane whose turn it is: by level, then by tag. A lane passed over for its steps is moved up first.</summary>
    public Lane? First(long now)
    {
        if (_bands is null)
            return null;
        foreach (var band in _bands.ByLevel.AsSpan(1))
            if (band?.First is { } waiting && now >= DueOf(waiting))
                Promote(waiting, band);
        foreach (var band in _bands.ByLevel)
            if (band?.First is { } lane)
                return lane;
        return null;
    }

    /// <summary>What a user is told is holding a request.</summary>
    public abstract string Describe();

    /// <summary>The cost that decides whether the lane fits here.</summary>
    public abstract long CostOf(Lane lane);

    protected abstract long ServiceTime(Lane lane);

    /// <summary>Whether one lane's turn comes before another's: a total order, so that reservations can never wait for each other in a ring.</summary>
    public static bool IsBefore(Lane one, Lane other)
    {
        if (one.Level != other.Level)
            return one.Level < other.Level;
        return other.IsNew || one.Tag < other.Tag || (one.Tag == other.Tag && one.Order < other.Order);
    }

    /// <summary>Parks a lane with the tag its last grant left it, as far as that makes sense in the virtual time of this constraint.</summary>
    public void Park(Lane lane)
    {
        _bands ??= new Bands();
        // Start-time fair queueing: the virtual time is the tag last served here, or the least that waits if that is earlier.
        var served = _bands.Served[Band(lane)];
        var now = _bands.ByLevel[Band(lane)]?.First is { } first ? Math.Min(served, first.Tag) : served;
        var quantum = Math.Max(1, ServiceTime(lane) / lane.Gate.Weight);
        var tag = lane.IsNew ? Math.Max(now, Math.Min(lane.Finish, now + quantum)) : Math.Clamp(lane.Finish, now - quantum, now + quantum);
        (lane.Quantum, lane.IsNew) = (quantum, false);
        lane.Retag(tag);
        ParkBack(lane);
    }

    /// <summary>Parks a lane where it stood, its tag unchanged.</summary>
    public void ParkBack(Lane lane)
    {
        lane.ParkedAt = this;
        (_bands!.ByLevel[Band(lane)] ??= new IndexedHeap<Lane, ByTag>()).Add(lane);
        _bands.Count++;
        _bands.SmallestCost = Math.Min(_bands.SmallestCost, CostOf(lane));
    }

    public void Unpark(Lane lane)
    {
        _bands!.ByLevel[Band(lane)]!.Remove(lane);
        lane.ParkedAt = null;
        if (--_bands.Count == 0)
            _bands.SmallestCost = long.MaxValue;
    }

    public void Served(Lane lane) => _bands!.Served[Band(lane)] = lane.Tag;

    /// <summary>When its turn must come: one step after it began to wait for each level below the highest. So strict priority starves nobody.</summary>
    private static long DueOf(Lane lane) => lane.WaitingSince + (lane.Priority - RequestPriority.Critical) * Math.Max(LeastAgeStep, 16 * lane.Quantum);

    private void Promote(Lane lane, IndexedHeap<Lane, ByTag> from)
    {
        from.Remove(lane);
        lane.Level = RequestPriority.Critical;
        var band = _bands!.ByLevel[0] ??= new IndexedHeap<Lane, ByTag>();
        lane.Retag((band.First?.Tag ?? _bands.Served[0]) - 1);
        band.Add(lane);
    }

    private static int Band(Lane lane) => lane.Level - RequestPriority.Critical;

    private sealed class Bands
    {
        public readonly IndexedHeap<Lane, ByTag>?[] ByLevel = new IndexedHeap<Lane, ByTag>?[5];

        /// <summary>The tag of the last lane granted here, by level.</summary>
        public readonly long[] Served = new long[5];

        public int Count;

        public long SmallestCost = long.MaxValue;
    }

    private readonly struct ByTag : IComparer<Lane>
    {
        public int Compare(Lane? x, Lane? y) => x!.Tag != y!.Tag ? x.Tag.CompareTo(y.Tag) : x.Order.CompareTo(y.Order);
    }
}

/// <summary>One limit, or the hold of a scope, with the lanes that wait for it.</summary>
internal sealed class Checkpoint(LimitState state, Scope scope) : Constraint
{
    /// <summary>Every lane that waits and needs this limit.</summary>
    private Claims? _claims;

    /// <summary>The arithmetic; another one takes over its past when the limit is changed.</summary>
    public LimitState State { get; set; } = state;

    public Scope Scope => scope;

    public string Unit => State.Limit.Unit;

    /// <summary>The cost of a lane alone; zero if this limit does not concern it.</summary>
    public long UnitsOf(Cost cost) => State.CountsAttempts ? 1 : cost.In(Unit);

    public override long CostOf(Lane lane) => UnitsOf(lane.Cost) is var units and > 0 ? units + lane.Gate.ReserveOf(this, lane.Priority, units) : 0;

    /// <summary>Whether taking a cost now would delay the lane whose turn comes first among all that need this limit, wherever they are parked.</summary>
    public bool IsReservedAgainst(Lane lane, long cost, long now)
    {
        if (_claims?.First is not { } other || other == lane || !IsBefore(other, lane))
            return false;
        if (other.FreeAt != LimitState.Never)
            return !State.FitsAt(Math.Max(other.FreeAt, now), CostOf(other), now, cost);
        // It goes at an event nobody can foresee: where it waits nobody passes it, elsewhere nothing is kept idle for it.
        return other.ParkedAt == this && !State.FitsAt(now, CostOf(other), now, cost);
    }

    public void Claim(Lane lane) => (_claims ??= new Claims()).Add(lane);

    public void Disclaim(Lane lane) => _claims!.Remove(lane);

    /// <summary>A lane that claims this has another tag.</summary>
    public void Reclaim(Lane lane) => _claims!.Update(lane);

    public override string Describe() => State switch
    {
        HoldState => $"a pause the server asked for ({scope.Name})",
        ConcurrencyCap cap => $"at most {cap.Now} at once ({scope.Name})",
        _ => $"{State.Limit} ({scope.Name})",
    };

    protected override long ServiceTime(Lane lane) => State.ServiceTime(UnitsOf(lane.Cost));
}
