using System.Diagnostics;
using System.Net.Http.Headers;
using Headgate.App.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Service;

/// <summary>What of a call goes on to an API, and what of its answer comes back: all but what concerns one connection only. Pure.</summary>
internal static class GatewayRequest
{
    /// <summary>RFC 9110 §7.6.1, and those that were in use before it.</summary>
    private static readonly HashSet<string> OfTheConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Expect",
    };

    /// <summary>The request that goes on.</summary>
    public static HttpRequestMessage Of(HttpContext context, Uri target)
    {
        var call = context.Request;
        var message = new HttpRequestMessage(new HttpMethod(call.Method), target);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            message.Content = new StreamContent(call.Body);
            message.Content.Headers.ContentLength = call.ContentLength;
        }
        var named = NamedIn(call.Headers.Connection);
        // Where spans are told, the send has one of its own, which is below that of the caller.
        if (Activity.Current is not null)
            named.UnionWith(["traceparent", "tracestate"]);
        foreach (var (name, values) in call.Headers)
            if (!OfTheConnection.Contains(name) && !named.Contains(name) && !name.StartsWith("Headgate-", StringComparison.OrdinalIgnoreCase)
                && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!) && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!);
        return message;
    }

    /// <summary>How urgent the caller says it is.</summary>
    /// <exception cref="Problem">It is none of the five.</exception>
    public static RequestPriority PriorityOf(HttpContext context)
    {
        if (context.Request.Headers["Headgate-Priority"] is not [{ Length: > 0 } text])
            return RequestPriority.Medium;
        return Enum.TryParse<RequestPriority>(text, ignoreCase: true, out var priority) && Enum.IsDefined(priority)
            ? priority
            : throw new Problem(StatusCodes.Status400BadRequest, "Headgate-Priority is 1 to 5, or critical, high, medium, low, background");
    }

    /// <summary>On whose behalf the call is: that of the caller, or whom it names if it acts for all.</summary>
    /// <exception cref="Problem">It names somebody else's.</exception>
    public static string? TenantOf(HttpContext context)
    {
        var caller = Caller.Of(context);
        var named = context.Request.Headers["Headgate-Tenant"] is [{ Length: > 0 } tenant] ? tenant : null;
        return caller.WhyForeign(named) is { } foreign ? throw new Problem(StatusCodes.Status403Forbidden, foreign) : named ?? caller.Tenant;
    }

    /// <summary>The caller's own credentials for the API, which stay as they are; null for none. A token of ours was taken out before.</summary>
    /// <exception cref="Problem">They cannot be sent.</exception>
    public static string? OwnKeyOf(HttpContext context)
    {
        if (context.Request.Headers.Authorization is not [{ Length: > 0 } own, ..])
            return null;
        return Keys.KeySecret.FindFault(own) is { } fault ? throw new Problem(StatusCodes.Status400BadRequest, $"Authorization {fault}") : own;
    }

    /// <summary>What stands behind the API's name, as it was written: path and query.</summary>
    /// <exception cref="Problem">It has segments that lead elsewhere.</exception>
    public static string BehindName(HttpContext context)
    {
        var whole = PathAndQuery(context);
        // The router reads other spellings as well; what goes on is cut from this one.
        if (!whole.StartsWith("/up/", StringComparison.Ordinal))
            throw Elsewhere();
        var end = whole.AsSpan("/up/".Length).IndexOfAny('/', '?');
        return end < 0 ? "" : whole[("/up/".Length + end)..];
    }

    /// <summary>Path and query of a call as they were written.</summary>
    /// <exception cref="Problem">They have segments that lead elsewhere.</exception>
    public static string PathAndQuery(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        // In absolute form the way to the path is longer.
        var start = raw.StartsWith('/') ? 0 : raw.IndexOf('/', raw.IndexOf("://", StringComparison.Ordinal) + 3);
        var whole = start < 0 ? "/" : raw[start..];
        var path = whole.Split('?')[0];
        if (path.Contains('\\', StringComparison.Ordinal) || whole.Contains('#', StringComparison.Ordinal) || path.Split('/').Any(LeadsElsewhere))
            throw Elsewhere();
        return whole;
    }

    /// <summary>Dots as they are or in disguise, and slashes in disguise, which some servers read as such.</summary>
    private static bool LeadsElsewhere(string segment) => Uri.UnescapeDataString(segment).Split('/', '\\').Any(part => part is "." or "..");

    private static Problem Elsewhere() => new(StatusCodes.Status400BadRequest, "the path has segments that lead elsewhere");

    /// <summary>The headers that come back.</summary>
    public static void CopyHeaders(HttpResponseMessage answer, HttpResponse response)
    {
        var named = answer.Headers.NonValidated.TryGetValues("Connection", out var connection) ? NamedIn(connection.ToString()) : [];
        foreach (var headers in (HttpHeadersNonValidated[])[answer.Headers.NonValidated, answer.Content.Headers.NonValidated])
            foreach (var (name, values) in headers)
                if (!OfTheConnection.Contains(name) && !named.Contains(name))
                    response.Headers.Append(name, values.ToArray());
    }

    private static HashSet<string> NamedIn(string? connection) =>
        new((connection ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), StringComparer.OrdinalIgnoreCase);
}
