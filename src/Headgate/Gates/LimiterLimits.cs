using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>The limits of limiters: read from text, and the states of them.</summary>
internal static class LimiterLimits
{
    /// <summary>Reads the limits of a limiter.</summary>
    /// <exception cref="FormatException">A text is not a limit; the message names all that are not.</exception>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Limit[] Read(IEnumerable<string> texts, string parameter)
    {
        ArgumentNullException.ThrowIfNull(texts, parameter);
        var (limits, wrong) = (new List<Limit>(), new List<string>());
        foreach (var text in texts)
            if (Limit.TryParse(text, out var limit, out var error))
                limits.Add(limit!);
            else
                wrong.Add(error!);
        if (wrong.Count > 0)
            throw new FormatException(string.Join(Environment.NewLine, wrong));
        return limits.Count > 0 ? [.. limits] : throw new ArgumentException("a limiter needs at least one limit, for example \"100/s\"", parameter);
    }

    /// <summary>Makes the state for a limit. What is not nominal is bounded by the longest a lease may last, so that a lease nobody ends holds nothing for ever.</summary>
    public static Func<Limit, LimitState> Creator(GateLimiterSettings options, WallTime ours)
    {
        var (timing, bound, straggle, hold) = (options.Timing, options.Bound, Clock.Nanoseconds(options.Straggle), Clock.Nanoseconds(options.MaxHold));
        return limit =>
        {
            // Of other units nobody knows at the grant what they will come to.
            var own = limit.Unit == Limit.Requests ? limit.Timing ?? timing : LimitTiming.Guaranteed;
            var terms = own switch
            {
                LimitTiming.Nominal => new ArrivalTerms(LimitTiming.Nominal, 0, straggle),
                LimitTiming.Bounded => new ArrivalTerms(LimitTiming.Bounded, Math.Min(hold, Clock.Nanoseconds(limit.Bound ?? bound)), straggle) { SettlesTogether = true },
                _ => new ArrivalTerms(LimitTiming.Bounded, hold, straggle) { SettlesTogether = true },
            };
            // The windows of a limiter are counted by its own clock.
            return LimitStates.Create(limit with { Timing = null, Bound = null }, terms, ours, ours);
        };
    }
}
