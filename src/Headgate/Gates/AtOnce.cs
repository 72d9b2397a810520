namespace Headgate.Gates;

/// <summary>Taking at once in the gate of a limiter, without a permit; what was taken counts as sent. Pure.</summary>
internal static class AtOnce
{
    /// <summary>Takes a cost if it is free and nobody's turn comes first.</summary>
    public static bool TryTake(Scheduler scheduler, Gate gate, Cost cost, long now)
    {
        if (!(scheduler.Waiting > 0 && gate.IsContended ? IsFreeAmongWaiters(gate, cost, now) : IsFree(gate.Checkpoints, cost, now)))
            return false;
        gate.CountGrant(0);
        if (cost.TakesNothing)
            return true;
        gate.LastUsed = now;
        if (Places.Keep(gate.Checkpoints, cost))
            gate.Leases++;
        foreach (var limit in gate.Checkpoints)
            Take(limit, cost, now);
        return true;
    }

    private static void Take(Checkpoint limit, Cost cost, long now)
    {
        var units = limit.UnitsOf(cost);
        if (units == 0)
            return;
        if (!limit.IsKept)
        {
            limit.State.TakeSent(units, now);
            return;
        }
        limit.State.Take(units);
        limit.State.Sent(units, now);
    }

    private static bool IsFree(Checkpoint[] limits, Cost cost, long now)
    {
        foreach (var limit in limits)
            if (limit.UnitsOf(cost) is var units and > 0 && limit.State.FreeAt(units, now) > now)
                return false;
        return true;
    }

    private static bool IsFreeAmongWaiters(Gate gate, Cost cost, long now)
    {
        // Whoever asks for nothing is told how things stand, and takes nobody's turn.
        if (cost.TakesNothing)
            return IsFree(gate.Checkpoints, cost, now);
        var lane = gate.Visitor(new LaneKey(cost, RequestPriority.Medium, null, null));
        return !lane.IsWaiting && Passage.Look(lane, cost, now).IsOpen(now);
    }
}
