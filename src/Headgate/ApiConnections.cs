using System.Net;
using System.Net.Security;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Proxies;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate;

/// <summary>Makes what connects and sends for the APIs of an engine. Thread-safe.</summary>
/// <param name="engine">The engine.</param>
/// <param name="options">What it is made of.</param>
internal sealed class ApiConnections(Engine engine, EngineOptions options)
{
    /// <summary>
    /// A proxy that is given a request whole looks the name up and connects before it passes it on, and nobody sees how long that takes. With this
    /// for its round trip D is 2 s at least, as long as stragglers are waited for; answers, which mostly come sooner, end it as ever.
    /// </summary>
    private const long ProxyConnects = 500 * Clock.Millisecond;

    /// <summary>What connects and sends for one API, and measures how long connecting takes.</summary>
    /// <exception cref="ConfigurationException">Its certificates cannot be used.</exception>
    public ApiTransport MakeTransport(Upstream upstream, UpstreamConfiguration api)
    {
        if (options.Inner is { } inner)
            return new ApiTransport(_ => inner(upstream));
        var tls = api.Tls == TlsConfiguration.Default ? null : TlsFiles.Read(api, engine.Clock.Provider.GetUtcNow(), engine.Notice);
        return new ApiTransport(unpacks => MakeHandler(upstream, api, tls, unpacks), proxy => MakeRoute(upstream, api, tls, proxy));
    }

    /// <summary>What fetches the tokens of an API with the credentials that it has for that; null where it has none.</summary>
    /// <exception cref="ConfigurationException">Its certificates cannot be used.</exception>
    public TokenSupply? MakeTokens(UpstreamConfiguration api)
    {
        if (api.OAuth is not { } oauth)
            return null;
        var tls = api.Tls == TlsConfiguration.Default ? null : TlsFiles.Read(api, engine.Clock.Provider.GetUtcNow(), engine.Notice);
        var client = new ClientCredentials(oauth, tls, engine.Clock.Provider);
        return new TokenSupply(stop => options.FetchToken(client, stop), engine.Clock.Provider, notice => engine.Notice($"{api.Name}: {notice}"));
    }

    /// <summary>Makes the connections to a host.</summary>
    /// <param name="upstream">Whose it is.</param>
    /// <param name="isTrusted">It was configured: it is reached wherever it is.</param>
    public Connector ConnectorOf(Upstream upstream, bool isTrusted)
    {
        Action<long> measured = roundTrip => Measured(upstream, roundTrip);
        return options.GuardsAddresses && !isTrusted
            ? new Connector(engine.Clock, measured) { Counts = upstream.ConnectionsMade, MayConnect = IsAllowed }
            : new Connector(engine.Clock, measured) { Counts = upstream.ConnectionsMade };
    }

    /// <summary>Makes connections through a proxy.</summary>
    public ProxyConnector ConnectorOf(Upstream upstream, ProxyEndpoint proxy) =>
        new(proxy, new Connector(engine.Clock, static _ => { }) { Counts = upstream.ConnectionsMade }) { Trust = () => upstream.Proxies?.Pool.Trust?.Invoke() };

    /// <summary>What a host that is reached through proxies may not be; null for anything.</summary>
    /// <param name="isTrusted">It was configured: it is reached wherever it is.</param>
    public TargetGuard? GuardOf(bool isTrusted) => options.GuardsAddresses && !isTrusted ? new TargetGuard(IsAllowed, engine.Clock) : null;

    /// <summary>A connection was made, and took so long, nanoseconds.</summary>
    public static void Measured(Upstream upstream, long roundTrip)
    {
        if (!upstream.BoundIsGiven && 4 * roundTrip > upstream.Terms.Bound)
            upstream.Learning.ChangeBound(terms => terms.Learn(roundTrip));
    }

    private bool IsAllowed(IPAddress address) => AddressGuard.IsPublic(address) || AddressGuard.IsOf(options.AllowsAddresses, address);

