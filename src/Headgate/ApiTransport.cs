using System.Collections.Concurrent;
using Headgate.Proxies;

namespace Headgate;

/// <summary>
/// What sends to one API: for whoever takes answers in, and, with connections of its own, for whoever passes them on as they are; and the
/// same again for each proxy. Thread-safe.
/// </summary>
/// <param name="make">Makes a handler; told whether it unpacks answers.</param>
/// <param name="route">Makes what sends through a proxy; null where the handler is the caller's own, which knows of none.</param>
internal sealed class ApiTransport(Func<bool, HttpMessageHandler> make, Func<ProxyEndpoint, ProxyRoute>? route = null) : IDisposable
{
    private readonly HttpMessageInvoker _usual = new(make(true), disposeHandler: true);

    /// <summary>Made when it is first needed: mostly nobody passes anything on.</summary>
    private readonly Lazy<HttpMessageInvoker> _asItIs = new(() => new HttpMessageInvoker(make(false), disposeHandler: true));

    /// <summary>Made when first needed as well.</summary>
    private readonly ConcurrentDictionary<ProxyEndpoint, Lazy<ProxyRoute>> _routes = new();

    /// <summary>Sends.</summary>
    /// <param name="message">The attempt.</param>
    /// <param name="asItIs">Nothing packed is asked for, and nothing unpacked.</param>
    /// <param name="via">The proxy; null for none.</param>
    /// <param name="cancellation">Gives it up.</param>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, bool asItIs, ProxyEndpoint? via, CancellationToken cancellation) =>
        via is not null && route is not null ? RouteBy(via).SendAsync(message, asItIs, cancellation)
        : (asItIs ? _asItIs.Value : _usual).SendAsync(message, cancellation);

    /// <summary>Whether it sends through proxies itself; else nothing can be found out of them.</summary>
    public bool KnowsProxies => route is not null;

    /// <summary>Asks a proxy whether it is there; see <see cref="ProxyRoute.WhyGoneAsync"/>.</summary>
    public Task<ProxyFaultException?> WhyGoneAsync(ProxyEndpoint via) => route is null ? Task.FromResult<ProxyFaultException?>(null) : RouteBy(via).WhyGoneAsync();

    /// <summary>Only these proxies are used any more.</summary>
    /// <returns>The connections through others, to be disposed when what goes over them has ended.</returns>
    public IEnumerable<IDisposable> Keep(IReadOnlySet<ProxyEndpoint> proxies)
    {
        foreach (var proxy in _routes.Keys)
            if (!proxies.Contains(proxy) && _routes.TryRemove(proxy, out var gone) && gone.IsValueCreated)
                yield return gone.Value;
    }

    public void Dispose()
    {
        _usual.Dispose();
        if (_asItIs.IsValueCreated)
            _asItIs.Value.Dispose();
        foreach (var gone in Keep(new HashSet<ProxyEndpoint>()))
            gone.Dispose();
    }

    private ProxyRoute RouteBy(ProxyEndpoint proxy) =>
        _routes.GetOrAdd(proxy, static (proxy, route) => new Lazy<ProxyRoute>(() => route(proxy)), route!).Value;
}
