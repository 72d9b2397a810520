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
        var keeps = false;
        foreach (var limit in gate.Checkpoints)
            keeps |= Take(limit, cost, now);
        if (keeps)
            gate.Leases++;
        return true;
    }

    /// <summary>Says whether it has to be given back.</summary>
    private static bool Take(Checkpoint limit, Cost cost, long now)
    {
        var units = limit.UnitsOf(cost);
        if (units == 0)
            return false;
        if (!limit.IsKept)
        {
            limit.State.TakeSent(units, now);
            return false;
        }
        limit.State.Take(units);
        limit.State.Sent(units, now);
        return true;
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
