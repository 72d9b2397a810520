using Headgate.Time;

namespace Headgate.Limits;

/// <summary>The state for each way a server counts.</summary>
internal static class LimitStates
{
    /// <summary>A limit never used.</summary>
    /// <param name="limit">What was promised.</param>
    /// <param name="terms">What is known of arrival; a limit that says otherwise has its own.</param>
    /// <param name="ours">Our wall clock, for schedules.</param>
    /// <param name="server">The server's wall clock, for fixed windows.</param>
    public static LimitState Create(Limit limit, ArrivalTerms terms, WallTime ours, WallTime server)
    {
        terms = terms.For(limit);
        return limit.Algorithm switch
        {
            LimitAlgorithm.Sliding => new SlidingState(limit, terms, ours),
            LimitAlgorithm.Fixed => new FixedState(limit, terms, ours, server),
            LimitAlgorithm.Bucket => new BucketState(limit, terms, ours),
            LimitAlgorithm.Counter => new CounterState(limit, terms, ours),
            LimitAlgorithm.Spaced => new SpacedState(limit, terms, ours),
            LimitAlgorithm.Concurrent => new ConcurrentState(limit, terms, ours),
            _ => throw new ArgumentOutOfRangeException(nameof(limit), limit.Algorithm, "no such algorithm"),
        };
    }
}
