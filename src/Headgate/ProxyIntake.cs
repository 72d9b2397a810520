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
        engine.Dispatcher.Change((pool, next, users, engine), static (scheduler, it, now) =>
        {
            foreach (var proxy in it.pool.Proxies)
                proxy.IsGone = true;
            foreach (var (proxy, entry) in it.next)
                (proxy.IsGone, proxy.Entry) = (false, entry);
            it.pool.UseNeedsLock([.. it.next.Select(pair => pair.Proxy)]);
            foreach (var (user, ways) in it.users)
                user.UseNeedsLock(ways);
            it.engine.LeftWithoutNeedsLock(scheduler, it.pool);
        });
        foreach (var (user, ways) in users)
        {
            Limit((Upstream)user.Owner, next.ConvertAll(pair => pair.Entry));
            ((Upstream)user.Owner).Exits.Sweep(ways);
            Close(engine, (Upstream)user.Owner, ways);
        }
        if (come + gone > 0)
            engine.Notice($"{pool.Name} has {entries.Count} {(entries.Count == 1 ? "proxy" : "proxies")} now: {come} came, {gone} went");
    }

    /// <summary>Connections through proxies that an API is not reached through any more go when nothing goes over them.</summary>
    public static void Close(Engine engine, Upstream api, IEnumerable<ProxyOutlet> left)
    {
        var gone = api.Transport.Keep(left.Select(way => way.Endpoint).ToHashSet()).ToList();
        engine.Dispatcher.Change((engine.LeftConnections, api, gone), static (_, it, now) =>
        {
            it.gone.ForEach(connections => it.LeftConnections.AddNeedsLock(connections, it.api, now));
            return it.LeftConnections.UnusedNeedsLock();
        }).ForEach(static connections => connections.Dispose());
    }

    private List<ProxyOutlet> WaysOf(ProxyOutlets user, List<(PoolProxy Proxy, ProxyEntry Entry)> next)
    {
        var known = user.All.ToDictionary(way => way.Proxy);
        var ways = new List<ProxyOutlet>();
        foreach (var (proxy, entry) in next)
            try
            {
                var exit = ((Upstream)user.Owner).Exits.Of(entry, pool.Configuration.Limits);
                ways.Add(known.TryGetValue(proxy, out var way) && way.Exit == exit && way.Name == entry.Name ? way : new ProxyOutlet(proxy, exit, entry.Name));
            }
            catch (Exception failure) when (failure is ScopeHeldException or LedgerException)
            {
                engine.Notice($"proxy {entry.Name} of {pool.Name} cannot be used: {failure.Message}");
            }
        return ways;
    }

    /// <summary>Exits that were known may have other limits now.</summary>
    private void Limit(Upstream api, IReadOnlyList<ProxyEntry> entries)
    {
        try
        {
            if (api.Exits.Changes(entries, pool.Configuration.Limits, api.Terms).ToList() is { Count: > 0 } changes)
                new LimitChanges(engine, changes).Run();
        }
        catch (LedgerException failure)
        {
            engine.Notice($"the proxies of {pool.Name} keep their limits at {api.Name}: {failure.Message}");
        }
    }
}
