using Headgate.Configuration;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Security;

/// <summary>
/// Which pages may call the service through the browser of whoever looks at them: its own, and those of the origins that are configured (CORS).
/// Cookies and the like are of no use here, so that no answer ever allows them. Thread-safe.
/// </summary>
/// <param name="origins">The origins, in lower case.</param>
internal sealed class CrossOrigin(ValueList<string> origins)
{
    /// <summary>What pages of other origins may read of an answer beside what they may always.</summary>
    private const string Readable = "Location, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, Preference-Applied, Allow, Headgate-Wait, Cache-Status, Proxy-Status";

    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    /// <summary>How long a browser need not ask again, in seconds.</summary>
    private const string Remembered = "600";

    private readonly HashSet<string> _origins = new(origins, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the page that makes a call may. Programs say nothing of a page, and may.</summary>
    public bool Allows(HttpRequest request) => request.Headers.Origin is [{ } origin, ..]
        ? IsOwn(request, origin) || _origins.Contains(origin)
        // A browser sends simple requests for any page without a word of its origin; newer ones say how far off it is.
        : request.Headers["Sec-Fetch-Site"] is not ["cross-site" or "same-site", ..];

    /// <summary>Answers a browser that asks whether a page of a configured origin may make a call (a preflight); false if that is not what it asks.</summary>
    public bool TryAnswerPreflight(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsOptions(request.Method) || request.Headers.AccessControlRequestMethod.Count == 0 || OriginOf(request) is not { } origin)
            return false;
        response.StatusCode = StatusCodes.Status204NoContent;
        Mark(response, origin);
        response.Headers.AccessControlAllowMethods = Methods;
        if (request.Headers.AccessControlRequestHeaders is [{ } asked, ..] && IsListOfNames(asked))
            response.Headers.AccessControlAllowHeaders = asked;
        response.Headers.AccessControlMaxAge = Remembered;
        if (request.Headers["Access-Control-Request-Private-Network"] is ["true", ..])
            response.Headers["Access-Control-Allow-Private-Network"] = "true";
        return true;
    }

    /// <summary>Lets the page of a configured origin read the answer, whatever that is in the end: what an API behind the gateway says of it is for others.</summary>
    public void MarkAnswer(HttpContext context)
    {
        if (_origins.Count == 0)
            return;
        var origin = OriginOf(context.Request);
        context.Response.OnStarting(() =>
        {
            if (origin is null)
                context.Response.Headers.Append("Vary", "Origin");
            else
                Mark(context.Response, origin);
            return Task.CompletedTask;
        });
    }

    private static void Mark(HttpResponse response, string origin)
    {
        response.Headers.Remove("Access-Control-Allow-Credentials");
        response.Headers.AccessControlAllowOrigin = origin;
        response.Headers.AccessControlExposeHeaders = Readable;
        response.Headers.Append("Vary", "Origin");
    }

    /// <summary>The configured origin that a call names; null for others.</summary>
    private string? OriginOf(HttpRequest request) => request.Headers.Origin is [{ } origin, ..] && !IsOwn(request, origin) && _origins.Contains(origin) ? origin : null;

    private static bool IsOwn(HttpRequest request, string origin) => origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static bool IsListOfNames(string text) => text.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or ',' or ' ' or '.');
}