    /// <summary>Whether the answers of an API are unpacked on the way in.</summary>
    /// <param name="api">The API.</param>
    /// <param name="isPassedOn">They are given to somebody as they are.</param>
    public bool Unpacks(UpstreamConfiguration api, bool isPassedOn) =>
        (api.Connections.Decompress ?? (!isPassedOn && options.Decompression != DecompressionMethods.None)) && options.Inner is null;

    private ApiHandler MakeHandler(Upstream upstream, UpstreamConfiguration api, SslClientAuthenticationOptions? tls, bool unpacks)
    {
        var handler = MakeSockets(api, tls, unpacks, null);
        handler.ConnectCallback = ConnectorOf(upstream, api.IsConfigured).ConnectAsync;
        // Called when TLS stands as well: a server whose certificate nobody can trust was never reached.
        handler.PlaintextStreamFilter = (context, _) =>
        {
            upstream.Connected();
            return new ValueTask<Stream>(Watched(context));
        };
        return new ApiHandler(api, handler);
    }

    private ProxyRoute MakeRoute(Upstream upstream, UpstreamConfiguration api, SslClientAuthenticationOptions? tls, ProxyEndpoint proxy)
    {
        var connector = ConnectorOf(upstream, proxy);
        // What a proxy is given whole goes over HTTP/1.1.
        var isAbsolute = proxy.TakesAbsoluteForm && api.Connections.Http != HttpVersions.Http2;
        var guard = GuardOf(api.IsConfigured);
        return new ProxyRoute(connector, engine.Clock, unpacks =>
        {
            var sockets = MakeProxied();
            var once = isAbsolute ? MakeProxied() : null;
            once?.PooledConnectionLifetime = TimeSpan.Zero;
            return new ApiHandler(api, new ProxyHandler(proxy, sockets, once) { Guard = guard, Reached = upstream.Connected });

            SocketsHttpHandler MakeProxied()
            {
                var handler = MakeSockets(api, tls, unpacks, isAbsolute ? new AbsoluteForm(proxy) : null);
                handler.ConnectCallback = (context, cancellation) => ConnectAsync(upstream, connector, isAbsolute && IsPlain(context.InitialRequestMessage), context, cancellation);
                handler.PlaintextStreamFilter = (context, _) =>
                {
                    if (!isAbsolute || !IsPlain(context.InitialRequestMessage))
                        upstream.Connected();
                    return new ValueTask<Stream>(Watched(context));
                };
                return handler;
            }
        });
    }

    /// <summary>Over HTTP/2 what comes before an answer would have to be unpacked beside the handler, with the table of the connection: there nobody learns of it.</summary>
    private static Stream Watched(SocketsHttpPlaintextStreamFilterContext context) =>
        context.NegotiatedHttpVersion.Major > 1 ? context.PlaintextStream : new Http1Stream(context.PlaintextStream);

    private static bool IsPlain(HttpRequestMessage request) => AbsoluteForm.IsFor(request.RequestUri!);

    /// <summary>
    /// A connection through a proxy. What is measured is all of it, up to the word of the proxy that the tunnel stands: the way to the API and
    /// back is within that. Where the proxy connects only when it has the request, nothing can be measured of that way, so time for it is added.
    /// </summary>
    private async ValueTask<Stream> ConnectAsync(Upstream upstream, ProxyConnector connector, bool isAbsolute, SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var before = engine.Clock.Now;
        var connection = await connector.ConnectAsync(isAbsolute ? null : context.DnsEndPoint, cancellation).ConfigureAwait(false);
        Measured(upstream, engine.Clock.Now - before + (isAbsolute ? ProxyConnects : 0));
        return connection;
    }

    private SocketsHttpHandler MakeSockets(UpstreamConfiguration api, SslClientAuthenticationOptions? tls, bool unpacks, IWebProxy? proxy)
    {
        var handler = Transport.CreateHandler(TransportOptions.Of(api, unpacks ? options.Decompression : DecompressionMethods.None) with { Proxy = proxy });
        if (tls is not null)
            handler.SslOptions = tls;
        return handler;
    }
}
