using System.Buffers;
using System.Diagnostics;
using System.Net;
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

    // RFC 9110 §5.5: whoever passes them on cannot know what the next reader takes them for.
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Where(letter => letter != '\t').Select(letter => (char)letter), '\x7f']);

    /// <summary>The request that goes on.</summary>
    /// <param name="context">The call; see <see cref="Check"/>.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="body">Its body, where it has one.</param>
    public static HttpRequestMessage Of(HttpContext context, Uri target, CallerBody? body)
    {
        var call = context.Request;
        var message = new HttpRequestMessage(new HttpMethod(call.Method), target);
        if (body?.Whole is { } whole)
            message.Content = new ReadOnlyMemoryContent(whole);
        else if (body is not null)
        {
            message.Content = new StreamContent(body);
            message.Content.Headers.ContentLength = call.ContentLength;
        }
        var named = NamedIn(string.Join(',', [.. call.Headers.Connection, .. ConnectionLines.Of(context)]));
        // Where spans are told, the send has one of its own, which is below that of the caller.
        if (Activity.Current is not null)
            named.UnionWith(["traceparent", "tracestate"]);
        foreach (var (name, values) in call.Headers)
            if (!OfTheConnection.Contains(name) && !named.Contains(name) && !name.StartsWith("Headgate-", StringComparison.OrdinalIgnoreCase)
                && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!) && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!);
        return message;
    }

    /// <summary>Looks for what two servers could read in two ways (RFC 9112 §6.1, §11.2).</summary>
    /// <exception cref="Problem">The next server could read the call in another way than we do.</exception>
    public static void Check(HttpRequest call)
    {
        if (call.Headers.TransferEncoding is { Count: > 0 } codings)
        {
            if (HttpProtocol.IsHttp10(call.Protocol))
                throw new Problem(StatusCodes.Status400BadRequest, "HTTP/1.0 has no Transfer-Encoding");
            if (codings is not [var coding] || !"chunked".Equals(coding, StringComparison.OrdinalIgnoreCase))
                throw new Problem(StatusCodes.Status501NotImplemented, "of the transfer codings only chunked is understood, and only once");
            // Where both are given the server puts the length aside under this name.
            if (call.Headers.ContainsKey("X-Content-Length"))
                throw new Problem(StatusCodes.Status400BadRequest, "Content-Length and Transfer-Encoding contradict each other: give one of them");
        }
        foreach (var (name, values) in call.Headers)
            foreach (var value in values)
                if (value.AsSpan().ContainsAny(Controls))
                    throw new Problem(StatusCodes.Status400BadRequest, $"the header {Excerpt.Of(name)} has a control character in it");
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
        if (raw == "*")
            throw new Problem(StatusCodes.Status400BadRequest, "\"*\" is a question to this server, and not to the API: ask for a path of it");
        // In absolute form the way to the path is longer.
        var start = raw.StartsWith('/') ? 0 : raw.IndexOf('/', raw.IndexOf("://", StringComparison.Ordinal) + 3);
        var whole = start < 0 ? "/" : raw[start..];
        var path = whole.Split('?')[0];
        if (ExactUrl.LeadsElsewhere(path))
            throw Elsewhere();
        if (whole.AsSpan().ContainsAnyExceptInRange('!', '~') || whole.Contains('#', StringComparison.Ordinal))
            throw new Problem(StatusCodes.Status400BadRequest, "the path has characters in it that no URL has");
        return whole;
    }

    private static Problem Elsewhere() => new(StatusCodes.Status400BadRequest, "the path has segments that lead elsewhere");

    /// <summary>Looks for an answer that cannot be passed on: one that answers nothing yet, or has no status at all.</summary>
    /// <exception cref="HttpRequestException">It is one.</exception>
    public static void Check(HttpResponseMessage answer)
    {
        if ((int)answer.StatusCode is < 200 or > 999)
            throw new HttpRequestException(HttpRequestError.InvalidResponse, $"the status {(int)answer.StatusCode} is no answer");
    }

    /// <summary>Whether an answer of a status has a body that is passed on (RFC 9110 §15.3.5, §15.3.6): what a server sends with it all the same is not.</summary>
    public static bool HasBody(HttpStatusCode status) => status is not (HttpStatusCode.NoContent or HttpStatusCode.ResetContent);

    /// <summary>The headers that come back.</summary>
    public static void CopyHeaders(HttpResponseMessage answer, HttpResponse response)
    {
        var named = answer.Headers.NonValidated.TryGetValues("Connection", out var connection) ? NamedIn(connection.ToString()) : [];
        foreach (var headers in (HttpHeadersNonValidated[])[answer.Headers.NonValidated, answer.Content.Headers.NonValidated])
            foreach (var (name, values) in headers)
                if (!OfTheConnection.Contains(name) && !named.Contains(name))
                    response.Headers.Append(name, values.Select(Cleared).ToArray());
        // Chunks override a length that is said beside them, and it is not passed on (RFC 9112 §6.3).
        if (!HasBody(answer.StatusCode) || answer.Headers.NonValidated.Contains("Transfer-Encoding"))
            response.ContentLength = null;
    }

    /// <summary>The headers that come back with what an API says before its answer: none that is of one connection, or tells of a body.</summary>
    public static IEnumerable<KeyValuePair<string, string>> FieldsBefore(IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        var named = NamedIn(string.Join(',', fields.Where(field => field.Key.Equals("Connection", StringComparison.OrdinalIgnoreCase)).Select(field => field.Value)));
        return from field in fields
               where !OfTheConnection.Contains(field.Key) && !named.Contains(field.Key) && !field.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
               select KeyValuePair.Create(field.Key, Cleared(field.Value));
    }

    /// <summary>A value without control characters: a space stands for each, as RFC 9110 §5.5 has it, and the answer is not lost for them.</summary>
    public static string Cleared(string value) => !value.AsSpan().ContainsAny(Controls) ? value : string.Create(value.Length, value, static (cleared, value) =>
    {
        for (var at = 0; at < cleared.Length; at++)
            cleared[at] = Controls.Contains(value[at]) ? ' ' : value[at];
    });

    /// <summary>Whether a field may stand after a body: none that says how the message is read (RFC 9110 §6.5.1).</summary>
    public static bool MayTrail(string name) => !OfTheConnection.Contains(name) && !name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        && !name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase) && !name.Equals("Cache-Control", StringComparison.OrdinalIgnoreCase);

    private static HashSet<string> NamedIn(string? connection) =>
        new((connection ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), StringComparer.OrdinalIgnoreCase);
}
