namespace Headgate.Caching;

/// <summary>What is being asked for, so that of many who would ask the same one does. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class Flights(TimeProvider time)
{
    /// <summary>So long nobody waits for what turned out to be for one only.</summary>
    private const long Memory = 30_000;

    /// <summary>So many of those are remembered.</summary>
    private const int MostRemembered = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, Flight> _flights = [];
    private readonly Dictionary<CacheKey, long> _alone = [];

    /// <summary>Finds the one to wait for, or makes the request the one that others wait for; neither where there is nothing to share.</summary>
    /// <param name="request">The request.</param>
    /// <param name="terms">How it is sent.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public (Flight? Other, Flight? Own) Join(CacheRequest request, in FlightTerms terms, long now)
    {
        lock (_lock)
        {
            if (_alone.TryGetValue(request.Key, out var until) && until > now)
                return default;
            if (_flights.TryGetValue(request.Key, out var flight) && flight.IsFor(request, terms))
                return (flight, null);
            return (null, _flights[request.Key] = new Flight(terms, time));
        }
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
            if (_flights.GetValueOrDefault(key) == flight)
                _flights.Remove(key);
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
}
