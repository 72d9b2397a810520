namespace Headgate.Tests.Limits.Servers;

/// <summary>
/// A third party's limiter, written from its definition and sharing nothing with the engine: it is told every arrival in order, by its own
/// clock in nanoseconds, and says whether it would refuse it.
/// </summary>
internal abstract class ModelServer
{
    /// <summary>Whether the arrival is within the limit; it is counted if so.</summary>
    public abstract bool Accepts(long at, long cost);

    /// <summary>Counts an arrival of the time before the limit was this one; it is let through whatever the count.</summary>
    public abstract void Count(long at, long cost);

    /// <summary>Says which arrival would be refused, or null.</summary>
    public string? Refuses(IEnumerable<Arrival> arrivals, Func<long, long>? clock = null)
    {
        var number = 0;
        foreach (var arrival in arrivals)
        {
            number++;
            var at = clock?.Invoke(arrival.At) ?? arrival.At;
            if (arrival.IsOfOldLimit)
                Count(at, arrival.Cost);
            else if (!Accepts(at, arrival.Cost))
                return $"{GetType().Name} refuses arrival {number}: cost {arrival.Cost} at {arrival.At} (sent at {arrival.Sent})";
        }
        return null;
    }
}

/// <summary>What the server sees of an attempt.</summary>
internal readonly record struct Arrival(long At, long Cost, long Sent, bool IsOfOldLimit = false);
