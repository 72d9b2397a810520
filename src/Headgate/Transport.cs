using System.Net;

namespace Headgate;

/// <summary>How connections are made. Immutable; equality is by value.</summary>
internal sealed record TransportOptions
{
    /// <summary>How long making a connection may take, names and TLS included. The timeout of an attempt runs only from its first byte.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an unused connection is kept: shorter than the usual 60 and 75 s of balancers and servers, since a request that meets
    /// their close is lost, and a POST among them cannot be sent again. A server's own <c>Keep-Alive: timeout</c> is kept to anyway.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection is used at most, so that changes of names are noticed.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);

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
}

/// <summary>Makes the handler at the end of the line: it connects, sends once, and does nothing else by itself.</summary>
internal static class Transport
{
    /// <summary>The longest the runtime's handler takes, 24 days.</summary>
    private static readonly TimeSpan LongestConnect = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>Makes a handler with a pool of connections of its own.</summary>
    public static SocketsHttpHandler CreateHandler(TransportOptions options) => Tame(new SocketsHttpHandler
    {
        ConnectTimeout = options.ConnectTimeout < LongestConnect ? options.ConnectTimeout : LongestConnect,
        PooledConnectionIdleTimeout = options.IdleTimeout,
        PooledConnectionLifetime = options.Lifetime,
        AutomaticDecompression = options.Decompression,
        Proxy = options.Proxy,
        UseProxy = options.Proxy is not null,
        UseCookies = false,
    });

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
