using System.Buffers;
using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>
/// What the members of a request may be. Each rule throws <see cref="ArgumentException"/> with a message that names the member, so
/// that a request that exists is a valid one, wherever it comes from.
/// </summary>
internal static class RequestRules
{
    public const int MaxUrl = 64 * 1024;
    public const int MaxText = 1024;
    public const int MaxRetries = 1000;

    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Select(c => (char)c), '\x7f']);
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"];

    public static Uri CheckUrl(string url)
    {
        if (url.Length == 0)
            throw new ArgumentException("url is empty");
        if (url.Length > MaxUrl)
            throw new ArgumentException($"url is longer than {MaxUrl / 1024} KiB");
        var control = url.AsSpan().IndexOfAny(Controls);
        if (control >= 0)
            throw new ArgumentException($"url has a control character ({CodePoint(url[control])}) at its position {control + 1}");
        if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException(SchemeComplaint(url));
        var authority = AuthorityOf(url);
        if (authority.Contains('@'))
            throw new ArgumentException("url has a user name or password in it, which would end up in results and logs: "
                + "give a header instead, for example \"authorization\": \"Basic …\"");
        if (authority.Contains('\\') || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || !UrlHost.IsKnown(uri))
            throw new ArgumentException($"url {Quote(url)} is not valid: its host or port cannot be read");
        return uri;
    }

    /// <summary>The host and port of a URL as they are written: what stands between <c>//</c> and the path.</summary>
    public static ReadOnlySpan<char> AuthorityOf(ReadOnlySpan<char> url)
    {
        var rest = url[(url.IndexOf("//") + 2)..];
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    public static string CheckMethod(ReadOnlySpan<char> method)
    {
        foreach (var known in Methods)
            if (method.Equals(known, StringComparison.OrdinalIgnoreCase))
                return known;
        if (method.Equals("CONNECT", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException("method CONNECT is for proxies; it cannot be a request of its own");
        if (method.Length > 32 || !HeaderRules.IsToken(method))
            throw new ArgumentException($"method {Quote(method)} is not an HTTP method");
        return method.ToString();
    }

    /// <summary>A name or an identifier: not empty, at most 1,024 characters, none of them a control character.</summary>
    public static string? CheckText(string member, string? value)
    {
        if (value is null)
            return null;
        if (value.Length == 0)
            throw new ArgumentException($"{member} is empty");
        if (value.Length > MaxText)
            throw new ArgumentException($"{member} is longer than {MaxText} characters");
        if (value.AsSpan().IndexOfAny(Controls) is >= 0 and var at)
            throw new ArgumentException($"{member} has a control character ({CodePoint(value[at])})");
        return value;
    }

    public static string? CheckCountry(string? value) =>
        value is null or [>= 'A' and <= 'Z', >= 'A' and <= 'Z'] ? value
        : value is [var a, var b] && char.IsAsciiLetter(a) && char.IsAsciiLetter(b) ? value.ToUpperInvariant()
        : throw new ArgumentException($"country {Quote(value)} is not a code of two letters, such as DE");

    public static RequestPriority CheckPriority(RequestPriority value) =>
        value is >= RequestPriority.Critical and <= RequestPriority.Background ? value
        : throw new ArgumentException(PriorityComplaint(((int)value).ToString()));

    public static string PriorityComplaint(ReadOnlySpan<char> text) =>
        $"priority {Quote(text)} is not 1 to 5 nor critical, high, medium, low or background";

    public static TimeSpan? CheckTimeout(TimeSpan? value) =>
        value is null || (value > TimeSpan.Zero && value <= Duration.Longest) ? value
        : throw new ArgumentException($"timeout must be longer than 0 s and at most {Duration.Longest.Days} days");

    public static TimeSpan? CheckRetryDelay(TimeSpan? value) =>
        value is null || (value >= TimeSpan.Zero && value <= Duration.Longest) ? value
        : throw new ArgumentException($"retry_delay must be 0 s to {Duration.Longest.Days} days");

    public static int? CheckRetries(int? value) =>
        value is null or (>= 0 and <= MaxRetries) ? value : throw new ArgumentException($"retries must be 0 to {MaxRetries}, not {value}");

    public static void CheckCost(string unit, long amount)
    {
        if (unit is not [>= 'a' and <= 'z', ..] || unit.AsSpan().ContainsAnyExcept(CostUnitChars) || unit is "bucket" or "concurrent")
            throw new ArgumentException($"cost names the unit {Quote(unit)}: a unit is small letters, digits and _, beginning with a letter, such as tokens");
        if (amount is < 0 or > 1_000_000_000_000)
            throw new ArgumentException($"cost of {unit} must be 0 to 10^12, not {amount}");
    }

    public static void CheckExpected(int status)
    {
        if (status is < 200 or > 599)
            throw new ArgumentException($"expect: {status} is not the status of an answer (200 to 599)");
    }

    /// <summary>Text as shown in a message: in quotes, cut to a length that can be read, control characters spelled out.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var shown = text.Length > 80 ? string.Concat(text[..77], "...") : text.ToString();
        if (shown.AsSpan().ContainsAny(Controls))
            shown = string.Concat(shown.Select(c => Controls.Contains(c) ? CodePoint(c) : c.ToString()));
        return $"\"{shown}\"";
    }

    public static string CodePoint(char c) => $"U+{(int)c:X4}";

    private static readonly SearchValues<char> CostUnitChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    private static string SchemeComplaint(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0)
            return $"url must begin with http:// or https://, not {Quote(url.AsSpan(0, scheme + 3))}";
        return url.StartsWith("http:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
            ? $"url {Quote(url)} lacks the // after its scheme"
            : $"url {Quote(url)} has no scheme: write http:// or https:// in front of it";
    }
}
