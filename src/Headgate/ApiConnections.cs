using System.Net;
using System.Net.Security;
using Headgate.Configuration;
using Headgate.Connections;

namespace Headgate;

/// <summary>Makes what connects and sends for the APIs of an engine. Thread-safe.</summary>
/// <param name="engine">The engine.</param>
/// <param name="options">What it is made of.</param>
internal sealed class ApiConnections(Engine engine, EngineOptions options)
{
    /// <summary>What connects and sends for one API, and measures how long connecting takes.</summary>
    /// <exception cref="ConfigurationException">Its certificates cannot be used.</exception>
    public ApiTransport MakeTransport(Upstream upstream, UpstreamConfiguration api)
    {
        if (options.Inner is { } inner)
            return new ApiTransport(_ => inner(upstream));
        var tls = api.Tls == TlsConfiguration.Default ? null : TlsFiles.Read(api, engine.Clock.Provider.GetUtcNow(), engine.Notice);
        return new ApiTransport(unpacks => MakeHandler(upstream, api, tls, unpacks));
    }

    /// <summary>Makes the connections to a host.</summary>
    /// <param name="upstream">Whose it is.</param>
    /// <param name="isTrusted">It was configured: it is reached wherever it is.</param>
    public Connector ConnectorOf(Upstream upstream, bool isTrusted)
    {
        Action<long> measured = roundTrip => Measured(upstream, roundTrip);
        return options.GuardsAddresses && !isTrusted
            ? new Connector(engine.Clock, measured) { Counts = upstream.ConnectionsMade, MayConnect = address => AddressGuard.IsPublic(address) || AddressGuard.IsOf(options.AllowsAddresses, address) }
            : new Connector(engine.Clock, measured) { Counts = upstream.ConnectionsMade };
    }

    /// <summary>A connection was made, and took so long, nanoseconds.</summary>
    public static void Measured(Upstream upstream, long roundTrip)
    {
        if (!upstream.BoundIsGiven && 4 * roundTrip > upstream.Terms.Bound)
            upstream.Learning.ChangeBound(terms => terms.Learn(roundTrip));
    }

    /// <summary>Whether the answers of an API are unpacked on the way in.</summary>
    /// <param name="api">The API.</param>
    /// <param name="isPassedOn">They are given to somebody as they are.</param>
    public bool Unpacks(UpstreamConfiguration api, bool isPassedOn) =>
        (api.Connections.Decompress ?? (!isPassedOn && options.Decompression != DecompressionMethods.None)) && options.Inner is null;

    private ApiHandler MakeHandler(Upstream upstream, UpstreamConfiguration api, SslClientAuthenticationOptions? tls, bool unpacks)
    {
        var handler = Transport.CreateHandler(TransportOptions.Of(api, unpacks ? options.Decompression : DecompressionMethods.None));
        if (tls is not null)
            handler.SslOptions = tls;
        handler.ConnectCallback = ConnectorOf(upstream, api.IsConfigured).ConnectAsync;
        // Called when TLS stands as well: a server whose certificate nobody can trust was never reached.
        handler.PlaintextStreamFilter = (context, _) =>
        {
            upstream.Connected();
            // Over HTTP/2 it would have to be unpacked beside the handler, with the table of the connection: there nobody learns of it.
            return new ValueTask<Stream>(unpacks || context.NegotiatedHttpVersion.Major > 1 ? context.PlaintextStream : new InterimStream(context.PlaintextStream));
        };
        return new ApiHandler(api, handler);
    }
}
