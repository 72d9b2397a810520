using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>What happens after a grant, and so may let others go sooner: an attempt is sent, answered, ended, lost or returned; a key dies.</summary>
internal static class SchedulerEvents
{
    /// <summary>The first byte leaves: from here it is known by when it arrives.</summary>
    public static void Sent(this Scheduler scheduler, Permit permit, long at)
    {
        permit.Send(at);
        scheduler.BetterFor(permit, at);
    }

    public static void Answered(this Scheduler scheduler, Permit permit, long now)
    {
        permit.Answer(now);
        scheduler.BetterFor(permit, now);
    }

    public static void Ended(this Scheduler scheduler, Permit permit, Cost? actual, long now, ConcurrencyCap? keeper = null)
    {
        permit.End(actual, now, keeper);
        scheduler.BetterFor(permit, now, butFor: keeper);
    }

    /// <summary>What came of an attempt that has ended is recorded.</summary>
    public static void Recorded(this Scheduler scheduler, Permit permit)
    {
        if (permit.Record() is not { } keeper)
            return;
        foreach (var limit in permit.Taken)
            if (limit.State == keeper)
                scheduler.Better(limit);
    }

    public static void Lost(this Scheduler scheduler, Permit permit, long now)
    {
        permit.Lose(now);
        scheduler.BetterFor(permit, now);
    }

    public static void Return(this Scheduler scheduler, Permit permit, long now)
    {
        permit.GiveBack();
        scheduler.BetterFor(permit, now);
    }

    /// <summary>A key is not to be used any more. When it was the last, everybody who waits for one is refused.</summary>
    /// <param name="scheduler">The scheduler.</param>
    /// <param name="gates">Every gate that uses the pool.</param>
    /// <param name="pool">The keys.</param>
    /// <param name="key">The one.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="now">The time.</param>
    public static void Kill(this Scheduler scheduler, IEnumerable<Gate> gates, KeyPool pool, PoolKey key, string reason, long now)
    {
        pool.Kill(key, reason);
        foreach (var gate in gates)
            if (pool.AllDead)
                scheduler.RefuseAll(gate, new RefusedException(RefusalReason.NoKeys, pool.WhyDead()));
            else
                scheduler.Changed(gate, now);
    }

    private static void BetterFor(this Scheduler scheduler, Permit permit, long now, LimitState? butFor = null)
    {
        foreach (var limit in permit.Taken)
            if (limit.State != butFor)
                scheduler.Better(limit);
        if (permit.Key is not { } key)
            return;
        permit.Lane.Gate.Keys!.Touch(key, now);
        scheduler.Better(permit.Lane.Gate.Keys);
        scheduler.Better(permit.TakenOfKey);
    }
}
