using System.Net;
using Headgate.Connections;

namespace Headgate.Proxies;

/// <summary>The end of the line for one API through one proxy: what a proxy is to be told within a request, and what it says within an answer. Thread-safe.</summary>
/// <param name="proxy">The proxy.</param>
/// <param name="sockets">What sends, with the guard.</param>
internal sealed class ProxyHandler(ProxyEndpoint proxy, SocketsHttpHandler sockets) : DelegatingHandler(sockets)
{
    private const string Credentials = "Proxy-Authorization";

    /// <summary>It has passed something on: a refusal that comes later need not be its own.</summary>
    private volatile bool _hasPassedOn;

    /// <summary>Whether requests of plain http are written in absolute form.</summary>
    public bool UsesAbsoluteForm { get; init; }

    /// <summary>What the API may not be, where its name came from outside; null for anything.</summary>
    public TargetGuard? Guard { get; init; }

    /// <summary>Called when the API has answered through the proxy.</summary>
    public Action Reached { get; init; } = static () => { };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Guard is not null)
            await Guard.CheckAsync(request.RequestUri!.IdnHost, cancellationToken).ConfigureAwait(false);
        // HTTP/3 is not TCP: it would go around the proxy, and show who we are.
        if (request.Version.Major > 2)
            request.Version = HttpVersion.Version20;
        // Whoever gave them meant another proxy; at the end of a tunnel they would be shown to the API.
        request.Headers.Remove(Credentials);
        if (!UsesAbsoluteForm || !AbsoluteForm.IsFor(request.RequestUri!))
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (proxy.Authorization is { } authorization)
            request.Headers.TryAddWithoutValidation(Credentials, authorization);
        var answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        // Of all that a proxy may answer itself this alone cannot be the API's. 502 and its like it may have passed on: they stay answers.
        if (answer.StatusCode != HttpStatusCode.ProxyAuthenticationRequired)
        {
            _hasPassedOn = true;
            Reached();
            return answer;
        }
        answer.Dispose();
        throw _hasPassedOn
            ? new ProxyFaultException(ProxyFault.Broken, "the proxy, which did before, does not accept its user and password (407)")
            : HttpTunnel.Refused((int)answer.StatusCode, proxy.User is not null);
    }
}
