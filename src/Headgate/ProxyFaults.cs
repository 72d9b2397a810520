using Headgate.Gates;
using Headgate.Proxies;
using Headgate.Retries;

namespace Headgate;

/// <summary>What attempts through proxies that got no answer say of those. A proxy that fails everybody sits out, and nobody who waits hears of it while another is left.</summary>
internal static class ProxyFaults
{
    /// <summary>So many of a request that broke through proxies after they were sent are charged to nobody: it may have been the proxy, or the server.</summary>
    private const int MostUncharged = 2;

    /// <summary>Learns from an attempt without an answer.</summary>
    public static void Learn(this Engine engine, Attempt attempt, in Outcome outcome)
    {
        if (attempt.Permit.Proxy is not { } way || outcome.IsAnswer)
            return;
        var isSuspicion = outcome is { Sent: true, Class: FailureClass.Network or FailureClass.Timeout };
        if (outcome.Class != FailureClass.Proxy && !isSuspicion)
            return;
        var exchange = attempt.Exchange;
        exchange.Avoids = way.Proxy;
        if (isSuspicion && exchange.Uncharged < MostUncharged)
            exchange.Uncharged++;
        engine.Learn(attempt.Permit, outcome.Detail ?? "it failed", isSuspicion);
    }

    /// <summary>Nobody is left to go through: whoever waits for a proxy of a pool is refused, if none will come. Whoever is left is looked at again.</summary>
    public static void LeftWithoutNeedsLock(this Engine engine, Scheduler scheduler, ProxyPool pool)
    {
        scheduler.Better(pool);
        foreach (var user in pool.Users)
            if (user.AllDead)
                foreach (var gate in engine.GatesOf((Upstream)user.Owner).Where(gate => gate.Proxies == user).ToList())
                    scheduler.RefuseAll(gate, new RefusedException(RefusalReason.NoProxies, user.WhyDead()));
    }

    private static void Learn(this Engine engine, Permit permit, string why, bool isSuspicion)
    {
        var (way, pool) = (permit.Proxy!, permit.Lane.Gate.Proxies!.Pool);
        var (isFirst, dead) = engine.Dispatcher.Change((engine, way.Proxy, pool, permit, why, isSuspicion), static (scheduler, it, now) =>
        {
            var (proxy, wasTrusted) = (it.Proxy, !it.Proxy.Health.IsOnProbation);
            if (!it.isSuspicion)
                proxy.Faults++;
            if (!(it.isSuspicion ? proxy.Health.Suspected(it.why, it.permit.GrantedAt, now) : proxy.Health.Failed(it.why, it.permit.GrantedAt, now)))
                return (false, null);
            it.engine.LeftWithoutNeedsLock(scheduler, it.pool);
            return (wasTrusted, proxy.Health.DeadReason);
        });
        if (dead is not null)
            engine.Notice($"proxy {way.Name} of {pool.Name} is not used any more: {dead}");
        else if (isFirst)
            engine.Notice($"proxy {way.Name} of {pool.Name} sits out for a while: {why}");
    }
}
