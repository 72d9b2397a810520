using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Proxies;

namespace Headgate;

/// <summary>
/// Brings a pool to the proxies that its source gives: new ones are used from then on, those that are not given any more are not. A proxy is known
/// by its address and its credentials, so one that comes back is as far as it was. One at a time for each pool.
/// </summary>
internal sealed class ProxyIntake(Engine engine, ProxyPool pool, Func<ProxyEntry, PoolProxy> make)
{
    /// <summary>Takes them in.</summary>
    public void Use(IReadOnlyList<ProxyEntry> entries)
    {
        var known = pool.Known.ToDictionary(proxy => proxy.Entry.Endpoint);
        List<(PoolProxy Proxy, ProxyEntry Entry)> next = [.. entries.Select(entry => (known.TryGetValue(entry.Endpoint, out var proxy) ? proxy : make(entry), entry))];
        var before = pool.Proxies.ToHashSet();
        var (come, gone) = (next.Count(pair => !before.Contains(pair.Proxy)), before.Except(next.Select(pair => pair.Proxy)).Count());
        var users = pool.Users.Select(user => (user, Ways: WaysOf(user, next))).ToList();
        engine.Dispatcher.Change((pool, next, users), static (scheduler, it, now) =>
        {
            foreach (var proxy in it.pool.Proxies)
                proxy.IsGone = true;
            foreach (var (proxy, entry) in it.next)
                (proxy.IsGone, proxy.Entry) = (false, entry);
            it.pool.UseNeedsLock([.. it.next.Select(pair => pair.Proxy)]);
            foreach (var (user, ways) in it.users)
                user.UseNeedsLock(ways);
            scheduler.LeftWithoutNeedsLock(it.pool);
        });
        foreach (var (user, ways) in users)
            user.User.Follow(pool, entries, ways);
        if (come + gone > 0)
            engine.Notice($"{pool.Name} has {entries.Count} {(entries.Count == 1 ? "proxy" : "proxies")} now: {come} came, {gone} went");
    }

    private List<ProxyOutlet> WaysOf(ProxyOutlets user, List<(PoolProxy Proxy, ProxyEntry Entry)> next)
    {
        var known = user.All.ToDictionary(way => way.Proxy);
        var ways = new List<ProxyOutlet>();
        foreach (var (proxy, entry) in next)
            try
            {
                var exit = user.User.ExitOf(entry, pool.Configuration.Limits);
                ways.Add(known.TryGetValue(proxy, out var way) && way.Exit == exit && way.Name == entry.Name ? way : new ProxyOutlet(proxy, exit, entry.Name));
            }
            catch (Exception failure) when (failure is ScopeHeldException or LedgerException)
            {
                engine.Notice($"proxy {entry.Name} of {pool.Name} cannot be used: {failure.Message}");
            }
        return ways;
    }
}
