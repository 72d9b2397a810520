using Headgate.Gates;
using Headgate.Proxies;
using Headgate.Retries;

namespace Headgate;

/// <summary>What attempts through proxies that came to nothing say of those. A proxy that is at fault sits out, and nobody who waits hears of it while another is left.</summary>
internal static class ProxyFaults
{
    /// <summary>Learns from an attempt; of no effect unless a proxy was at fault.</summary>
    public static void Learn(this Engine engine, Attempt attempt, in Outcome outcome)
    {
        if (outcome.Class != FailureClass.Proxy || attempt.Permit.Proxy is not { } way)
            return;
        attempt.Exchange.Avoids = way.Proxy;
        engine.Learn(attempt.Permit.Lane.Gate.Proxies!, way, outcome, attempt.Permit.GrantedAt);
    }

    /// <summary>The same of anything that was to go through a proxy.</summary>
    public static void Learn(this Engine engine, ProxyOutlets ways, ProxyOutlet way, in Outcome outcome, long grantedAt)
    {
        var pool = ways.Pool;
        var (isNews, isLast) = engine.Dispatcher.Change((engine, way, pool, grantedAt, outcome), static (scheduler, it, now) =>
        {
            it.way.Proxy.Faults++;
            if (it.way.IsDead)
                return default;
            var isNews = Judge(it.way, it.outcome, it.grantedAt, now);
            it.pool.JudgedNeedsLock(it.way.Proxy, now);
            scheduler.LeftWithoutNeedsLock(it.pool);
            return (isNews, it.way.DeadReason);
        });
        if (isLast is not null)
            engine.Notice($"proxy {way.Name} of {pool.Name} is not used any more{(way.Proxy.IsDead ? "" : $" for {ways.User.Name}")}: {isLast}");
        else if (isNews)
            engine.Notice($"proxy {way.Name} of {pool.Name} sits out for a while: {outcome.Detail}");
    }

    /// <summary>Whoever waits for a proxy of a pool is refused if none is left, and none will come; else looked at again.</summary>
    public static void LeftWithoutNeedsLock(this Scheduler scheduler, ProxyPool pool)
    {
        scheduler.Better(pool);
        foreach (var user in pool.Users)
            if (user.AllDead)
                foreach (var gate in user.User.Gates.Where(gate => gate.Proxies == user).ToList())
                    scheduler.RefuseAll(gate, new RefusedException(RefusalReason.NoProxies, user.WhyDead()));
    }

    /// <returns>Whether that is news of its kind: the first fault after it had been well, or its last.</returns>
    private static bool Judge(ProxyOutlet way, in Outcome outcome, long grantedAt, long now)
    {
        var why = outcome.Detail ?? "it failed";
        if (outcome.ProxyFault == ProxyFault.Denied)
        {
            way.Proxy.Health.Kill(why, now);
            return true;
        }
        if (outcome.ProxyFault == ProxyFault.DeniedInAnswer)
        {
            way.Reach.Kill(why, now);
            return true;
        }
        var health = outcome.ProxyFault is ProxyFault.TargetRefused or ProxyFault.TargetUnreachable or ProxyFault.BrokeOff ? way.Reach : way.Proxy.Health;
        var wasWell = !health.IsOnProbation;
        return health.Failed(why, grantedAt, now, outcome.ProxyFault == ProxyFault.BrokeOff) && (wasWell || health.DeadReason is not null);
    }
}
