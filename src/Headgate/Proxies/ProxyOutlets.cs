using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Gates;

namespace Headgate.Proxies;

/// <summary>The proxies of a pool as the ways to one API. What changes is owned by the lock of its dispatcher; the lists may be read by anybody.</summary>
internal sealed class ProxyOutlets
{
    /// <summary>More wishes are not kept apart: they are named by whoever asks.</summary>
    private const int MostWishes = 1_000;

    /// <summary>So many ways are enough to compare another one with.</summary>
    private const int EnoughToCompare = 3;

    private readonly ProxyPool _pool;
    private readonly Lock _lock = new();
    private volatile ProxyOutlet[] _all = [];
    private volatile Dictionary<PoolProxy, ProxyOutlet> _byProxy = [];
    private volatile ConcurrentDictionary<string, PoolProxy> _preferred = [];
    private volatile WishedWays[] _wished;

    /// <param name="pool">The pool.</param>
    /// <param name="user">The API.</param>
    public ProxyOutlets(ProxyPool pool, IProxyUser user)
    {
        (_pool, User) = (pool, user);
        _wished = [Usual = new WishedWays(this, default)];
    }

    public ProxyPool Pool => _pool;

    /// <summary>The API.</summary>
    public IProxyUser User { get; }

    public ProxyChoice Choice => _pool.Configuration.Choice;

    public ProxyOutlet[] All => _all;

    /// <summary>The way by a proxy; null where it leads nowhere.</summary>
    public ProxyOutlet? Of(PoolProxy proxy) => _byProxy.GetValueOrDefault(proxy);

    /// <summary>The ways of those who ask for nothing.</summary>
    public WishedWays Usual { get; }

    /// <summary>The ways of every wish that somebody may wait at.</summary>
    public WishedWays[] Wished => _wished;

    /// <summary>No proxy is left, and none will come by itself.</summary>
    public bool AllDead
    {
        get
        {
            if (_pool.IsAwaited)
                return false;
            foreach (var outlet in _all)
                if (!outlet.IsDead)
                    return false;
            return true;
        }
    }

    /// <summary>Why none is left, for the one who is told so.</summary>
    public string WhyDead()
    {
        var dead = _all.Where(outlet => outlet.DeadReason is not null).ToList();
        return _all.Length == 0 ? $"there is no proxy in {_pool.Name}{(_pool.Trouble is { } trouble ? $": {trouble}" : "")}"
            : $"{(_all.Length == 1 ? $"the only proxy of {_pool.Name} cannot be used" : $"none of the {_all.Length} proxies of {_pool.Name} can be used")}: {string.Join("; ", dead.Take(5).Select(outlet => $"{outlet.Name}: {outlet.DeadReason}"))}";
    }

    public string Describe()
    {
        var usable = _all.Where(outlet => !outlet.IsDead && outlet.Proxy.PausedBy is null).ToList();
        return usable.Count == 0 ? _pool.IsAwaited ? $"the list of proxies of {_pool.Name}" : $"the proxies of {_pool.Name}, of which none is in use"
            : usable.All(outlet => outlet.Proxy.Health.IsOnProbation) ? $"the proxies of {_pool.Name}, which failed ({usable[0].Proxy.Health.LastFault})"
            : $"the limits of {(usable.Count == 1 ? $"proxy {usable[0].Name}" : $"all {usable.Count} proxies of {_pool.Name}")}";
    }

    /// <summary>Whether there are proxies of a country that may be used yet.</summary>
    public bool Has(string country)
    {
        foreach (var outlet in _all)
            if (outlet.Proxy.Entry.Country == country && !outlet.IsDead)
                return true;
        return false;
    }

    /// <summary>The ways for what a request asks for.</summary>
    /// <param name="country">The country it is to go through, for pools chosen by that.</param>
    /// <param name="keepsTo">By what it keeps to one, for pools chosen so.</param>
    /// <param name="avoids">The proxy that has just failed it.</param>
    public WishedWays For(string? country, string? keepsTo, PoolProxy? avoids)
    {
        var wish = new ProxyWish(
            Choice == ProxyChoice.Geo && country is not null && Has(country) ? country : null,
            Choice == ProxyChoice.Sticky && keepsTo is not null ? Preferred(keepsTo) : null,
            avoids);
        return wish == default ? Usual : For(wish);
    }

