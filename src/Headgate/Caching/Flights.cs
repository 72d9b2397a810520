namespace Headgate.Caching;

/// <summary>
/// What is being asked for, so that of many who would ask the same one does. Of a URL that is one flight, until it is known by which fields of the requests
/// its answer is chosen; then it is one for each variant, side by side. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class Flights(TimeProvider time)
{
    /// <summary>So long nobody waits for what turned out to be for one only.</summary>
    private const long Memory = 30_000;

    /// <summary>So many of those are remembered.</summary>
    private const int MostRemembered = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, Route> _routes = [];
    private readonly Dictionary<CacheKey, long> _alone = [];

    /// <summary>For how many URLs something is on its way.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _routes.Count;
        }
    }

    /// <summary>Finds the one to wait for, or makes the request the one that others wait for; neither where there is nothing to share.</summary>
    /// <param name="request">The request.</param>
    /// <param name="terms">How it is sent.</param>
    /// <param name="told">By which fields the answer is chosen, as one told that this request has waited for; null for none.</param>
    /// <param name="stored">The same, as the newest stored answer says it, which a head that came meanwhile knows better; null for none.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public (Flight? Other, Flight? Own) Join(CacheRequest request, in FlightTerms terms, IReadOnlyList<string>? told, IReadOnlyList<string>? stored, long now)
    {
        for (var names = told ?? stored; ;)
        {
            // What a request says may take long to read: not under the lock.
            var variant = Selecting.Said(names ?? [], request.Fields);
            lock (_lock)
            {
                if (_alone.TryGetValue(request.Key, out var until) && until > now)
                    return default;
                var route = RouteNeedsLock(request.Key, names);
                if (told is null && route.Names is { } latest && latest != names)
                {
                    names = latest;
                    continue;
                }
                if (route.Flights.TryGetValue(variant, out var flight) && flight.IsFor(terms))
                    return (flight, null);
                return (null, route.Flights[variant] = new Flight(terms, time) { Variant = variant });
            }
        }
    }

    /// <summary>The head of one is there: its answer will be stored, for those who would have been given the same.</summary>
    /// <param name="request">What asked for it.</param>
    /// <param name="flight">The flight.</param>
    /// <param name="selecting">What the answer was chosen by.</param>
    public void Share(CacheRequest request, Flight flight, Selecting selecting)
    {
        var variant = Selecting.Said(selecting.Names, request.Fields);
        lock (_lock)
        {
            var route = RouteNeedsLock(request.Key, selecting.Names);
            route.Names = selecting.Names;
            route.Remove(flight);
            if (route.Flights.TryAdd(variant, flight))
                flight.Variant = variant;
        }
        flight.Share(selecting);
    }

    /// <summary>One is over.</summary>
    /// <param name="key">What it asked for.</param>
    /// <param name="flight">The flight.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public void End(CacheKey key, Flight flight, FlightEnd end, long now)
    {
        lock (_lock)
        {
            if (_routes.TryGetValue(key, out var route))
            {
                route.Remove(flight);
                if (route.Flights.Count == 0)
                    _routes.Remove(key);
            }
            if (end == FlightEnd.Kept)
                _alone.Remove(key);
            else if (end == FlightEnd.Alone && flight.HadFollowers)
            {
                if (_alone.Count >= MostRemembered)
                    _alone.Clear();
                _alone[key] = now + Memory;
            }
        }
        flight.End(end);
    }

    private Route RouteNeedsLock(CacheKey key, IReadOnlyList<string>? names)
    {
        if (!_routes.TryGetValue(key, out var route))
            _routes[key] = route = new Route();
        route.Names ??= names;
        return route;
    }

    /// <summary>What of one URL is on its way.</summary>
    private sealed class Route
    {
        /// <summary>By what its answers are chosen, as it was told last; null as long as nobody has.</summary>
        public IReadOnlyList<string>? Names;

        /// <summary>Each under what its request says in those fields, or in those that were told when it began.</summary>
        public readonly Dictionary<string, Flight> Flights = [];

        /// <summary>Unless another has taken its place.</summary>
        public void Remove(Flight flight)
        {
            if (Flights.GetValueOrDefault(flight.Variant) == flight)
                Flights.Remove(flight.Variant);
        }
    }
}
