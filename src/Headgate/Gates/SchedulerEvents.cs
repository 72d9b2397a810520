using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

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
        var wasSent = permit.State == PermitState.Sent;
        permit.Answer(now);
        if (wasSent && permit.Proxy is { } way && way.AnsweredNeedsLock(permit.SentAt, now))
            scheduler.Better(permit.Lane.Gate.Proxies!.Pool);
        scheduler.BetterFor(permit, now);
    }

    public static void Ended(this Scheduler scheduler, Permit permit, Cost? actual, long now)
    {
        var wasAnswered = permit.State == PermitState.Answered;
        permit.End(actual, now);
        // More may go through a proxy that is new: of other APIs too.
        if (wasAnswered && permit.Proxy is { } way && way.BroughtNeedsLock(!permit.BringsBody, permit.SentAt, now))
            scheduler.Better(permit.Lane.Gate.Proxies!.Pool);
        scheduler.BetterFor(permit, now);
    }

    /// <summary>The place of an attempt that has ended is kept no more.</summary>
    public static void LetGo(this Scheduler scheduler, Permit permit)
    {
        permit.LetGo();
        scheduler.BetterOf(permit.Taken);
    }

    public static void Lost(this Scheduler scheduler, Permit permit, long now)
    {
        var wasAnswered = permit.State == PermitState.Answered;
        permit.Lose(now);
        if (wasAnswered)
            permit.Proxy?.LostNeedsLock(permit.RanOut, permit.SentAt, now);
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

    /// <summary>Proxies of a pool may let somebody go sooner than was computed, to whatever API.</summary>
    public static void Better(this Scheduler scheduler, ProxyPool pool)
    {
        foreach (var user in pool.Users)
            scheduler.Better(user);
    }

    /// <summary>The same of one API.</summary>
    public static void Better(this Scheduler scheduler, ProxyOutlets proxies)
    {
        foreach (var ways in proxies.Wished)
            scheduler.Better(ways);
    }

    /// <summary>The limits of gates have changed, or one of their keys.</summary>
    public static void Changed(this Scheduler scheduler, IEnumerable<Gate> gates, long now)
    {
        foreach (var gate in gates)
            scheduler.Changed(gate, now);
    }

    private static void BetterFor(this Scheduler scheduler, Permit permit, long now)
    {
        scheduler.BetterOf(permit.Taken);
        if (permit.Proxy is { Proxy.Health.IsProven: true })
            scheduler.Better(permit.Lane.Gate.Proxies!);
        else if (permit.Proxy is not null)
            scheduler.Better(permit.Lane.Gate.Proxies!.Pool);
        if (permit.Key is not { } key)
            return;
        permit.Lane.Gate.Keys!.Touch(key, now);
        scheduler.Better(permit.Lane.Gate.Keys);
        scheduler.Better(permit.TakenOfKey);
    }

    /// <summary>Where no more may be under way nobody has to be looked at, which is nearly always so where many wait.</summary>
    private static void BetterOf(this Scheduler scheduler, Checkpoint[] limits)
    {
        foreach (var limit in limits)
            if (limit.State is not ConcurrencyCap { HasRoom: false })
                scheduler.Better(limit);
    }
}
