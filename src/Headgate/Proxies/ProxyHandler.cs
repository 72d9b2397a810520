using System.Net;
using Headgate.Connections;

namespace Headgate.Proxies;

/// <summary>The end of the line for one API through one proxy: what a proxy is to be told within a request, and what it says within an answer. Thread-safe.</summary>
/// <remarks>
/// Tinyproxy closes after each answer without having said so, and whatever was sent on such a connection meanwhile would be lost (6 in 100,
/// measured). So what is given to a proxy whole goes over connections of its own, until the proxy says by itself that it keeps them.
/// </remarks>
/// <param name="proxy">The proxy.</param>
/// <param name="sockets">What sends, with the guard.</param>
/// <param name="once">The same, but uses no connection twice; null where nothing is given to the proxy whole.</param>
internal sealed class ProxyHandler(ProxyEndpoint proxy, SocketsHttpHandler sockets, SocketsHttpHandler? once) : DelegatingHandler(sockets)
{
    private const string Credentials = "Proxy-Authorization";

    private readonly HttpMessageInvoker? _once = once is null ? null : new HttpMessageInvoker(once, disposeHandler: true);

    /// <summary>It says that it keeps connections.</summary>
    private volatile bool _keeps;

    /// <summary>It has passed something on: a refusal that comes later need not be its own.</summary>
    private volatile bool _hasPassedOn;

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
        if (_once is null || !AbsoluteForm.IsFor(request.RequestUri!))
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (proxy.Authorization is { } authorization)
            request.Headers.TryAddWithoutValidation(Credentials, authorization);
        var answer = await (_keeps ? base.SendAsync(request, cancellationToken) : _once.SendAsync(request, cancellationToken)).ConfigureAwait(false);
        _keeps = Says(answer, "Connection") || Says(answer, "Proxy-Connection");
        if (!IsDenial(answer))
        {
            _hasPassedOn = true;
            Reached();
            return answer;
        }
        answer.Dispose();
        throw _hasPassedOn
            ? new ProxyFaultException(ProxyFault.TargetRefused, "the proxy does not accept its user and password any more")
            : new ProxyFaultException(ProxyFault.DeniedInAnswer, HttpTunnel.Refused((int)answer.StatusCode, proxy.User is not null).Message);
    }

    /// <summary>
    /// Whether the proxy does not let us in. Of all that it may answer itself no API has reason to say this; 502 and its like it may have passed on,
    /// so they stay answers. Tinyproxy answers 401 to a wrong password.
    /// </summary>
    private static bool IsDenial(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.ProxyAuthenticationRequired
        || (answer.StatusCode == HttpStatusCode.Unauthorized && answer.Headers.NonValidated.TryGetValues("Server", out var server) && server.ToString().StartsWith("tinyproxy/", StringComparison.Ordinal));

    private static bool Says(HttpResponseMessage answer, string header) =>
        answer.Headers.NonValidated.TryGetValues(header, out var values) && values.Any(static value => value.Contains("keep-alive", StringComparison.OrdinalIgnoreCase));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _once?.Dispose();
        base.Dispose(disposing);
    }
}
