using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>Something that can hold a lane back: one limit, a hold, or a pool of keys. Lanes are parked at the one that holds them longest.</summary>
internal abstract class Constraint
{
    /// <summary>A lower priority is passed over for at most this long per level, and at least 16 turns of the limit.</summary>
    private const long LeastAgeStep = 15 * Clock.Second;

    /// <summary>So that tags never overflow, whatever a limit says: 400 days.</summary>
    private const long LongestTurn = 400 * 86_400 * Clock.Second;

    /// <summary>Its place among those that wake by time; -1 while only an event can tell.</summary>
    public int Place = -1;

    /// <summary>Made when the first lane waits: most limits of many keys never hold anybody.</summary>
    private Waiters? _waiters;

    /// <summary>When it can serve its first lane; <see cref="LimitState.Never"/> if only an event can tell.</summary>
    public long WakeAt { get; set; } = LimitState.Never;

    /// <summary>Whether it is to be served: it became better, or its time has come.</summary>
    public bool IsListed { get; set; }

    /// <summary>How many it has held back who were let go, or given up, since.</summary>
    public long Held { get; set; }

    public int ParkedCount => _waiters?.ParkedCount ?? 0;

    /// <summary>The fewest units that the first waiter of a lane parked here needs, since it was last empty.</summary>
    protected long FewestUnits => _waiters?.FewestUnits ?? long.MaxValue;

    /// <summary>The first lane that was found held here while others behind it are tried; its units stay reserved.</summary>
    public Lane? Passed { get; set; }

    /// <summary>The lane held here whose turn comes first.</summary>
    public Lane? Front => Passed ?? FirstParked();

    /// <summary>The claim whose turn comes first, wherever its lane is held.</summary>
    public Claim? FirstClaim => _waiters?.Claims.First;

    /// <summary>What a user is told is holding a request.</summary>
    public abstract string Describe();

    /// <summary>Whether those parked behind a lane that is held here are held at least as long, needing no less.</summary>
    public abstract bool HoldsAllBehind(Lane lane);

    /// <summary>What the first waiter of a lane takes here.</summary>
    protected abstract long UnitsFor(Lane lane);

    /// <summary>What a cost uses of the throughput here, in nanoseconds of it.</summary>
    protected abstract long ServiceTime(Cost cost);

    /// <summary>A lane begins to wait: it gets no credit for the time it was not there.</summary>
    public virtual void Enter(Claim claim)
    {
        if (claim.IsStanding)
            return;
        _waiters ??= new Waiters();
        if (!claim.FollowsPool)
            claim.Tag = Math.Max(claim.Tag, _waiters.Served[LevelOf(claim.Lane)]);
        _waiters.Claims.Add(claim);
    }

    public void Leave(Claim claim)
    {
        if (claim.IsStanding)
            _waiters!.Claims.Remove(claim);
    }

    /// <summary>A lane has had its turn: start-time fair queueing moves it back by what it used. Where nobody else waits there is nobody to be fair to.</summary>
    public void Charge(Claim claim, Cost cost)
    {
        if (claim.FollowsPool || _waiters is null || _waiters.Claims.Count <= (claim.IsStanding ? 1 : 0))
            return;
        ref var served = ref _waiters.Served[LevelOf(claim.Lane)];
        served = Math.Max(served, claim.Tag);
        var turn = TurnOf(claim.Lane, cost);
        // What it could not take while something else held it is no credit here, nor is the time it did not wait.
        claim.Tag = Math.Max(claim.Tag, claim.IsStanding ? served - turn : served) + turn;
    }

    /// <summary>The order of a claim has changed.</summary>
    public void Moved(Claim claim)
    {
        if (claim.IsStanding)
            _waiters!.Claims.Update(claim);
    }

    /// <summary>A lane is on another level now, which has a virtual time of its own.</summary>
    public void Relevel(Claim claim)
    {
        if (!claim.FollowsPool)
            claim.Tag = _waiters?.Served[LevelOf(claim.Lane)] ?? claim.Tag;
    }

    public void Park(Lane lane, Claim claim)
    {
        lane.Parked = claim;
        (_waiters!.Parked[LevelOf(lane)] ??= new IndexedHeap<Lane, ByTurnHere>()).Add(lane);
        _waiters.ParkedCount++;
        _waiters.FewestUnits = Math.Min(_waiters.FewestUnits, UnitsFor(lane));
    }

    public void Unpark(Lane lane)
    {
        _waiters!.Parked[LevelOf(lane)]!.Remove(lane);
        lane.Parked = null;
        if (--_waiters.ParkedCount == 0)
            _waiters.FewestUnits = long.MaxValue;
    }

    /// <summary>A lane parked here has gone.</summary>
    public void Served(Lane lane)
    {
        if (_waiters is not null)
            _waiters.AgedWasServed = lane.Level != lane.Priority;
    }

    /// <summary>The lane parked here whose turn comes first.</summary>
    public Lane? FirstParked()
    {
        if (ParkedCount == 0)
            return null;
        foreach (var lanes in _waiters!.Parked)
            if (lanes?.First is { } lane)
                return lane;
        return null;
    }

    /// <summary>
    /// Moves a lane up that has waited one step for each level below the highest, so that strict priority starves nobody, and says which: one lane
    /// at a time, and never two turns in a row, so that many who have waited long do not starve what is urgent.
    /// </summary>
    public Lane? Age(long now)
    {
        if (ParkedCount == 0 || _waiters!.AgedWasServed || _waiters.Parked[0]?.First is { Priority: not RequestPriority.Critical })
            return null;
        Lane? longest = null;
        foreach (var lanes in _waiters.Parked.AsSpan(1))
            if (lanes?.First is { } waiting && IsDue(waiting, now) && (longest is null || waiting.WaitingSince < longest.WaitingSince))
                longest = waiting;
        if (longest is null)
            return null;
        var claim = longest.Parked!;
        Unpark(longest);
        longest.MoveTo(RequestPriority.Critical);
        if (FirstParked() is { Level: RequestPriority.Critical } first)
            claim.Tag = Math.Min(claim.Tag, first.Parked!.Tag - 1);
        Moved(claim);
        Park(longest, claim);
        return longest;
    }

    private bool IsDue(Lane lane, long now)
    {
        var (waited, steps) = (now - lane.WaitingSince, lane.Priority - RequestPriority.Critical);
        return waited >= steps * LeastAgeStep && waited >= steps * 16 * TurnOf(lane, lane.First!.Cost);
    }

    private long TurnOf(Lane lane, Cost cost) => Math.Clamp(ServiceTime(cost) / lane.Gate.Weight, 1, LongestTurn);

    private static int LevelOf(Lane lane) => lane.Level - RequestPriority.Critical;

    private sealed class Waiters
    {
        /// <summary>Every lane that waits and needs this, wherever it is parked.</summary>
        public readonly IndexedHeap<Claim, ByTurn> Claims = new();

        /// <summary>The lanes parked here, by level.</summary>
        public readonly IndexedHeap<Lane, ByTurnHere>?[] Parked = new IndexedHeap<Lane, ByTurnHere>?[5];

        /// <summary>The virtual time of each level: the greatest tag that had its turn.</summary>
        public readonly long[] Served = new long[5];

        public int ParkedCount;

        public long FewestUnits = long.MaxValue;

        /// <summary>The last turn went to a lane that had been moved up.</summary>
        public bool AgedWasServed;
    }
}
