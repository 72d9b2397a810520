using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.Gates;

/// <summary>What a look at a waiter told.</summary>
/// <param name="At">When it could go; never, as far as is known, where only an event can tell.</param>
/// <param name="HeldBy">What holds it longest.</param>
/// <param name="Key">The key it would go with.</param>
/// <param name="Way">The proxy it would go through.</param>
/// <param name="RetryAt">When a look is worth while even without an event: somebody whose turn comes first will have gone.</param>
internal readonly record struct Passing(long At, Claim? HeldBy, PoolKey? Key, ProxyOutlet? Way, long RetryAt)
{
    public bool IsOpen(long now) => At <= now;
}

/// <summary>Whether a waiter may go: every limit, key and proxy it needs is judged at once, and nothing is taken. Pure.</summary>
internal static class Passage
{
    /// <summary>Looks at the first waiter of a lane, or at one whose lane is empty.</summary>
    public static Passing Look(Lane lane, Cost cost, long now) => Look(lane, cost, now, overtakes: false);

    /// <summary>Looks at a waiter that is not the first of its lane: it may pass the first only if that still goes at its time.</summary>
    public static Passing LookBehind(Lane lane, Cost cost, long now) => Look(lane, cost, now, overtakes: true);

    /// <summary>When one limit would let a cost go; never, as far as is known, while its units are reserved for somebody whose turn comes first.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="turn">The turn of the lane, here or for the keys of the pool.</param>
    /// <param name="cost">The cost.</param>
    /// <param name="now">The time.</param>
    /// <param name="overtakes">Whether the lane has a waiter before it.</param>
    /// <param name="retry">Made earlier if the one for whom it is reserved goes earlier.</param>
    public static long FreeAt(Checkpoint limit, Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        var need = limit.NeedOf(turn.Lane, cost);
        if (need == 0)
            return now;
        var free = limit.State.FreeAt(need, now);
        if (free > now)
            return free;
        var units = limit.UnitsOf(cost);
        if (limit.ReservedFor(turn, units, now) is { } other)
        {
            // The other goes, both fit, or more is known: until it is certain when something arrived the worst is reckoned with.
            foreach (var time in (ReadOnlySpan<long>)[other.FreeAt, limit.FreeBeside(other, units, now), limit.State.NextCertain])
                if (time > now)
                    retry = Math.Min(retry, time);
            return LimitState.Never;
        }
        return overtakes && limit.Delays(turn.Lane, units, now) ? LimitState.Never : now;
    }

    private static Passing Look(Lane lane, Cost cost, long now, bool overtakes)
    {
        var (at, heldBy, retry) = (now, (Claim?)null, LimitState.Never);
        foreach (var claim in lane.Claims)
        {
            var free = FreeAt((Checkpoint)claim.Constraint, claim, cost, now, overtakes, ref retry);
            if (free > at)
                (heldBy, at) = (claim, free);
        }
        var key = lane.Sticky;
        if (lane.ChoosesKey)
        {
            (key, var soonest) = lane.Gate.Keys!.Soonest(lane.Pool!, cost, now, overtakes, ref retry);
            if (soonest > at)
                (heldBy, at) = (lane.Pool, soonest);
        }
        if (lane.Via is not { } via)
            return new Passing(at, heldBy, key, null, retry);
        var (way, open) = ((WishedWays)via.Constraint).Soonest(via, cost, now, overtakes, ref retry);
        return open > at ? new Passing(open, via, key, way, retry) : new Passing(at, heldBy, key, way, retry);
    }
}
