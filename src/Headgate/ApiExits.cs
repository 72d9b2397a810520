using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate;

/// <summary>
/// The exits through which one API is reached, each with its limits: its server counts by the address that it sees. One that is not used any more
/// stays as long as what went through it counts, so that it finds its windows as they are when it comes back. Thread-safe.
/// </summary>
internal sealed class ApiExits(Upstream api, Engine engine) : IProxyUser
{
    /// <summary>So many that are used no more may be known before those of which nothing counts are forgotten.</summary>
    private const int MostUnused = 100;

    private readonly ConcurrentDictionary<string, ProxyExit> _exits = new();

    /// <summary>Those that are known, by name.</summary>
    public IEnumerable<ProxyExit> All => _exits.Select(static exit => exit.Value);

    /// <summary>What the ledger calls the scope of an exit.</summary>
    public string NameOf(ProxyExit exit) => $"{api.Name}/proxy:{exit.Name}";

    public string Name => api.Name;

    public IEnumerable<Gate> Gates => api.Gates.All;

    public ProxyExit ExitOf(ProxyEntry entry, ValueList<Limit> limits)
    {
        if (_exits.TryGetValue(entry.ExitName, out var known))
            return known;
        var scope = new Scope($"{(entry.Exit is null ? "proxy" : "exit")} {entry.ExitName} of {api.Name}", entry.Limits ?? limits, api.Terms, engine.Dispatcher.Ours, api.Scope.Server);
        var exit = new ProxyExit(entry.ExitName, scope);
        engine.Remember(api, NameOf(exit), scope, IdentityOf(exit));
        return _exits[exit.Name] = exit;
    }

    /// <summary>Limits that exits are to have and have not; none for those that stay as they are.</summary>
    /// <param name="entries">The proxies.</param>
    /// <param name="limits">The limits of those that say nothing.</param>
    /// <param name="terms">What is known of arrival at the API from then on.</param>
    public IEnumerable<ScopeChange> Changes(IEnumerable<ProxyEntry> entries, ValueList<Limit> limits, ArrivalTerms terms) =>
        from entry in entries.DistinctBy(entry => entry.ExitName)
        let exit = _exits.GetValueOrDefault(entry.ExitName)
        where exit is not null
        let next = entry.Limits ?? limits
        where exit.Scope.Terms != terms || !exit.Scope.Declared.SequenceEqual(next)
        select new ScopeChange(api, exit.Scope, NameOf(exit), IdentityOf(exit), next, terms);

    public void Follow(ProxyPool pool, IReadOnlyList<ProxyEntry> entries, IReadOnlyList<ProxyOutlet> ways)
    {
        try
        {
            if (Changes(entries, pool.Configuration.Limits, api.Terms).ToList() is { Count: > 0 } changes)
                new LimitChanges(engine, changes).Run();
        }
        catch (LedgerException failure)
        {
            engine.Notice($"the proxies of {pool.Name} keep their limits at {api.Name}: {failure.Message}");
        }
        Leave(ways);
    }

    /// <summary>Only these ways are used any more: connections through other proxies go when nothing goes over them, and exits when nothing of them counts.</summary>
    public void Leave(IReadOnlyList<ProxyOutlet> left)
    {
        Sweep(left);
        var gone = api.Transport.Keep(left.Select(way => way.Endpoint).ToHashSet()).ToList();
        engine.Dispatcher.Change((engine.LeftConnections, api, gone), static (_, it, now) => it.gone.ForEach(connections => it.LeftConnections.AddNeedsLock(connections, it.api, now)));
        engine.LeftConnections.Close(engine.Dispatcher);
    }

    /// <summary>Forgets those that are used no more and of which nothing counts, where there are many.</summary>
    /// <param name="used">The ways there are.</param>
    private void Sweep(IEnumerable<ProxyOutlet> used)
    {
        var unused = All.Except(used.Select(outlet => outlet.Exit)).ToList();
        if (unused.Count <= MostUnused)
            return;
        var idle = engine.Dispatcher.Read((api, unused), static (_, it, now) =>
            it.unused.Where(exit => exit.Scope.IsIdle(now) && !it.api.UnderWay.All.Any(permit => permit.Proxy?.Exit == exit)).ToList());
        foreach (var exit in idle)
            if (_exits.TryRemove(KeyValuePair.Create(exit.Name, exit)))
                engine.Forget(api, exit.Scope);
    }

    private string IdentityOf(ProxyExit exit) => $"{api.Identity} proxy {exit.Name}";
}
