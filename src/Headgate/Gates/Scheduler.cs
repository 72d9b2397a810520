using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>
/// Who goes next, and when. No lock, timer or task inside: the time is an argument, grants and refusals are handed out as lists.
/// </summary>
/// <remarks>
/// <para>A lane is looked at only by its first waiter. If all its limits, a key and a proxy are open it takes them all; otherwise it is parked at the
/// one constraint that holds it longest, and looked at again only when the time of that constraint comes or it becomes better (an answer,
/// a return, an end, a change). A constraint getting worse is found out at the wake-up, so none is missed, and work per grant is O(log n).</para>
/// <para>The first lane in turn that needs a constraint has its units reserved there at the time it will go; others pass it only if
/// that time stays unchanged (back-filling). So a costly request, or one of many limits, neither starves nor blocks.</para>
/// </remarks>
internal sealed class Scheduler
{
    /// <summary>How many who wait behind one that cannot go yet are tried for back-filling at one wake-up.</summary>
    public const int BackFill = 8;

    private readonly Agenda _agenda = new();
    private readonly IndexedHeap<Permit, ByExpiry> _expiries = new();
    private readonly List<Lane> _passed = [];
    private long _order;

    /// <summary>Counts runs and grants.</summary>
    private long _round;

    /// <summary>Who was granted or refused since last taken.</summary>
    public Told Told { get; private set; } = new();

    public int Waiting { get; private set; }

    /// <summary>When to run next, if nothing happens before.</summary>
    public long NextWake => Math.Min(_agenda.NextWake, _expiries.First?.ExpiresAt ?? LimitState.Never);

    /// <summary>Takes all limits at once without waiting, if nobody's turn comes first; null if that cannot be.</summary>
    public static Permit? TryTake(Gate gate, in LaneKey key, long now)
    {
        var lane = gate.Visitor(key);
        if (lane.IsWaiting)
            return null;
        var passing = Passage.Look(lane, key.Cost, now);
        if (!passing.IsOpen(now))
            return null;
        var permit = new Permit(key.Cost, LimitState.Never) { Lane = lane, EnqueuedAt = now };
        permit.Take(passing.Key, passing.Way, now);
        gate.CountGrant(0);
        return permit;
    }

    /// <summary>Enters the queue, or goes at once. Refuses what could not go in time even if nobody were ahead and every answer came now.</summary>
    public Permit Enqueue(Gate gate, in LaneKey key, long now, long expiresAt)
    {
        var permit = new Permit(key.Cost, expiresAt);
        Enqueue(permit, gate, key, now);
        return permit;
    }

    /// <summary>As <see cref="Enqueue(Gate, in LaneKey, long, long)"/>, with a permit made before.</summary>
    public void Enqueue(Permit permit, Gate gate, in LaneKey key, long now)
    {
        // Whoever waits and is due goes before whoever comes.
        if (NextWake <= now || _agenda.IsBusy)
            Run(now);
        if (gate.IsLeft)
        {
            Refuse(permit, gate, key, Elsewhere(gate));
            return;
        }
        var lane = permit.Lane = gate.LaneOf(key, ref _order);
        // One that waited elsewhere has not lost its time.
        if (permit.EnqueuedAt == 0)
            permit.EnqueuedAt = now;
        var why = Admission.Refuse(lane, key.Cost, now, permit.ExpiresAt);
        if (why is null && gate.FullAt is { } most && (lane.IsWaiting || !Passage.Look(lane, key.Cost, now).IsOpen(now)))
            why = Admission.QueueFull(most);
        if (why is not null)
        {
            Refuse(permit, gate, key, why);
            return;
        }
        gate.Entered(permit);
        Waiting++;
        if (lane.Count == 1)
        {
            if (!Go(lane, null, now))
                _agenda.ParkWhereHeld(lane, now);
        }
        else if (lane.First == permit)
            ParkAgain(lane, lane.Parked!);
        else if (lane.Count <= BackFill && MayOvertake(permit))
            _agenda.Better(lane.Parked!.Constraint);
        if (permit.State == PermitState.Waiting && permit.ExpiresAt != LimitState.Never)
            _expiries.Add(permit);
    }

