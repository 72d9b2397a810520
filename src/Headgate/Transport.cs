using System.Net;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate;

/// <summary>How connections are made. Immutable; equality is by value.</summary>
internal sealed record TransportOptions
{
    /// <summary>How long making a connection may take, names and TLS included. The timeout of an attempt runs only from its first byte.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an unused connection is kept.</summary>
    public TimeSpan IdleTimeout { get; init; } = ConnectionsConfiguration.Default.IdleTimeout;

    /// <summary>How long a connection is used at most, so that changes of names are noticed.</summary>
    public TimeSpan Lifetime { get; init; } = ConnectionsConfiguration.Default.Lifetime;

    /// <summary>
    /// What is unpacked on the way in; by default nothing, as in any HttpClient: a gateway must pass everything through as it is. The
    /// handler also asks for it then (Accept-Encoding), even beside what the request itself says there, and that costs 740 bytes and
    /// 1.2 µs a request (measured).
    /// </summary>
    public DecompressionMethods Decompression { get; init; }

    /// <summary>
    /// The proxy; null for none. Proxies of the environment (<c>http_proxy</c>) are not used unless given here: a proxy is another address
    /// to the API, so it has limits of its own, and one that repeats requests breaks the promise of one permit, one send.
    /// </summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>What the configuration of an API says.</summary>
    /// <param name="api">The API.</param>
    /// <param name="decompression">What is unpacked where the API says nothing of it.</param>
    public static TransportOptions Of(UpstreamConfiguration api, DecompressionMethods decompression) => new()
    {
        ConnectTimeout = api.Policy.ConnectTimeout,
        IdleTimeout = api.Connections.IdleTimeout,
        Lifetime = api.Connections.Lifetime,
        Decompression = api.Connections.Decompress switch
        {
            true => DecompressionMethods.All,
            false => DecompressionMethods.None,
            null => decompression,
        },
    };
}

/// <summary>Makes the handler at the end of the line: it connects, sends once, and does nothing else by itself.</summary>
internal static class Transport
{
    /// <summary>
    /// The most that status line and headers of an answer may be, 1xx answers before it included, in KiB. That bounds their number as well,
    /// to some 16,000.
    /// </summary>
    private const int LongestHeaders = 64;

    /// <summary>So much of a body that nobody wants is read to keep its connection, in bytes; beyond, a new connection is the cheaper.</summary>
    private const int MostDrained = 256 * 1024;

    /// <summary>Makes a handler with a pool of connections of its own.</summary>
    public static SocketsHttpHandler CreateHandler(TransportOptions options) => Tame(new SocketsHttpHandler
    {
        ConnectTimeout = Timer(options.ConnectTimeout),
        PooledConnectionIdleTimeout = Timer(options.IdleTimeout),
        PooledConnectionLifetime = Timer(options.Lifetime),
        MaxResponseHeadersLength = LongestHeaders,
        MaxResponseDrainSize = MostDrained,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        // A connection of HTTP/2 to a host that is gone without a word would be given request after request until its lifetime ends.
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        AutomaticDecompression = options.Decompression,
        Proxy = options.Proxy,
        UseProxy = options.Proxy is not null,
        UseCookies = false,
    });

    private static TimeSpan Timer(TimeSpan span) => span < Clock.LongestTimer ? span : Clock.LongestTimer;

    /// <summary>Takes from a handler, which may be the caller's own, everything by which it would send on its own account, and adds the guard.</summary>
    /// <exception cref="InvalidOperationException">The handler has sent something already, and can no longer be changed.</exception>
    public static SocketsHttpHandler Tame(SocketsHttpHandler handler)
    {
        // Redirects and challenges are attempts of their own, with their own permits.
        handler.AllowAutoRedirect = false;
        handler.Credentials = null;
        handler.PreAuthenticate = false;
        // Nothing queues behind the gate: limits of connections and streams are limits of the gate.
        handler.MaxConnectionsPerServer = int.MaxValue;
        handler.EnableMultipleHttp2Connections = true;
        handler.RequestHeaderEncodingSelector = SendGuard.InFrontOf(handler.RequestHeaderEncodingSelector);
        return handler;
    }
}
