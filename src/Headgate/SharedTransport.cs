using System.Net;
using System.Net.Sockets;

namespace Headgate;

/// <summary>
/// The end of the line where the caller gave it: one handler for all APIs, which belongs to them all. It is made to send once, as those that
/// the engine makes for itself are.
/// </summary>
internal sealed class SharedTransport : DelegatingHandler
{
    /// <summary>What handlers are called that send again.</summary>
    private static readonly string[] Retrying = ["Retry", "Resilience", "Policy"];

    private readonly bool _stamps;

    private SharedTransport(HttpMessageHandler inner, bool stamps) : base(inner) => _stamps = stamps;

    /// <summary>Takes a handler over: tames it, and has its connections measured.</summary>
    /// <param name="inner">The handler, or a chain of them.</param>
    /// <param name="engine">Told how long connections took; asked only when there is one.</param>
    /// <returns>What sends for an API.</returns>
    /// <exception cref="ArgumentException">It would send on its own account, and cannot be kept from it.</exception>
    public static Func<Upstream, HttpMessageHandler> Over(HttpMessageHandler inner, Func<Engine> engine)
    {
        var last = inner;
        for (; last is DelegatingHandler { InnerHandler: { } next } outer; last = next)
            RefuseRetries(outer);
        RefuseRetries(last);
        if (last is HttpClientHandler)
            throw new ArgumentException("an HttpClientHandler repeats requests unseen and cannot be kept from it: give a SocketsHttpHandler with the same settings, or none", nameof(inner));
        if (last is SocketsHttpHandler sockets)
            Measure(Transport.Tame(sockets), engine);
        return _ => new SharedTransport(inner, stamps: last is not SocketsHttpHandler);
    }

    /// <summary>Whatever is not a SocketsHttpHandler has no place for the guard: the send counts from here.</summary>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_stamps)
            ((AttemptMessage)request).OnHeaders();
        return base.SendAsync(request, cancellationToken);
    }

    /// <summary>The handler is that of other APIs too; who gave it ends it.</summary>
    protected override void Dispose(bool disposing) => base.Dispose(disposing: false);

    private static void RefuseRetries(HttpMessageHandler inner)
    {
        var name = inner.GetType().Name;
        if (inner is DelegatingHandler && Retrying.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            throw new ArgumentException($"{name} stands inside Headgate: what it sends again no limit would see. Put it outside, around the HeadgateHandler, or leave retries to Headgate", nameof(inner));
    }

    private static void Measure(SocketsHttpHandler handler, Func<Engine> engine)
    {
        // Who connects in a way of his own knows better; what he waits for may be anything.
        if (handler.ConnectCallback is not null)
            return;
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation).ConfigureAwait(false);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                var clock = engine().Clock;
                var before = clock.Now;
                await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
                if (context.InitialRequestMessage is AttemptMessage { Witness: Attempt attempt })
                {
                    attempt.Upstream.Connected();
                    ApiConnections.Measured(attempt.Upstream, clock.Now - before);
                }
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
    }
}
