using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>
/// Who goes next, and when. No lock, timer or task inside: the time is an argument, grants and refusals are handed out as lists.
/// </summary>
/// <remarks>
/// <para>A lane is looked at only by its first waiter. If all its limits and a key are open it takes them all; otherwise it is parked at the
/// one constraint that holds it longest, and looked at again only when the time of that constraint comes or it becomes better (an answer,
/// a return, an end, a change). A constraint getting worse is found out at the wake-up, so none is missed, and work per grant is O(log n).</para>
/// <para>The first lane in turn that needs a constraint has its units reserved there at the time it will go; others pass it only if
/// that time stays unchanged (back-filling). So a costly request, or one of many limits, neither starves nor blocks.</para>
/// </remarks>
internal sealed class Scheduler
{
    /// <summary>How many lanes behind one that cannot go yet are tried for back-filling at one wake-up.</summary>
    private const int BackFill = 8;

    private static readonly LaneKey Usual = new(Cost.One, RequestPriority.Medium, null, null);

    private readonly IndexedHeap<Constraint, ByWake> _wakes = new();
    private readonly List<Constraint> _dirty = [];
    private readonly PriorityQueue<Permit, long> _expiries = new();
    private readonly PriorityQueue<Constraint, (RequestPriority Level, long Tag, long Order)> _ready = new();
    private readonly List<Lane> _passed = [];
    private long _order;

    /// <summary>Granted or refused since last taken, to be told outside the lock.</summary>
    public List<Permit> Granted { get; } = [];

    public List<(Permit Permit, RefusedException Why)> Refused { get; } = [];

    public int Waiting { get; private set; }

    /// <summary>When to run next, if nothing happens before.</summary>
    public long NextWake => Math.Min(_wakes.First?.WakeAt ?? LimitState.Never, _expiries.TryPeek(out _, out var expiry) ? expiry : LimitState.Never);

    /// <summary>Takes all limits at once without waiting, if nobody's turn comes first; null if that cannot be.</summary>
    public Permit? TryTake(Gate gate, LaneKey key, long now)
    {
        var lane = gate.LaneOf(key, ref _order);
        if (lane.Count > 0 || !CanGo(lane, now))
            return null;
        var permit = new Permit(lane, now, LimitState.Never);
        permit.Take(lane.GoesWith, now);
        return permit;
    }

    /// <summary>As <see cref="TryTake"/> for a limiter of which nothing has to be given back, so that no permit is made.</summary>
    public bool TryTakeForGood(Gate gate, LaneKey key, long now)
    {
        var lane = gate.LaneOf(key, ref _order);
        if (lane.Count > 0 || !CanGo(lane, now))
            return false;
        foreach (var checkpoint in gate.Checkpoints)
            if (checkpoint.UnitsOf(lane.Cost) is var units and > 0)
                checkpoint.State.TakeSent(units, now);
        return true;
    }

    /// <summary>Enters the queue, or goes at once. Refuses what could not go in time even if nobody were ahead and every answer came now.</summary>
    public Permit Enqueue(Gate gate, LaneKey key, long now, long expiresAt)
    {
        var lane = gate.LaneOf(key, ref _order);
        var permit = new Permit(lane, now, expiresAt);
        if (Admission.Refuse(lane, now, expiresAt) is { } why)
        {
            Refused.Add((permit, why));
            permit.State = PermitState.Refused;
            return permit;
        }
        lane.Add(permit);
        Waiting++;
        gate.Waiting++;
        if (lane.Count == 1)
            Look(lane, now);
        if (permit.State == PermitState.Waiting && expiresAt != LimitState.Never)
            _expiries.Enqueue(permit, expiresAt);
        return permit;
    }

    /// <summary>Leaves the queue, if it still waits; says whether it did.</summary>
    public bool Cancel(Permit permit)
    {
        if (permit.State != PermitState.Waiting)
            return false;
        permit.State = PermitState.Refused;
        Leave(permit);
        return true;
    }

    /// <summary>Everything whose time has come, and everything that became better: at one instant, whoever's turn comes first goes first.</summary>
    public void Run(long now)
    {
        Expire(now);
        while (true)
        {
            foreach (var better in _dirty)
                Ready(better, now);
            _dirty.Clear();
            while (_wakes.First is { } due && due.WakeAt <= now)
            {
                SetWake(due, LimitState.Never);
                Ready(due, now);
            }
            if (!_ready.TryDequeue(out var constraint, out _))
                return;
            if (Serve(constraint, now))
                Ready(constraint, now);
        }
    }

