using System.Text;

namespace Headgate;

/// <summary>Where an answer sends us next, and what of the request goes along.</summary>
/// <param name="Method">The method of the next request.</param>
/// <param name="Uri">Its absolute address.</param>
/// <param name="DropsBody">Whether body and the headers that describe it stay behind.</param>
/// <param name="DropsCredentials">Whether headers that carry credentials stay behind, because it is another origin.</param>
internal sealed record Redirect(HttpMethod Method, Uri Uri, bool DropsBody, bool DropsCredentials)
{
    /// <summary>The headers in which the APIs on the way have their keys.</summary>
    private IReadOnlyList<string> KeyHeaders { get; init; } = [];

    /// <summary>This one, with all that was left behind before.</summary>
    /// <param name="before">The redirect before; null if it is the first.</param>
    /// <param name="keyHeader">The header in which the API that redirects has its key; null if it has none.</param>
    public Redirect After(Redirect? before, string? keyHeader) => this with
    {
        DropsBody = DropsBody || before is { DropsBody: true },
        DropsCredentials = DropsCredentials || before is { DropsCredentials: true },
        KeyHeaders = [.. before?.KeyHeaders ?? [], .. keyHeader is null ? (string[])[] : [keyHeader]],
    };

    /// <summary>Whether a header of the request goes along.</summary>
    /// <param name="name">Its name.</param>
    public bool Keeps(string name) =>
        // The name of the host is part of the new address.
        !Is(name, "Host")
        && !(DropsCredentials && (Is(name, "Authorization") || Is(name, "Cookie") || Is(name, "Proxy-Authorization") || KeyHeaders.Any(key => Is(name, key))))
        && !(DropsBody && (Is(name, "Expect") || Is(name, "Transfer-Encoding") || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)));

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Follows redirects by RFC 9110 §15.4. Pure: each hop is an attempt of its own, with its own admission and permit.</summary>
internal static class Redirects
{
    /// <summary>How many hops are followed unless told otherwise. A loop ends there too.</summary>
    public const int DefaultLimit = 10;

    /// <summary>What to send next; null if the answer is to be returned as it is.</summary>
    /// <param name="method">The method of the request that was answered.</param>
    /// <param name="uri">Its address.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="location">Its <c>Location</c> as it came; null if there is none.</param>
    /// <param name="hops">How many redirects were followed before.</param>
    /// <param name="limit">How many are followed at most.</param>
    /// <remarks>
    /// A POST becomes a GET on 301, 302 and 303; on 303 everything but HEAD does; 307 and 308 change nothing. Only http and https are
    /// followed, and never from https to http.
    /// </remarks>
    public static Redirect? Next(HttpMethod method, Uri uri, int status, string? location, int hops, int limit = DefaultLimit)
    {
        if (status is not (301 or 302 or 303 or 307 or 308) || hops >= limit || Target(uri, location) is not { } target)
            return null;
        var becomesGet = status switch
        {
            301 or 302 => method == HttpMethod.Post,
            303 => method != HttpMethod.Get && method != HttpMethod.Head,
            _ => false,
        };
        return new Redirect(becomesGet ? HttpMethod.Get : method, target, becomesGet, !IsSameOrigin(uri, target));
    }

    /// <summary>Whether two addresses have scheme, host and port in common.</summary>
    public static bool IsSameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.Port == other.Port && one.IdnHost.Equals(other.IdnHost, StringComparison.OrdinalIgnoreCase);

    private static Uri? Target(Uri from, string? location)
    {
        if (string.IsNullOrWhiteSpace(location) || !Uri.TryCreate(from, Decoded(location), out var target))
            return null;
        if (target.Scheme != Uri.UriSchemeHttps && (target.Scheme != Uri.UriSchemeHttp || from.Scheme == Uri.UriSchemeHttps))
            return null;
        if (!UrlHost.IsKnown(target))
            return null;
        // RFC 9110 §10.2.2: without a fragment of its own the target inherits ours.
        return target.Fragment.Length == 0 && from.Fragment.Length > 0 ? new Uri(target, from.Fragment) : target;
    }

    // Header bytes come to us one to a character; an address outside ASCII was UTF-8 on the wire.
    private static string Decoded(string location)
    {
        if (!location.AsSpan().ContainsAnyExceptInRange('\0', '\x7f') || location.AsSpan().ContainsAnyExceptInRange('\0', '\xff'))
            return location;
        try
        {
            return StrictUtf8.GetString(Encoding.Latin1.GetBytes(location));
        }
        catch (DecoderFallbackException)
        {
            return location;
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
