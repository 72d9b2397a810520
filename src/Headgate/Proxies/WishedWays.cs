using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Time;

namespace Headgate.Proxies;

/// <summary>What a request asks of the proxies of its API.</summary>
/// <param name="Country">Those of one country, while there are any; null for all.</param>
/// <param name="Prefers">The one it keeps to while it can be used; null for none.</param>
/// <param name="Avoids">The one that has just failed it, while there are others; null for none.</param>
internal readonly record struct ProxyWish(string? Country, PoolProxy? Prefers, PoolProxy? Avoids);

/// <summary>
/// The proxies of an API as seen with one wish: the one that is free soonest, and of several the one that the strategy likes best. Requests with
/// the same wish wait here, so that those for whom there is a way are never behind those for whom there is none.
/// </summary>
internal sealed class WishedWays(ProxyOutlets outlets, ProxyWish wish) : Constraint
{
    /// <summary>So few are walked through.</summary>
    private const int FewWays = 32;

    private Cost? _serviceTimeOf;
    private long _serviceTime;
    private int _serviceTimeFor;

    /// <summary>Until when the order of all APIs is not asked: most that come first there do not reach this one.</summary>
    private long _ranksAloneUntil = long.MinValue;

    public ProxyWish Wish => wish;

    public override string Describe() => outlets.Describe();

    /// <summary>Whether events come to it: not once it was forgotten because nobody waited. Needs the lock.</summary>
    public bool IsKept { get; set; } = true;

    // Somebody may have found it just before it was forgotten.
    public override void Enter(Claim claim)
    {
        base.Enter(claim);
        if (!IsKept)
            outlets.KeepNeedsLock(this);
    }

    // All need one place of one proxy, whatever else they cost.
    public override bool HoldsAllBehind(Lane lane) => true;

    /// <summary>The way that could be taken soonest, and when; null where there is none.</summary>
    public (ProxyOutlet? Outlet, long At) Soonest(Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        if (wish.Prefers is not null && Kept(now) is { } kept)
            return (kept, kept.FreeAt(turn, cost, now, overtakes, ref retry));
        (ProxyOutlet? Outlet, long At) best = (null, Clock.Never);
        var isCountry = wish.Country is { } country && outlets.Has(country);
        if (outlets.All.Length > FewWays && Best(turn, cost, now, overtakes, isCountry) is { } first)
            return (first, now);
        foreach (var outlet in outlets.All)
        {
            // One that would not be chosen need not be looked at.
            if ((isCountry && outlet.Proxy.Entry.Country != wish.Country) || (best.At <= now && !IsBetter(outlet.Proxy, best.Outlet!.Proxy, now)))
                continue;
            var at = outlet.FreeAt(turn, cost, now, overtakes, ref retry);
            if (best.Outlet is null || at < best.At || at <= now)
                best = (outlet, at);
        }
        return best;
    }

    /// <summary>The best way that is free, if it is among the first of the strategy's order; null if a walk through all is to tell.</summary>
    public ProxyOutlet? Best(Claim turn, Cost cost, long now, bool overtakes, bool isCountry)
    {
        var country = isCountry ? wish.Country : null;
        if (now >= _ranksAloneUntil)
        {
            if (First(outlets.Pool.RankingNeedsLock(country, null, now), turn, cost, now, overtakes, out var outOfReach) is { } first)
                return first;
            if (2 * outOfReach <= ProxyRanking.MostTold)
                return null;
            _ranksAloneUntil = now + ProxyRanking.Holds;
        }
        return First(outlets.Pool.RankingNeedsLock(country, outlets, now), turn, cost, now, overtakes, out _);
    }

    private ProxyOutlet? First(ProxyRanking ranking, Claim turn, Cost cost, long now, bool overtakes, out int outOfReach)
    {
        var retry = Clock.Never;
        outOfReach = 0;
        ranking.Begin(now);
        while (ranking.Next() is { } proxy)
        {
            if (outlets.Of(proxy) is not { } outlet || outlet.IsOutOfReach(now))
                outOfReach++;
            else if (proxy != wish.Avoids && outlet.FreeAt(turn, cost, now, overtakes, ref retry) <= now)
                return outlet;
        }
        return null;
    }

    protected override long UnitsFor(Lane lane) => 1;

    protected override long ServiceTime(Cost cost)
    {
        // As good as it was a few turns ago: a walk through thousands for each turn would cost more than the turn.
        if (cost.Equals(_serviceTimeOf) && _serviceTimeFor-- > 0)
            return _serviceTime;
        (_serviceTimeOf, _serviceTimeFor) = (cost, outlets.All.Length / 16);
        return _serviceTime = AverageOf(cost);
    }

    private long AverageOf(Cost cost)
    {
        var (longest, count) = (0L, 0);
        foreach (var outlet in outlets.All)
        {
            if (outlet.IsDead)
                continue;
            count++;
            foreach (var limit in outlet.Scope.Checkpoints)
                if (!limit.State.CountsAttempts)
                    longest = Math.Max(longest, limit.State.ServiceTime(limit.UnitsOf(cost)));
        }
        return count == 0 ? 0 : longest / count;
    }

    /// <summary>The one it keeps to; while that cannot be used, the same other one for all who keep to that.</summary>
    private ProxyOutlet? Kept(long now)
    {
        if (outlets.Of(wish.Prefers!) is { } own && own.IsUsable(now))
            return own;
        ProxyOutlet? kept = null;
        foreach (var outlet in outlets.All)
        {
            if (outlet.IsUsable(now) && (kept is null || ProxyOrder.Score(wish.Prefers!.Name, outlet.Proxy.Entry) > ProxyOrder.Score(wish.Prefers!.Name, kept.Proxy.Entry)))
                kept = outlet;
        }
        return kept;
    }

    private bool IsBetter(PoolProxy one, PoolProxy other, long now)
    {
        if (wish.Avoids is { } avoided && (one == avoided) != (other == avoided))
            return other == avoided;
        return ProxyOrder.Compare(outlets.Choice, one, other, now) < 0;
    }
}