    /// <summary>The first byte leaves: from here it is known by when it arrives.</summary>
    public void Sent(Permit permit, long at)
    {
        permit.Send(at);
        BetterFor(permit, at);
    }

    public void Answered(Permit permit, long now)
    {
        permit.Answer(now);
        BetterFor(permit, now);
    }

    public void Ended(Permit permit, Cost? actual, long now)
    {
        permit.End(actual, now);
        BetterFor(permit, now);
    }

    public void Lost(Permit permit, long now)
    {
        permit.Lose(now);
        BetterFor(permit, now);
    }

    public void Return(Permit permit, long now)
    {
        permit.GiveBack();
        BetterFor(permit, now);
    }

    private void BetterFor(Permit permit, long now)
    {
        foreach (var checkpoint in permit.Taken)
            Better(checkpoint);
        if (permit.Key is not { } key)
            return;
        permit.Lane.Gate.Keys!.Touch(key, now);
        Better(permit.Lane.Gate.Keys);
    }

    /// <summary>A constraint may let somebody go sooner than was computed.</summary>
    public void Better(Constraint constraint)
    {
        if (constraint.IsDirty || constraint.ParkedCount == 0)
            return;
        constraint.IsDirty = true;
        _dirty.Add(constraint);
    }

    /// <summary>The limits of a gate have changed: everybody in it is looked at anew.</summary>
    public void Changed(Gate gate, long now)
    {
        gate.Refresh();
        foreach (var lane in gate.Lanes.ToList())
        {
            Unpark(lane);
            lane.Disclaim();
            if (lane.Count > 0)
                Look(lane, now);
        }
    }

    /// <summary>When a lane could go, were it next; what would hold it.</summary>
    public static (long At, Constraint? Holding) Forecast(Lane lane, long now)
    {
        CanGo(lane, now);
        return (lane.FreeAt, lane.HeldBy);
    }

    /// <summary>Refuses everybody who waits in a gate.</summary>
    public void RefuseAll(Gate gate, RefusedException why)
    {
        foreach (var lane in gate.Lanes.ToList())
            while (lane.First is { } permit)
                Refuse(permit, why);
    }

    private void Expire(long now)
    {
        while (_expiries.TryPeek(out var permit, out var expiry) && expiry <= now)
        {
            _expiries.Dequeue();
            if (permit.State == PermitState.Waiting)
                Refuse(permit, new RefusedException(RefusalReason.Expired, $"not sent in time: held by {permit.Lane.ParkedAt?.Describe() ?? "others ahead"}"));
        }
    }

    private void Refuse(Permit permit, RefusedException why)
    {
        permit.State = PermitState.Refused;
        Refused.Add((permit, why));
        Leave(permit);
    }

    private void Leave(Permit permit)
    {
        var lane = permit.Lane;
        lane.Remove(permit);
        Waiting--;
        lane.Gate.Waiting--;
        // The next one needs the same, so the lane keeps its place; an empty one leaves, and what was reserved for it is free.
        if (lane.Count > 0)
            return;
        Unpark(lane);
        Empty(lane);
    }

    private void Ready(Constraint constraint, long now)
    {
        if (constraint.First(now) is { } first)
            _ready.Enqueue(constraint, (first.Level, first.Tag, first.Order));
    }

    /// <summary>Lets the first lane of a constraint that can go do so; says whether the next is worth trying at once.</summary>
    private bool Serve(Constraint constraint, long now)
    {
        _passed.Clear();
        constraint.IsDirty = false;
        var (wake, goesOn) = (LimitState.Never, false);
        while (!goesOn && constraint.First(now) is { } lane)
        {
            constraint.Unpark(lane);
            if (Go(lane, now, constraint))
                goesOn = true;
            else if (lane.HeldBy != constraint)
                ParkAt(lane.HeldBy!, lane, now);
            else
            {
                _passed.Add(lane);
                wake = Math.Min(wake, lane.FreeAt);
                lane.Claim(now);
                // Whoever costs as much fares no better here.
                if (_passed.Count > BackFill || constraint.CostOf(lane) <= constraint.SmallestCost)
                    break;
            }
        }
        foreach (var lane in _passed)
            constraint.ParkBack(lane);
        if (wake < constraint.WakeAt)
            SetWake(constraint, wake);
        return goesOn;
    }

