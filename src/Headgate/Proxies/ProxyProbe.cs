using System.Net;
using System.Security.Cryptography.X509Certificates;
using Headgate.Connections;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Proxies;

/// <summary>What a probe came to.</summary>
/// <param name="Fault">What the proxy did wrong; none where the URL answered with 2xx or 3xx.</param>
/// <param name="Took">From the beginning, the connection included, to the headers of the answer.</param>
/// <param name="Detail">What went wrong, in words; null for nothing.</param>
internal readonly record struct ProxyProbeResult(ProxyFault Fault, TimeSpan Took, string? Detail)
{
    public bool IsWell => Fault == ProxyFault.None;
}

/// <summary>Tries a proxy out: one GET of a URL through it, over a connection of its own, of whose answer only the head is read. Thread-safe.</summary>
/// <param name="clock">Measures, and bounds it.</param>
/// <param name="trust">Makes whom the certificates of proxies are to be signed by; null for whoever the system trusts.</param>
internal sealed class ProxyProbe(Clock clock, Func<X509ChainPolicy?> trust)
{
    /// <summary>Probes.</summary>
    /// <param name="proxy">The proxy.</param>
    /// <param name="url">What is asked for through it, http or https.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="cancellation">Gives it up, which says nothing of the proxy.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<ProxyProbeResult> RunAsync(ProxyEndpoint proxy, Uri url, TimeSpan timeout, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(timeout, clock.Provider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        var before = clock.Now;
        try
        {
            using var invoker = new HttpMessageInvoker(Handler(proxy));
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("User-Agent", SendGuard.UserAgent);
            using var answer = await invoker.SendAsync(request, both.Token).ConfigureAwait(false);
            var status = (int)answer.StatusCode;
            return status < 400 ? Result(ProxyFault.None, null) : Result(ProxyFault.TargetUnreachable, $"the probe was answered {status}");
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            var outcome = FailureReader.Classify(failure, sent: false, patience.IsCancellationRequested ? CancellationReason.AttemptTimeout : CancellationReason.None);
            // What a user has named to probe with asks for no credentials of a proxy.
            return outcome.ProxyFault == ProxyFault.DeniedInAnswer ? Result(ProxyFault.Denied, outcome.Detail)
                : outcome.ProxyFault != ProxyFault.None ? Result(outcome.ProxyFault, outcome.Detail)
                : patience.IsCancellationRequested ? Result(ProxyFault.Silent, $"the probe was not answered within {timeout.TotalSeconds:0.###} s")
                : Result(ProxyFault.TargetUnreachable, outcome.Detail);
        }

        ProxyProbeResult Result(ProxyFault fault, string? detail) => new(fault, Clock.Span(clock.Now - before), detail);
    }

    private ProxyHandler Handler(ProxyEndpoint proxy)
    {
        var connector = new ProxyConnector(proxy, new Connector(clock, static _ => { })) { Trust = trust };
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxResponseHeadersLength = 64,
            Proxy = proxy.TakesAbsoluteForm ? new AbsoluteForm(proxy) : null,
            UseProxy = proxy.TakesAbsoluteForm,
            ConnectCallback = (context, cancellation) =>
                connector.ConnectAsync(proxy.TakesAbsoluteForm && AbsoluteForm.IsFor(context.InitialRequestMessage.RequestUri!) ? null : context.DnsEndPoint, cancellation),
        };
        return new ProxyHandler(proxy, handler, proxy.TakesAbsoluteForm ? handler : null);
    }
}
