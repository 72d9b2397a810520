using System.Collections.Concurrent;

namespace Headgate.Configuration;

/// <summary>
/// Finds the API that a URL belongs to: the one with the longest base that is a prefix by scheme, host, port and whole path
/// segments; else the one that is the URL's own authority, with the default policy. Thread-safe; nothing is searched twice.
/// </summary>
internal sealed class UpstreamMap
{
    // A crawl may meet any number of servers. Past this they are still found, each time anew.
    private const int MostRemembered = 100_000;

    private readonly UpstreamPolicy _defaults;
    private readonly Dictionary<Authority, (UpstreamBase Base, UpstreamConfiguration Upstream)[]> _configured = [];
    private readonly ConcurrentDictionary<Authority, UpstreamConfiguration> _others = new();

    /// <summary>The one found last, if its server has no other: comparing is quicker than looking up.</summary>
    private volatile UpstreamConfiguration? _last;

    public UpstreamMap(HeadgateConfiguration configuration)
    {
        _defaults = configuration.Defaults;
        var bases = configuration.Upstreams.SelectMany(upstream => upstream.Bases.Select(address => (Base: address, Upstream: upstream)));
        foreach (var server in bases.GroupBy(entry => entry.Base.Authority))
            _configured.Add(server.Key, [.. server.OrderByDescending(entry => entry.Base.Path.Length)]);
    }

    /// <summary>An API that is not configured and is known already is to be found as this record.</summary>
    public void Keep(UpstreamConfiguration api)
    {
        if (!api.IsConfigured)
            _others[api.Bases[0].Authority] = api;
    }

    /// <summary>The API of an absolute http or https URL.</summary>
    public UpstreamConfiguration Find(Uri url)
    {
        var authority = Authority.Of(url);
        if (_last is { } last && last.Bases[0].Authority == authority)
            return last;
        if (_configured.TryGetValue(authority, out var candidates))
        {
            var path = UrlPath.Plain(url.AbsolutePath);
            foreach (var (address, upstream) in candidates)
                if (address.Holds(path))
                    return upstream;
        }
        return Other(authority, candidates is null);
    }

    /// <summary>
    /// The API of a server, where neither scheme nor path is known: with several the one that has most of its paths. And whether it has all of them.
    /// </summary>
    public (UpstreamConfiguration Api, bool IsWhole) FindServer(string host, int port)
    {
        (string, int)[] schemes = port == 80 ? [("http", port), ("https", port)] : [("https", port), ("http", port)];
        var authorities = Array.ConvertAll(schemes, scheme => new Authority(scheme.Item1, host.EndsWith('.') ? host[..^1] : host, scheme.Item2));
        foreach (var authority in authorities)
            if (_configured.TryGetValue(authority, out var candidates))
                return (candidates[^1].Upstream, candidates[^1].Base.Path.Length == 0);
        return (Other(authorities[0], isAlone: true), true);
    }

    /// <summary>One that is nowhere configured.</summary>
    /// <param name="authority">Its server.</param>
    /// <param name="isAlone">No API that is configured is at the same server.</param>
    private UpstreamConfiguration Other(Authority authority, bool isAlone)
    {
        if (_others.TryGetValue(authority, out var known))
            return isAlone ? _last = known : known;
        var added = new UpstreamConfiguration
        {
            Name = authority.ToString(),
            IsConfigured = false,
            Bases = [new UpstreamBase(authority, "")],
            Policy = _defaults,
        };
        return _others.Count < MostRemembered ? _others.GetOrAdd(authority, added) : added;
    }
}
