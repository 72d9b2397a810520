using System.Security.Cryptography.X509Certificates;
using Headgate.Configuration;

namespace Headgate.Proxies;

/// <summary>Proxies by the name of their pool, for every API that is reached through it. What changes is owned by the lock of its dispatcher; the lists may be read by anybody.</summary>
internal sealed class ProxyPool(ProxyPoolConfiguration configuration)
{
    private volatile ProxyPoolConfiguration _configuration = configuration;
    private volatile PoolProxy[] _proxies = [];
    private volatile ProxyOutlets[] _users = [];
    private volatile string? _trouble;
    private volatile Func<X509ChainPolicy>? _trust;
    private PoolProxy[] _gone = [];

    /// <summary>Those of one country, and under the empty name all; for all APIs, or for one.</summary>
    private readonly Dictionary<(string Country, ProxyOutlets? Ways), ProxyRanking> _rankings = [];
    private long _forgetsAt = long.MinValue;

    public string Name => _configuration.Name;

    public ProxyPoolConfiguration Configuration
    {
        get => _configuration;
        set => _configuration = value;
    }

    /// <summary>Makes by whom its proxies of https:// are trusted; null for whoever the system trusts.</summary>
    public Func<X509ChainPolicy>? Trust
    {
        get => _trust;
        set => _trust = value;
    }

    /// <summary>Those that its sources give.</summary>
    public PoolProxy[] Proxies
    {
        get => _proxies;
        set => _proxies = value;
    }

    /// <summary>Those, and some that they gave before: one that comes back is as far as it was.</summary>
    public IEnumerable<PoolProxy> Known => _proxies.Concat(_gone);

    /// <summary>The APIs that are reached through it.</summary>
    public ProxyOutlets[] Users
    {
        get => _users;
        set => _users = value;
    }

    /// <summary>Its list comes from an address, and has not come yet: requests wait for it.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>Why its list is not what its source gives, or could not be read at all; null where all is well.</summary>
    public string? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    /// <summary>The turn that all have had who are in use: whoever comes, or comes back, begins there.</summary>
    public long Reached { get; private set; }

    /// <summary>Others from now on.</summary>
    public void UseNeedsLock(PoolProxy[] next)
    {
        _rankings.Clear();
        _gone = [.. Known.Except(next).TakeLast(ProxyPoolConfiguration.LargestPool)];
        _proxies = next;
    }

    /// <summary>Its proxies in the order in which they are chosen.</summary>
    /// <param name="country">Those of one country; null for all.</param>
    /// <param name="ways">Those to one API, for an order that holds for a moment and puts behind what that cannot be reached by; null for that of all APIs.</param>
    /// <param name="now">The time.</param>
    public ProxyRanking RankingNeedsLock(string? country, ProxyOutlets? ways, long now)
    {
        ForgetNeedsLock(now);
        if (_rankings.TryGetValue((country ?? "", ways), out var known) && known.IsOf(Configuration.Choice, now))
            return known;
        return _rankings[(country ?? "", ways)] = new ProxyRanking(Configuration.Choice, country is null ? _proxies : [.. _proxies.Where(proxy => proxy.Entry.Country == country)], now, ways);
    }

    /// <summary>A request goes through one of them.</summary>
    public void TakeNeedsLock(PoolProxy proxy)
    {
        Reached = proxy.Take(Reached);
        Changed(proxy);
    }

    /// <summary>One of them was at fault, or is used again.</summary>
    public void JudgedNeedsLock(PoolProxy proxy, long now)
    {
        foreach (var (_, ranking) in _rankings)
            ranking.Judged(proxy, now);
    }

    /// <summary>It does not go through it any more.</summary>
    public void EndNeedsLock(PoolProxy proxy)
    {
        proxy.End();
        Changed(proxy);
    }

    /// <summary>Orders of one API cost something at each change: those that nobody asks for any more are not kept.</summary>
    private void ForgetNeedsLock(long now)
    {
        if (now < _forgetsAt)
            return;
        _forgetsAt = now + ProxyRanking.Holds;
        foreach (var (key, ranking) in _rankings)
            if (key.Ways is not null && !ranking.IsOf(Configuration.Choice, now))
                _rankings.Remove(key);
    }

    private void Changed(PoolProxy proxy)
    {
        foreach (var (_, ranking) in _rankings)
            ranking.Changed(proxy);
    }
}
