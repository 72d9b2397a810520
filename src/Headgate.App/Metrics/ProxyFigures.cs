using Headgate.Proxies;

namespace Headgate.App.Metrics;

/// <summary>How the proxies of pools are, by their names.</summary>
internal static class ProxyFigures
{
    /// <summary>Of each pool so many proxies are told one by one; the rest is counted.</summary>
    private const int MostNamed = 200;

    private static readonly string[] States = ["new", "ok", "resting", "probation", "paused", "dead"];

    public static void Write(PrometheusText text, Engine engine)
    {
        var pools = engine.Proxies.All.Select(pool => (pool.Name, Proxies: engine.Dispatcher.Read(pool, static (_, pool, now) => Read(pool, now)))).OrderBy(pool => pool.Name, StringComparer.Ordinal).ToList();
        if (pools.Count == 0)
            return;
        text.Family("headgate_proxies", "gauge", "Proxies by how they are: resting after a fault, on probation after that, dead when not tried any more.");
        foreach (var (pool, its) in pools)
            foreach (var state in States)
                text.Sample(its.Count(proxy => proxy.State == state), ("pool", pool), ("state", state));
        text.Family("headgate_proxy_permits_total", "counter", "Permits that were given with a proxy.");
        foreach (var (pool, its) in pools)
            foreach (var proxy in its.Take(MostNamed))
                text.Sample(proxy.Taken, ("pool", pool), ("proxy", proxy.Name));
        text.Family("headgate_proxy_faults_total", "counter", "Attempts that came to nothing by the fault of a proxy.");
        foreach (var (pool, its) in pools)
            foreach (var proxy in its.Take(MostNamed))
                text.Sample(proxy.Faults, ("pool", pool), ("proxy", proxy.Name));
    }

    private static List<(string Name, string State, long Taken, long Faults)> Read(ProxyPool pool, long now) =>
        [.. pool.Proxies.Select(proxy => (proxy.Name, proxy.StateAt(now), proxy.Taken, proxy.Faults))];
}
