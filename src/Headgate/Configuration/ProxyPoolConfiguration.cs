using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>How a proxy is chosen among those that could be taken.</summary>
internal enum ProxyChoice
{
    /// <summary>The one with fewest requests under way; of those the one that had least so far.</summary>
    LeastUsed,

    /// <summary>One after the other.</summary>
    RoundRobin,

    /// <summary>The one through which answers come soonest.</summary>
    Fastest,

    /// <summary>One of the country that the request names, while there is any; else as <see cref="LeastUsed"/>.</summary>
    Geo,

    /// <summary>The same one for each tenant, and for each host where there is no tenant, while it can be used.</summary>
    Sticky,
}

/// <summary>Where the proxies of a pool come from, how one is chosen, and the limits that each has at each API.</summary>
internal sealed record ProxyPoolConfiguration
{
    public const int LargestPool = 10_000;

    public static readonly TimeSpan UsualPoll = TimeSpan.FromSeconds(60);

    public required string Name { get; init; }

    /// <summary>Files (an absolute path after <c>file:</c>) and addresses that answer with a list.</summary>
    public ValueList<string> From { get; init; } = [];

    /// <summary>How often they are read anew.</summary>
    public TimeSpan Poll { get; init; } = UsualPoll;

    public ProxyChoice Choice { get; init; }

    /// <summary>The limits of each exit, at each API.</summary>
    public ValueList<Limit> Limits { get; init; } = [];

    /// <summary><c>file:</c> and the absolute path of the certificates by which proxies of https:// are trusted instead of the system's; null for those.</summary>
    public string? Ca { get; init; }

    /// <summary>What is fetched through a proxy to see how it is; null for nothing.</summary>
    public string? Probe { get; init; }
}