    /// <summary>Lets a lane go that is parked nowhere, and parks it again with its next waiter; false if it could not go at all.</summary>
    private bool Go(Lane lane, long now, Constraint? servedBy)
    {
        if (!CanGo(lane, now))
            return false;
        do
        {
            GrantFirst(lane, now, servedBy);
            if (lane.Count == 0)
            {
                Empty(lane);
                return true;
            }
            // Others wait too: its next waiter takes its turn among them.
            if (servedBy is not null && (servedBy.ParkedCount > 0 || _ready.Count > 0))
            {
                ParkAt(CanGo(lane, now) ? servedBy : lane.HeldBy!, lane, now);
                return true;
            }
        }
        while (CanGo(lane, now));
        ParkAt(lane.HeldBy!, lane, now);
        return true;
    }

    /// <summary>A lane that has a new first waiter and is parked nowhere.</summary>
    private void Look(Lane lane, long now)
    {
        if (!Go(lane, now, null))
            ParkAt(lane.HeldBy!, lane, now);
    }

    /// <summary>Whether the lane's first waiter could take everything now; notes with the lane what holds it longest and until when, or the key it goes with.</summary>
    private static bool CanGo(Lane lane, long now)
    {
        var at = now;
        (lane.HeldBy, lane.GoesWith) = (null, null);
        foreach (var checkpoint in lane.Gate.Checkpoints)
        {
            var cost = checkpoint.CostOf(lane);
            if (cost == 0)
                continue;
            var free = checkpoint.State.FreeAt(cost, now);
            if (free <= now && checkpoint.IsReservedAgainst(lane, cost, now))
                free = LimitState.Never;
            if (free > at)
                (lane.HeldBy, at) = (checkpoint, free);
        }
        if (lane.Gate.Keys is { } keys)
        {
            (lane.GoesWith, var free) = keys.Soonest(lane, now);
            if (free > at)
                (lane.HeldBy, at) = (keys, free);
        }
        lane.FreeAt = at;
        if (at > now && lane.First is { } waiter)
            waiter.HeldBy = lane.HeldBy;
        return at <= now;
    }

    private void ParkAt(Constraint constraint, Lane lane, long now)
    {
        constraint.Park(lane);
        lane.Claim(now);
        if (lane.FreeAt > now && lane.FreeAt < constraint.WakeAt)
            SetWake(constraint, lane.FreeAt);
    }

    private void GrantFirst(Lane lane, long now, Constraint? servedBy)
    {
        var permit = lane.First!;
        lane.Remove(permit);
        Waiting--;
        lane.Gate.Waiting--;
        lane.LastGrant = now;
        servedBy?.Served(lane);
        lane.Finish = lane.Tag + lane.Quantum;
        lane.Level = lane.Priority;
        lane.DisclaimKey();
        lane.Retag(lane.Finish);
        permit.Take(lane.GoesWith, now);
        Granted.Add(permit);
        BetterAround(lane);
    }

    /// <summary>A lane has had its turn or has gone: those whom its claim kept back are looked at again.</summary>
    private void BetterAround(Lane lane)
    {
        foreach (var checkpoint in lane.Gate.Checkpoints)
            Better(checkpoint);
        if (!lane.Cost.IsOne && lane.Gate.Keys is { } keys)
            Better(keys);
    }

    private void Unpark(Lane lane)
    {
        if (lane.ParkedAt is { } constraint)
        {
            constraint.Unpark(lane);
            if (constraint.ParkedCount == 0)
                SetWake(constraint, LimitState.Never);
            else
                Better(constraint);
        }
    }

    private void Empty(Lane lane)
    {
        lane.Disclaim();
        lane.IsNew = true;
        BetterAround(lane);
        // The usual lane of a gate is kept; one made for a tenant or a cost would pile up.
        if (lane.Key != Usual)
            lane.Gate.Forget(lane);
    }

    private void SetWake(Constraint constraint, long at)
    {
        constraint.WakeAt = at;
        if (at == LimitState.Never)
        {
            if (constraint.HeapIndex >= 0)
                _wakes.Remove(constraint);
        }
        else if (constraint.HeapIndex < 0)
            _wakes.Add(constraint);
        else
            _wakes.Update(constraint);
    }

    private readonly struct ByWake : IComparer<Constraint>
    {
        public int Compare(Constraint? x, Constraint? y) => x!.WakeAt.CompareTo(y!.WakeAt);
    }
}
