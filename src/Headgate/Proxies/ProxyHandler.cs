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
        if (!IsDenial(answer))
        {
            _hasPassedOn = true;
            Reached();
            return answer;
        }
        answer.Dispose();
        throw _hasPassedOn
            ? new ProxyFaultException(ProxyFault.Broken, "the proxy does not accept its user and password any more")
            : HttpTunnel.Refused((int)answer.StatusCode, proxy.User is not null);
    }

    /// <summary>
    /// Whether the proxy does not let us in. Of all that it may answer itself this alone cannot be the API's; 502 and its like it may have passed on,
    /// so they stay answers. Tinyproxy answers 401 to a wrong password.
    /// </summary>
    private static bool IsDenial(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.ProxyAuthenticationRequired
        || (answer.StatusCode == HttpStatusCode.Unauthorized && answer.Headers.NonValidated.TryGetValues("Server", out var server) && server.ToString().StartsWith("tinyproxy/", StringComparison.Ordinal));
}
