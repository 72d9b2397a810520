using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.Gates;

/// <summary>When somebody could go after all who wait in a gate: never too early, and exact unless the queue is longer than the whole of a limit. Pure.</summary>
internal static class QueueForecast
{
    /// <summary>When a cost could go, and what would hold it; never, as far as is known, if only an event can tell.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="cost">The cost.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <param name="ahead">So many requests of one each come before, beside those that wait in the gate; less than 0 if so many of those come after.</param>
    public static (long At, Constraint? Holding) After(Gate gate, Cost cost, long now, long ahead = 0)
    {
        var (at, holding) = (now, (Constraint?)null);
        for (var index = 0; index < gate.Checkpoints.Length; index++)
        {
            var limit = gate.Checkpoints[index];
            if (limit.UnitsOf(cost) is not (var units and > 0))
                continue;
            var queued = Math.Max(0, gate.QueuedAt(index) + ahead * limit.UnitsOf(Cost.One));
            var free = limit.State.FreeAfter(queued, units, now);
            if (free != LimitState.Never && queued + units > limit.State.Whole)
                free = LimitState.Later(free, Spread(gate, limit));
            if (free > at)
                (at, holding) = (free, limit);
        }
        if (gate.Proxies is { } ways && Through(ways, gate.QueuedRequests + ahead, cost, now) is var (through, by) && through > at)
            (at, holding) = (through, by);
        return (at, holding);
    }

    /// <summary>
    /// The same by the exits that the API is reached through, as if those who come before went evenly through all that can be used now. While none
    /// can, it is when the first comes back.
    /// </summary>
    private static (long At, Constraint Holding) Through(ProxyOutlets ways, long queued, Cost cost, long now)
    {
        var exits = ways.All.Where(way => way.IsUsable(now)).Select(static way => way.Exit).ToHashSet();
        if (exits.Count == 0)
            return (ways.All.Select(way => way.BackAt(now)).DefaultIfEmpty(LimitState.Never).Min(), ways.Usual);
        var (at, holding, each) = (now, (Constraint)ways.Usual, Math.Max(0, queued) / exits.Count);
        foreach (var limit in exits.SelectMany(static exit => exit.Scope.Checkpoints))
            if (limit.UnitsOf(cost) is var units and > 0 && limit.State.FreeAfter(each * limit.UnitsOf(Cost.One), units, now) is var free && free > at)
                (at, holding) = (free, limit);
        return (at, holding);
    }

    /// <summary>What goes through one limit all at once takes this long through the others, and so comes back as much later.</summary>
    private static Int128 Spread(Gate gate, Checkpoint through)
    {
        Int128 longest = 0;
        foreach (var other in gate.Checkpoints)
            if (other != through && other.State.Limit.Unit == through.State.Limit.Unit && other.State.Refill > 0)
                longest = Int128.Max(longest, ((Int128)through.State.Whole / other.State.Whole + 1) * other.State.Refill);
        // A limit slower than this one is no hindrance that this one would not be behind already.
        return Int128.Min(longest, through.State.Refill);
    }
}
