using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>Where lanes are parked, and which constraints are to be served, and when: those that became better, and those whose time has come. Owned by the lock of its dispatcher.</summary>
internal sealed class Agenda
{
    private readonly IndexedHeap<Constraint, ByWake> _wakes = new();

    /// <summary>Became better and were not put in order yet.</summary>
    private readonly List<Constraint> _better = [];

    /// <summary>To be served now, whoever's turn comes first first.</summary>
    private readonly PriorityQueue<Constraint, (RequestPriority Level, long Tag, long Order)> _ready = new();

    /// <summary>When the next will be due; never if only an event can tell.</summary>
    public long NextWake => _wakes.First?.WakeAt ?? LimitState.Never;

    /// <summary>Whether something is to be served now.</summary>
    public bool IsBusy => _better.Count > 0 || _ready.Count > 0;

    /// <summary>A constraint may let somebody go sooner than was computed.</summary>
    public void Better(Constraint constraint)
    {
        // Of those being tried this very moment none is parked.
        if (constraint.IsListed || (constraint.ParkedCount == 0 && constraint.Passed is null))
            return;
        constraint.IsListed = true;
        _better.Add(constraint);
    }

    public void Better(Checkpoint[] limits)
    {
        foreach (var limit in limits)
            Better(limit);
    }

    /// <summary>A constraint is to be served at a time at the latest.</summary>
    public void WakeBy(Constraint constraint, long at)
    {
        if (at >= constraint.WakeAt)
            return;
        constraint.WakeAt = at;
        if (constraint.Place < 0)
            _wakes.Add(constraint);
        else
            _wakes.Update(constraint);
    }

    /// <summary>Nobody waits at a constraint any more.</summary>
    public void Forget(Constraint constraint)
    {
        constraint.WakeAt = LimitState.Never;
        if (constraint.Place >= 0)
            _wakes.Remove(constraint);
    }

    /// <summary>The next to be served now, or null.</summary>
    public Constraint? Next(long now)
    {
        while (_wakes.First is { } due && due.WakeAt <= now)
        {
            Forget(due);
            Better(due);
        }
        // More become better on the way: whom age moves up may let others be looked at.
        for (var index = 0; index < _better.Count; index++)
            PutInOrder(_better[index], now);
        _better.Clear();
        if (!_ready.TryDequeue(out var next, out _))
            return null;
        next.IsListed = false;
        return next;
    }

    /// <summary>A lane has had its turn or has gone: those whom its claim kept back are looked at again.</summary>
    public void BetterAround(Lane lane, Cost cost, PoolKey? claimed)
    {
        foreach (var claim in lane.Claims)
            Better(claim.Constraint);
        if (lane.Pool is { } pool && (lane.HoldsKey || !cost.IsOne))
            Better(pool.Constraint);
        if (claimed is not null)
            Better(claimed.Scope.Checkpoints);
    }

    /// <summary>Parks a lane at what holds its first waiter longest, to be looked at again when that may be over.</summary>
    public void ParkWhereHeld(Lane lane, long now)
    {
        Park(lane, lane.HeldBy!);
        if (lane.LookAt > now)
            WakeBy(lane.HeldBy!.Constraint, lane.LookAt);
    }

    public void Park(Lane lane, Claim claim)
    {
        Claim(lane);
        claim.Constraint.Park(lane, claim);
    }

    /// <summary>A lane waits: its turn is known everywhere, and those for whom that makes a difference are looked at again.</summary>
    public void Claim(Lane lane)
    {
        var (before, isNew) = (lane.ClaimedKey, !lane.IsClaiming);
        lane.Claim();
        if (isNew || before != lane.ClaimedKey)
            TurnChanged(lane);
        if (before is null || before == lane.ClaimedKey)
            return;
        Better(lane.Pool!.Constraint);
        Better(before.Scope.Checkpoints);
    }

    /// <summary>The next lane to try at a constraint, after one that was passed over for its steps has been moved up, here and wherever else it needs something.</summary>
    public Lane? FirstAt(Constraint constraint, long now)
    {
        if (constraint.Age(now) is { } raised)
            TurnChanged(raised);
        return constraint.FirstParked();
    }

    public void Unpark(Lane lane)
    {
        if (lane.Parked?.Constraint is not { } constraint)
            return;
        constraint.Unpark(lane);
        if (constraint.ParkedCount == 0)
            Forget(constraint);
        else
            Better(constraint);
    }

    /// <summary>A lane may come first now, where another did: those whom the claim of that one kept back are looked at again.</summary>
    private void TurnChanged(Lane lane)
    {
        foreach (var claim in lane.Claims)
            BetterIfFirst(claim.Constraint, lane);
        // Those who may use any key wait at the pool, and those who keep to one at its limits.
        if (lane.HoldsKey)
            Better(lane.Pool!.Constraint);
        if (lane.ClaimedKey is { } key)
            foreach (var limit in key.Scope.Checkpoints)
                BetterIfFirst(limit, lane);
    }

    /// <summary>Only for the first in turn units are reserved: who comes before the one for whom they were so far may let others pass.</summary>
    private void BetterIfFirst(Constraint constraint, Lane lane)
    {
        if (constraint.FirstClaim?.Lane == lane)
            Better(constraint);
    }

    // One that nobody waits at any more is not listed: else it would never be listed again.
    private void PutInOrder(Constraint constraint, long now)
    {
        var first = FirstAt(constraint, now);
        constraint.IsListed = first is not null;
        if (first is not null)
            _ready.Enqueue(constraint, (first.Level, first.Parked!.Tag, first.Order));
    }

    private readonly struct ByWake : IHeapOrder<Constraint>
    {
        public static ref int PlaceOf(Constraint item) => ref item.Place;

        public int Compare(Constraint? x, Constraint? y) => x!.WakeAt.CompareTo(y!.WakeAt);
    }
}
