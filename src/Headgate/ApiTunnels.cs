using System.Net;
using Headgate.Proxies;
using Headgate.Retries;

namespace Headgate;

/// <summary>
/// Connections to a server on which others speak with it: direct, or through the proxies of its API. What is sent there nobody sees, so it has no
/// place in the limits of exits. Thread-safe.
/// </summary>
/// <param name="engine">The engine.</param>
/// <param name="api">The API.</param>
/// <param name="isTrusted">It was configured: it is reached wherever it is.</param>
internal sealed class ApiTunnels(Engine engine, Upstream api, bool isTrusted)
{
    /// <summary>Opens one. A proxy that is at fault costs time, and nothing else: the next is tried.</summary>
    /// <exception cref="ProxyFaultException">No proxy can be used; the fault of the last that was tried.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">There is no connection.</exception>
    /// <exception cref="Connections.AddressBlockedException">It may not be reached.</exception>
    public async Task<Stream> OpenAsync(DnsEndPoint server, CancellationToken cancellation)
    {
        if (api.Proxies is not { } ways)
            return await engine.Connections.ConnectorOf(api, isTrusted).ConnectAsync(server, cancellation).ConfigureAwait(false);
        if (engine.Connections.GuardOf(isTrusted) is { } guard)
            await guard.CheckAsync(server.Host, cancellation).ConfigureAwait(false);
        var tried = new HashSet<ProxyOutlet>();
        var last = new ProxyFaultException(ProxyFault.Unreachable, $"no proxy of {ways.Pool.Name} can be used now");
        while (Next(ways, tried) is { } way)
            try
            {
                return await engine.Connections.ConnectorOf(api, way.Endpoint).ConnectAsync(server, cancellation).ConfigureAwait(false);
            }
            catch (ProxyFaultException fault)
            {
                last = fault;
                engine.Learn(ways.Pool, way, new Outcome { Class = FailureClass.Proxy, ProxyFault = fault.Fault, Detail = fault.Message }, engine.Clock.Now);
                if (cancellation.IsCancellationRequested)
                    break;
            }
        throw last;
    }

    private ProxyOutlet? Next(ProxyOutlets ways, HashSet<ProxyOutlet> tried)
    {
        var way = engine.Dispatcher.Read((ways, tried), static (_, it, now) =>
            it.ways.All.Where(way => !it.tried.Contains(way) && !way.IsDead && way.Reach.RestsUntil <= now && way.Proxy.FreeAt(now) <= now).MinBy(static way => way.Proxy.InFlight));
        if (way is not null)
            tried.Add(way);
        return way;
    }
}
