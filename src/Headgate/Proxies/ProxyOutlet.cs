using Headgate.Gates;

namespace Headgate.Proxies;

/// <summary>The address that the server of one API sees, and the limits it has there. Owned by the lock of its dispatcher.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">Its limits.</param>
internal sealed record ProxyExit(string Name, Scope Scope);

/// <summary>A proxy as the way to one API: what a permit has a place of.</summary>
/// <param name="Proxy">The proxy.</param>
/// <param name="Exit">Where what goes through it comes out.</param>
internal sealed record ProxyOutlet(PoolProxy Proxy, ProxyExit Exit)
{
    public string Name => Proxy.Name;

    public ProxyEndpoint Endpoint => Proxy.Entry.Endpoint;

    public Scope Scope => Exit.Scope;

    /// <summary>When a cost could go this way.</summary>
    public long FreeAt(Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        var at = Proxy.FreeAt(now);
        foreach (var limit in Exit.Scope.Checkpoints)
        {
            if (at == Time.Clock.Never)
                return at;
            at = Math.Max(at, Passage.FreeAt(limit, turn, cost, now, overtakes, ref retry));
        }
        return at;
    }
}