    /// <summary>Refuses a permit that comes to a gate.</summary>
    public void Refuse(Permit permit, Gate gate, in LaneKey key, RefusedException why)
    {
        var lane = permit.Lane = gate.LaneOf(key, ref _order);
        permit.State = PermitState.Refused;
        if (why.Reason != RefusalReason.Moved)
            gate.CountRefusal();
        Told.Refused.Add((permit, why));
        if (!lane.IsWaiting)
            gate.Idle(lane);
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

    /// <summary>Hands out who was granted or refused, to be told outside the lock, and goes on with another list.</summary>
    public Told TakeTold(Told next)
    {
        var told = Told;
        Told = next;
        return told;
    }

    /// <summary>Everything whose time has come, and everything that became better: at one instant, whoever's turn comes first goes first.</summary>
    public void Run(long now)
    {
        _round++;
        while (_expiries.First is { } permit && permit.ExpiresAt <= now)
            Refuse(permit, new RefusedException(RefusalReason.Expired, $"not sent in time: held by {permit.Lane.LastHeldBy?.Describe() ?? "others ahead"}", Admission.ComeAgain(permit, now)));
        while (_agenda.Next(now) is { } constraint)
            if (Serve(constraint, now))
                _agenda.Better(constraint);
    }

    /// <summary>A constraint may let somebody go sooner than was computed.</summary>
    public void Better(Constraint constraint) => _agenda.Better(constraint);

    /// <summary>Limits may let somebody go sooner than was computed.</summary>
    public void Better(Checkpoint[] limits) => _agenda.Better(limits);

    /// <summary>The limits of a gate have changed, or one of its keys died: everybody in it is looked at anew, in their order.</summary>
    public void Changed(Gate gate, long now)
    {
        gate.Refresh();
        foreach (var lane in gate.Lanes)
        {
            _agenda.Unpark(lane);
            lane.FindClaims();
            for (Permit? permit = lane.First, next; permit is not null; permit = next)
            {
                next = permit.Next;
                if (Admission.TooCostly(gate, permit.Cost) is { } why)
                    Refuse(permit, why);
            }
            if (!lane.IsWaiting)
                continue;
            if (lane.Claims.Length == 0 && lane.Pool is null)
            {
                // No limit is left that concerns it.
                Go(lane, null, now);
                continue;
            }
            // Parked at the same limit as the others, so that of those that could go now whoever's turn comes first goes first.
            var claim = lane.Claims.Length > 0 ? lane.Claims[0] : lane.Pool!;
            _agenda.Park(lane, claim);
            _agenda.Better(claim.Constraint);
        }
    }

    /// <summary>When a lane could go, were it next; what would hold it.</summary>
    public static (long At, Constraint? Holding) Forecast(Lane lane, long now)
    {
        var passing = Passage.Look(lane, lane.First?.Cost ?? lane.Key.Cost, now);
        return (passing.At, passing.HeldBy?.Constraint);
    }

    /// <summary>Refuses everybody who waits in a gate.</summary>
    public void RefuseAll(Gate gate, RefusedException why)
    {
        foreach (var lane in gate.Lanes)
            while (lane.Last is { } permit)
                Refuse(permit, why);
    }

    /// <summary>How many gates that are left have let go, and refused.</summary>
    public (long Granted, long Refused) Gone { get; private set; }

    /// <summary>A gate has gone: whoever waits in it, or still comes, is to ask for the one in its place.</summary>
    public void Leave(Gate gate)
    {
        Gone = gate.Leave(Gone);
        RefuseAll(gate, Elsewhere(gate));
    }

    private static RefusedException Elsewhere(Gate gate) => new(RefusalReason.Moved, $"{gate.Name} has another gate now");

    private void Refuse(Permit permit, RefusedException why)
    {
        permit.State = PermitState.Refused;
        if (why.Reason != RefusalReason.Moved)
        {
            permit.Lane.Gate.CountRefusal();
            if (permit.Lane.LastHeldBy is { } held)
                held.Held++;
        }
        Told.Refused.Add((permit, why));
        Leave(permit);
    }

    private void Leave(Permit permit)
    {
        var lane = permit.Lane;
        var wasFirst = lane.First == permit;
        Remove(permit);
        if (!lane.IsWaiting)
        {
            _agenda.Unpark(lane);
            Empty(lane, permit.Cost, lane.ClaimedKey);
        }
        else if (wasFirst && lane.Parked is { } claim)
        {
            // The next one has the same turn, but may cost less and so go sooner; and less may be reserved for it.
            ParkAgain(lane, claim);
            _agenda.BetterAround(lane, permit.Cost, lane.ClaimedKey);
        }
    }

    /// <summary>Another one is the first of its lane.</summary>
    private void ParkAgain(Lane lane, Claim claim)
    {
        _agenda.Unpark(lane);
        _agenda.Park(lane, claim);
        _agenda.Better(claim.Constraint);
    }

    /// <summary>Lets the first lane of a constraint that can go do so; says whether the next is worth trying at once.</summary>
    private bool Serve(Constraint constraint, long now)
    {
        var (look, goesOn) = (LimitState.Never, false);
        while (!goesOn && _agenda.FirstAt(constraint, now) is { } lane)
        {
            var claim = lane.Parked!;
            constraint.Unpark(lane);
            if (Go(lane, claim, now))
                goesOn = true;
            else if (lane.HeldBy!.Constraint != constraint)
                _agenda.ParkWhereHeld(lane, now);
            else
            {
                _passed.Add(lane);
                constraint.Passed ??= lane;
                _agenda.Claim(lane);
                look = Math.Min(look, lane.LookAt);
                goesOn = TryFollowers(lane, now);
                if (_passed.Count > BackFill || constraint.HoldsAllBehind(lane))
                    break;
            }
        }
        constraint.Passed = null;
        foreach (var lane in _passed)
            constraint.Park(lane, lane.HeldBy!);
        _passed.Clear();
        if (constraint.ParkedCount == 0)
            _agenda.Forget(constraint);
        else if (look > now)
            _agenda.WakeBy(constraint, look);
        return goesOn;
    }

    /// <summary>Lets a lane go that is parked nowhere, and parks it again with its next waiter; false if it could not go at all.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="turn">Where it was parked until now; null if it has just begun to wait.</param>
    /// <param name="now">The time.</param>
    private bool Go(Lane lane, Claim? turn, long now)
    {
        var constraint = turn?.Constraint;
        if (!CanGo(lane, constraint, now))
            return false;
        while (true)
        {
            constraint?.Served(lane);
            Grant(lane.First!, lane.GoesWith, lane.Way, now);
            if (!lane.IsWaiting)
                return true;
            // Where others wait too, its next waiter takes its turn among them.
            var isAlone = constraint is null || (constraint.ParkedCount == 0 && !_agenda.IsBusy);
            if (!CanGo(lane, constraint, now))
                _agenda.ParkWhereHeld(lane, now);
            else if (isAlone)
                continue;
            else
                _agenda.Park(lane, turn!);
            return true;
        }
    }

    /// <summary>Whether the lane's first waiter could take everything now; notes with the lane what holds it longest and until when, or the key it goes with.</summary>
    private bool CanGo(Lane lane, Constraint? served, long now)
    {
        var passing = Passage.Look(lane, lane.First!.Cost, now);
        var isOpen = passing.IsOpen(now);
        if (lane.Note(passing) && !isOpen)
            Relieve(lane, served, now);
        return isOpen;
    }

    /// <summary>A lane will go at another time than was thought: those for whom that makes a difference are looked at again.</summary>
    private void Relieve(Lane lane, Constraint? served, long now)
    {
        // Lanes that depend on each other in a ring, each at another limit, could go on with this for ever.
        var again = lane.RelievedIn == _round;
        lane.RelievedIn = _round;
        foreach (var claim in lane.Claims)
            if (claim.Constraint != served)
                Again(claim.Constraint);
        if (lane.HoldsKey && lane.Pool!.Constraint != served)
            Again(lane.Pool.Constraint);
        if (lane.ClaimedKey is { } key)
            foreach (var limit in key.Scope.Checkpoints)
                Again(limit);

        void Again(Constraint constraint)
        {
            if (!again)
                _agenda.Better(constraint);
            else if (constraint.ParkedCount > 0)
                _agenda.WakeBy(constraint, now + Clock.Millisecond);
        }
    }

    /// <summary>A waiter that costs less than the one before it may pass, if that still goes at its time.</summary>
    private bool TryFollowers(Lane lane, long now)
    {
        var follower = lane.First!.Next;
        for (var tries = BackFill; tries > 0 && follower is not null; tries--, follower = follower.Next)
        {
            if (!MayOvertake(follower))
                continue;
            var passing = Passage.LookBehind(lane, follower.Cost, now);
            if (!passing.IsOpen(now))
                continue;
            Grant(follower, passing.Key, passing.Way, now);
            return true;
        }
        return false;
    }

    private static bool MayOvertake(Permit follower) => !follower.Lane.Gate.SendsAtGrant && follower.Cost.Total() < follower.Lane.First!.Cost.Total();

    private void Grant(Permit permit, PoolKey? key, ProxyOutlet? way, long now)
    {
        var lane = permit.Lane;
        if (lane.First == permit)
            lane.LastGrant = now;
        if (permit.EnqueuedAt < now)
            permit.HeldBy ??= lane.LastHeldBy;
        if (permit.HeldBy is { } held)
            held.Held++;
        var claimed = lane.ClaimedKey;
        Remove(permit);
        permit.Take(key, way, now);
        lane.Charge(permit.Cost);
        lane.Gate.LastUsed = now;
        lane.Gate.CountGrant(now - permit.EnqueuedAt);
        Told.Granted.Add(permit);
        _round++;
        if (lane.IsWaiting)
            _agenda.BetterAround(lane, permit.Cost, claimed);
        else
            Empty(lane, permit.Cost, claimed);
    }

    private void Remove(Permit permit)
    {
        permit.Lane.Gate.Left(permit);
        Waiting--;
        if (permit.Place >= 0)
            _expiries.Remove(permit);
    }

    private void Empty(Lane lane, Cost cost, PoolKey? claimed)
    {
        lane.Disclaim();
        _agenda.BetterAround(lane, cost, claimed);
        lane.Gate.Idle(lane);
    }

    private readonly struct ByExpiry : IHeapOrder<Permit>
    {
        public static ref int PlaceOf(Permit item) => ref item.Place;

        public int Compare(Permit? x, Permit? y) => x!.ExpiresAt.CompareTo(y!.ExpiresAt);
    }
}
