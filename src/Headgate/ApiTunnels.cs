using System.Net;
using Headgate.Proxies;
using Headgate.Retries;
using Headgate.Time;

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
    /// <summary>So many proxies are tried, as for a request.</summary>
    private const int MostTries = 20;

    /// <summary>Opens one. A proxy that is at fault costs time, and nothing else: the next is tried.</summary>
    /// <param name="server">The server.</param>
    /// <param name="timeout">For each try.</param>
    /// <param name="caller">Whoever hangs up says nothing of a proxy.</param>
    /// <exception cref="ProxyFaultException">No proxy can be used; the fault of the last that was tried.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">There is no connection.</exception>
    /// <exception cref="Connections.AddressBlockedException">It may not be reached.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or the caller has gone.</exception>
    public async Task<Stream> OpenAsync(DnsEndPoint server, TimeSpan timeout, CancellationToken caller)
    {
        if (api.Proxies is not { } ways)
            return await WithinAsync(timeout, patience => engine.Connections.ConnectorOf(api, isTrusted).ConnectAsync(server, patience), caller).ConfigureAwait(false);
        if (engine.Connections.GuardOf(isTrusted) is { } guard)
            await WithinAsync(timeout, async patience =>
            {
                await guard.CheckAsync(server.Host, patience).ConfigureAwait(false);
                return Stream.Null;
            }, caller).ConfigureAwait(false);
        var tried = new HashSet<ProxyOutlet>();
        var last = new ProxyFaultException(ProxyFault.Unreachable, $"no proxy of {ways.Pool.Name} can be used now");
        while (tried.Count < MostTries && Next(ways, tried) is { } way)
        {
            var began = engine.Clock.Now;
            try
            {
                return await WithinAsync(timeout, patience => engine.Connections.ConnectorOf(api, way.Endpoint).ConnectAsync(server, patience), caller).ConfigureAwait(false);
            }
            catch (ProxyFaultException fault)
            {
                caller.ThrowIfCancellationRequested();
                last = fault;
                engine.Learn(ways, way, new Outcome { Class = FailureClass.Proxy, ProxyFault = fault.Fault, Detail = fault.Message }, began);
            }
        }
        throw last;
    }

    private async Task<Stream> WithinAsync(TimeSpan timeout, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken caller)
    {
        using var patience = new CancellationTokenSource(timeout < Clock.LongestTimer ? timeout : Clock.LongestTimer, engine.Clock.Provider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, caller);
        return await open(either.Token).ConfigureAwait(false);
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
