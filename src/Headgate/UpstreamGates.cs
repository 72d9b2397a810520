using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Proxies;

namespace Headgate;

/// <summary>A part of an API that has limits of its own: a route or a country.</summary>
/// <param name="Upstream">The API.</param>
/// <param name="Place">Its place there: <c>route:search</c>, <c>geo:DE</c>.</param>
/// <param name="Limits">Its limits, beside those of the API.</param>
internal sealed record UpstreamPart(string Upstream, string Place, ValueList<Limits.Limit> Limits)
{
    public string Name => $"{Upstream}/{Place}";

    /// <summary>The parts that a configuration makes of an API.</summary>
    public static IEnumerable<UpstreamPart> Of(UpstreamConfiguration configuration) =>
        configuration.Routes.Select(route => new UpstreamPart(configuration.Name, $"route:{route.Name}", route.Limits))
            .Concat(configuration.Geo.Select(geo => new UpstreamPart(configuration.Name, $"geo:{geo.Country}", geo.Limits)));
}

/// <summary>
/// The gates of one API: one for each set of routes and country that a request can belong to, for each key that a caller brings itself, and for each
/// named queue with limits of its own. They have the limits of the API and its keys in common, which they share by turns; those of a route, a country or
/// a queue only the gates of that. Thread-safe.
/// </summary>
internal sealed class UpstreamGates
{
    private readonly ConcurrentDictionary<(ulong Routes, string? Country, OwnKey? Own, Scope? Queue), Gate> _gates = new();
    private readonly Dispatcher _dispatcher;
    private readonly UpstreamConfiguration _configuration;
    private readonly Scope[] _common;
    private readonly KeyPool? _keys;
    private readonly ProxyOutlets? _proxies;
    private readonly Dictionary<RequestPriority, decimal> _shares;
    private readonly Scope[] _routes;
    private readonly Dictionary<string, Scope> _countries;
    private readonly UnderWay _underWay;
    private readonly Gate _tunnels;

    private bool _areLeft;

    /// <summary>Makes the gate of those that belong to no route; the others when the first such request comes.</summary>
    /// <param name="dispatcher">Whose lock owns the gates.</param>
    /// <param name="configuration">The API.</param>
    /// <param name="common">What every request to it counts in.</param>
    /// <param name="keys">Its keys, if it has any.</param>
    /// <param name="proxies">The ways to it through proxies; null where it is reached without.</param>
    /// <param name="scopeOf">The scope of a part of the API.</param>
    /// <param name="underWay">Where what was let go is known until it has ended.</param>
    /// <param name="tunnels">The gate of connections that are passed through unread, which stays what it is.</param>
    public UpstreamGates(Dispatcher dispatcher, UpstreamConfiguration configuration, Scope[] common, KeyPool? keys, ProxyOutlets? proxies, Func<UpstreamPart, Scope> scopeOf, UnderWay underWay, Gate tunnels)
    {
        (_dispatcher, _configuration, _common, _keys, _proxies, _underWay, _tunnels) = (dispatcher, configuration, common, keys, proxies, underWay, tunnels);
        _shares = Enum.GetValues<RequestPriority>().Where(priority => configuration.Shares[priority] != Percentage.Whole)
            .ToDictionary(priority => priority, priority => configuration.Shares[priority].Fraction);
        var parts = UpstreamPart.Of(configuration).Select(scopeOf).ToList();
        _routes = [.. parts.Take(configuration.Routes.Count)];
        _countries = configuration.Geo.Zip(parts.Skip(configuration.Routes.Count)).ToDictionary(pair => pair.First.Country, pair => pair.Second);
        Usual = _gates[default] = Make(default);
    }

    /// <summary>The gate of what belongs to no route.</summary>
    public Gate Usual { get; }

    /// <summary>Every gate there is at the moment of looking. Whoever changes a scope looks under the lock of the dispatcher, under which gates are made.</summary>
    public IEnumerable<Gate> All => _gates.Select(static pair => pair.Value).Append(_tunnels);

    /// <summary>The scope of the route that a gate is for; null if it is for none.</summary>
    public Scope? RouteOf(Gate gate) => Array.Find(_routes, gate.Scopes.Contains);

    /// <summary>The scopes of routes and countries, by their place in the API: <c>route:search</c>, <c>geo:DE</c>.</summary>
    public IEnumerable<(string Place, Scope Scope)> Parts =>
        UpstreamPart.Of(_configuration).Select(part => part.Place).Zip(_routes.Concat(_configuration.Geo.Select(geo => _countries[geo.Country])));

    /// <summary>Others have taken their place.</summary>
    public bool AreLeft => _areLeft;

