namespace Headgate.Gates;

/// <summary>Taking and waiting for a key; all of it under the lock. Whoever is told nothing must introduce the key first.</summary>
internal static class KeyedTaking
{
    /// <summary>Takes what is spent at once.</summary>
    public static (bool IsKnown, bool IsTaken, Exception? Error) Try<TKey>(this KeyedGates<TKey> keys, Scheduler scheduler, TKey key, Cost cost, long now)
        where TKey : notnull
    {
        if (keys.Open(scheduler, key, now) is not { } open)
            return default;
        if (LimiterGate.NeedsLease(open.Gate) is { } error)
            return (true, false, error);
        var isTaken = keys.TryTake(scheduler, key, open, cost, now);
        if (!isTaken)
            open.CountRefusal();
        keys.Sweep(scheduler, now);
        return (true, isTaken, null);
    }

    /// <summary>Takes at once, or is refused.</summary>
    public static GateLease? TakeOrRefuse<TKey>(this KeyedGates<TKey> keys, Scheduler scheduler, TKey key, Cost cost, long now)
        where TKey : notnull
    {
        if (keys.Open(scheduler, key, now) is not { } open)
            return null;
        var gate = open.Gate;
        var lease = keys.TryTake(scheduler, key, open, cost, now) ? LimiterGate.Granted(gate, gate.Checkpoints, cost, now) : open.Refusal(cost, null, now);
        keys.Sweep(scheduler, now);
        return lease;
    }

    /// <summary>Takes at once, or waits, or is refused.</summary>
    public static (GateLease? Lease, LimiterPermit? Waiter) TakeOrWait<TKey>(this KeyedGates<TKey> keys, Scheduler scheduler, TKey key, in LaneKey lane, long expiresAt, long now)
        where TKey : notnull
    {
        if (keys.IsClosed)
            return (new GateLease("the gate is closed", null), null);
        if (keys.Open(scheduler, key, now) is not { } open)
            return default;
        var told = keys.TakeOrWait(scheduler, key, open, lane, expiresAt, now);
        keys.Sweep(scheduler, now);
        return told;
    }

    private static (GateLease? Lease, LimiterPermit? Waiter) TakeOrWait<TKey>(
        this KeyedGates<TKey> keys, Scheduler scheduler, TKey key, in OpenKey open, in LaneKey lane, long expiresAt, long now)
        where TKey : notnull
    {
        var (gate, cost) = (open.Gate, lane.Cost);
        if (!gate.IsContended)
        {
            if (expiresAt != LimiterGate.Over && keys.TryTake(scheduler, key, open, cost, now))
                return (LimiterGate.Granted(gate, gate.Checkpoints, cost, now), null);
            // Who would only be refused needs no gate.
            var why = Admission.Refuse(gate.Visitor(lane), cost, now, expiresAt) ?? (gate.FullAt is { } most ? Admission.QueueFull(most) : null);
            if (why is not null)
                return (open.Refusal(cost, why, now), null);
        }
        var waiter = new LimiterPermit(cost, expiresAt);
        scheduler.Enqueue(waiter, keys.Wake(key, open, now), lane, now);
        return (null, waiter);
    }

    private static bool TryTake<TKey>(this KeyedGates<TKey> keys, Scheduler scheduler, TKey key, in OpenKey open, Cost cost, long now)
        where TKey : notnull
    {
        if (!AtOnce.TryTake(scheduler, open.Gate, cost, now))
            return false;
        if (Places.Keep(open.Gate.Checkpoints, cost))
            keys.Wake(key, open, now);
        else if (open.Index >= 0 || !cost.TakesNothing)
            keys.Keep(key, open, now);
        return true;
    }

    private static GateLease Refusal(this in OpenKey open, Cost cost, RefusedException? why, long now)
    {
        open.CountRefusal();
        return LimiterGate.RefusalNeedsLock(open.Gate, cost, why?.Message, now);
    }

    private static void CountRefusal(this in OpenKey open)
    {
        open.Gate.CountRefusal();
        if (open is { Index: >= 0, Rest: { } rest })
            KeyGate.CountRefusal(rest);
    }
}