    /// <summary>
    /// Whose fault it is that an answer broke off on a way whose proxy is there: the API's, where answers break off on the other ways too, at least half
    /// as often; or where this request broke off on another way before, and this one mostly brings what it is given. Until three others have brought
    /// anything, or all that the request could take, it is that of the way: they will tell. Where there is no other way it is the API's.
    /// </summary>
    /// <param name="way">The way, in which it counts.</param>
    /// <param name="before">The proxy by which the same request broke off before; null for none.</param>
    /// <param name="country">The country that the request keeps to; null for none.</param>
    /// <param name="now">The time.</param>
    public bool IsApisFaultNeedsLock(ProxyOutlet way, PoolProxy? before, string? country, long now)
    {
        way.Answers.Add(isWhole: false);
        var keepsTo = country is not null && Has(country) ? country : null;
        var (whole, broken, known, others) = (0d, 0d, 0, 0);
        foreach (var other in _all)
        {
            if (other == way || !(other.Answers.IsKnown || CanTell(other, keepsTo, now)))
                continue;
            (whole, broken) = (whole + other.Answers.Whole, broken + other.Answers.Broken);
            (known, others) = (known + (other.Answers.IsKnown ? 1 : 0), others + 1);
        }
        var own = way.Answers.Share;
        return others == 0
            || (known >= Math.Min(others, EnoughToCompare) && 2 * AnswerTally.ShareOf(whole, broken) >= own)
            || (before is not null && before != way.Proxy && own < 0.5);
    }

    /// <summary>Others from now on; needs the lock. Wishes nobody waits at are forgotten.</summary>
    public void UseNeedsLock(IEnumerable<ProxyOutlet> outlets)
    {
        _all = [.. outlets];
        _byProxy = _all.ToDictionary(static way => way.Proxy);
        _preferred = [];
        lock (_lock)
        {
            foreach (var ways in _wished)
                ways.IsKept = ways == Usual || ways.FirstClaim is not null;
            _wished = [.. _wished.Where(ways => ways.IsKept)];
        }
    }

    /// <summary>Somebody waits at ways that were forgotten.</summary>
    public void KeepNeedsLock(WishedWays ways)
    {
        lock (_lock)
            (ways.IsKept, _wished) = (true, [.. _wished, ways]);
    }

    /// <summary>One that was dead may be used again: whoever kept to another one in its place goes back.</summary>
    public void Revived() => _preferred = [];

    /// <summary>Whether a request may go that way next. Of one that never gets any, because it is paused or elsewhere, nothing will ever be known.</summary>
    private static bool CanTell(ProxyOutlet way, string? country, long now) => way.IsUsable(now) && (country is null || way.Proxy.Entry.Country == country);

    private WishedWays For(ProxyWish wish)
    {
        foreach (var ways in _wished)
            if (ways.Wish == wish)
                return ways;
        lock (_lock)
        {
            if (Array.Find(_wished, ways => ways.Wish == wish) is { } known)
                return known;
            if (_wished.Length >= MostWishes)
                return Usual;
            var made = new WishedWays(this, wish);
            _wished = [.. _wished, made];
            return made;
        }
    }

    private PoolProxy? Preferred(string text)
    {
        var known = _preferred;
        if (known.TryGetValue(text, out var best) && Of(best) is { IsDead: false })
            return best;
        best = Scored(text);
        if (best is not null && known.Count < MostWishes)
            known[text] = best;
        return best;
    }

    private PoolProxy? Scored(string text)
    {
        PoolProxy? best = null;
        foreach (var outlet in _all)
            if (!outlet.IsDead && (best is null || ProxyOrder.Score(text, outlet.Proxy.Entry) > ProxyOrder.Score(text, best.Entry)))
                best = outlet.Proxy;
        return best;
    }
}