    /// <summary>Whether requests pass other gates where an API is treated otherwise: limits alone do not make the difference.</summary>
    public bool AreFor(UpstreamConfiguration other, KeyPool? keys, ProxyOutlets? proxies) => keys == _keys && proxies == _proxies && !_areLeft
        && (_configuration.Name, _configuration.Shares, _configuration.Weight) == (other.Name, other.Shares, other.Weight)
        && _configuration.Bases == other.Bases
        && _configuration.Routes.Select(route => route with { Limits = [] }).SequenceEqual(other.Routes.Select(route => route with { Limits = [] }))
        && _configuration.Geo.Select(geo => geo.Country).SequenceEqual(other.Geo.Select(geo => geo.Country));

    /// <summary>Others have taken their place: whoever waits here, or still comes, is sent there. Needs the lock.</summary>
    /// <param name="scheduler">Who sends them there.</param>
    /// <param name="isAll">The API itself has gone: so has its gate of connections that are passed through unread.</param>
    public void LeaveNeedsLock(Scheduler scheduler, bool isAll = false)
    {
        _areLeft = true;
        if (isAll)
            scheduler.Leave(_tunnels);
        foreach (var (_, gate) in _gates)
            scheduler.Leave(gate);
    }

    /// <summary>Whether a request counts in a part of the API.</summary>
    public bool Counts(Exchange exchange, Scope part)
    {
        var (routes, country) = ChoiceOf(exchange);
        return Array.IndexOf(_routes, part) is >= 0 and var index ? (routes & (1UL << index)) != 0 : country is not null && _countries[country] == part;
    }

    /// <summary>The gate a request has to pass.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="own">The key it brings itself, in whose place none of the pool is used; null for none.</param>
    /// <param name="queue">What counts the jobs of the named queue it comes from; null for nothing.</param>
    public Gate For(Exchange exchange, OwnKey? own, Scope? queue)
    {
        if (_routes.Length == 0 && _countries.Count == 0 && own is null && queue is null)
            return Usual;
        var (routes, country) = ChoiceOf(exchange);
        var choice = (routes, country, own, queue);
        if (_gates.TryGetValue(choice, out var gate))
            return gate;
        // Under the lock: limits that change at this moment change either before it is made, or for it too.
        return _dispatcher.Change((Gates: this, choice), static (_, it, _) => it.Gates._gates.GetOrAdd(it.choice, static (choice, gates) => gates.Make(choice), it.Gates));
    }

    /// <summary>Forgets the gates of a key that a caller brought, unless somebody waits in one or something of it counts yet.</summary>
    public bool TryForget(OwnKey own) => _dispatcher.Change((_gates, own), static (_, it, now) =>
    {
        var theirs = it._gates.Where(gate => gate.Key.Own == it.own).ToList();
        if (!it.own.Scope.IsIdle(now) || theirs.Any(gate => gate.Value.Waiting > 0))
            return false;
        foreach (var gate in theirs)
            it._gates.TryRemove(gate);
        return true;
    });

    private (ulong Routes, string? Country) ChoiceOf(Exchange exchange) =>
        (RoutesOf(exchange.Method.Method, exchange.Uri), exchange.Terms.Country is { } country && _countries.ContainsKey(country) ? country : null);

    private ulong RoutesOf(string method, Uri uri)
    {
        if (_routes.Length == 0)
            return 0;
        var whole = UrlPath.Plain(uri.AbsolutePath);
        var path = whole.AsSpan(BasePath(Authority.Of(uri), whole));
        var routes = 0UL;
        for (var index = 0; index < _routes.Length; index++)
            if (_configuration.Routes[index].Holds(method, path))
                routes |= 1UL << index;
        return routes;
    }

    /// <summary>How much of the path is that of the base address.</summary>
    private int BasePath(Authority authority, string path)
    {
        var longest = 0;
        foreach (var address in _configuration.Bases)
            if (address.Authority == authority && address.PlainPath.Length > longest && address.Holds(path))
                longest = address.PlainPath.Length;
        return longest;
    }

    private Gate Make((ulong Routes, string? Country, OwnKey? Own, Scope? Queue) choice)
    {
        IEnumerable<Scope> parts = _routes.Where((_, index) => (choice.Routes & (1UL << index)) != 0);
        if (choice.Country is { } country)
            parts = parts.Append(_countries[country]);
        Scope[] own = [.. parts];
        IEnumerable<Scope> key = choice.Own is { } brought ? [brought.Scope] : [];
        IEnumerable<Scope> queue = choice.Queue is { } from ? [from] : [];
        IEnumerable<string> names = own.Select(scope => scope.Name[(_configuration.Name.Length + 1)..]).Concat(queue.Select(scope => scope.Name));
        return new Gate(_configuration.Name, [.. _common, .. own, .. key, .. queue], choice.Own is null ? _keys : null, _shares, _configuration.Weight)
        {
            Own = choice.Own,
            Proxies = _proxies,
            UnderWay = _underWay,
            IsLeft = _areLeft,
            Queue = choice.Queue,
            Parts = names.Any() ? string.Join(' ', names) : null,
        };
    }
}
