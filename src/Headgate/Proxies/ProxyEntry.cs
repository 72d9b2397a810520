using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Proxies;

/// <summary>A proxy as its source gives it.</summary>
/// <param name="Endpoint">Where it is.</param>
internal sealed record ProxyEntry(ProxyEndpoint Endpoint)
{
    /// <summary>By what it is known everywhere: its address and which user, with a number behind it where several have the same.</summary>
    public string Name { get; init; } = Endpoint.Name;

    /// <summary>The country it sends from, two capital letters; null where nobody says.</summary>
    public string? Country { get; init; }

    /// <summary>The address that servers see, by any name: proxies of one exit share its limits. Null where each is its own.</summary>
    public string? Exit { get; init; }

    /// <summary>Its part of the work against the others, 1 to 1,000.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The limits of its exit in place of those of the pool; null for those.</summary>
    public ValueList<Limit>? Limits { get; init; }

    /// <summary>What its limits are counted by.</summary>
    public string ExitName => Exit ?? Name;

    /// <summary>It has credentials in it, which no text shows.</summary>
    public override string ToString() => Name;
}
