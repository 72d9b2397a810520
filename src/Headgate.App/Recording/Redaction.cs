using System.Text;
using Headgate.App.Security;
using Headgate.Keys;

namespace Headgate.App.Recording;

/// <summary>What is shown of headers and URLs in place of what may be a secret. Pure.</summary>
internal static class Redaction
{
    public const string Shown = "…";

    private static readonly string[] Headers = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "Headgate-Token"];

    /// <summary>Words that say so of a name they are in, whatever is around them.</summary>
    private static readonly string[] Words = ["token", "secret", "passw", "apikey", "api-key", "api_key", "access-key", "access_key", "accesskey", "signature", "credential", "session", "auth"];

    /// <summary>Names that say so by themselves.</summary>
    private static readonly string[] Names = ["key", "sig", "code", "jwt", "sid", "pwd", "x-key"];

    /// <summary>Whether the value of a header or parameter may be a secret.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="keys">Where the API has its keys; null if it has none.</param>
    public static bool Hides(string name, KeyTemplate? keys = null) =>
        Headers.Contains(name, StringComparer.OrdinalIgnoreCase)
        || Names.Contains(name, StringComparer.OrdinalIgnoreCase)
        || name.Equals(keys?.Header, StringComparison.OrdinalIgnoreCase) || name.Equals(keys?.Parameter, StringComparison.OrdinalIgnoreCase)
        || Array.Exists(Words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>A URL without user, fragment, and the values of parameters that may be secrets.</summary>
    public static string Of(Uri url, KeyTemplate? keys = null) => $"{url.Scheme}://{url.Authority}{url.AbsolutePath}{WithoutSecrets(url.Query, keys)}";

    /// <summary>A URL as it was written, without the values of parameters that may be secrets, and without its fragment, which goes nowhere.</summary>
    public static string Of(string url, KeyTemplate? keys = null) => WithoutSecrets(url.IndexOf('#', StringComparison.Ordinal) is >= 0 and var end ? url[..end] : url, keys);

    /// <summary>The value of a header; what stands for it where it may be a secret, or has parameters of a URL that may.</summary>
    public static string Of(string name, string value, KeyTemplate? keys = null) =>
        Hides(name, keys) || value.Contains(TokenText.Start, StringComparison.Ordinal) ? Shown : WithoutSecrets(value, keys);

    /// <summary>Headers, a line each, without what may be secrets: whatever is in them that looks like a parameter of a URL, too.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, string>> headers, KeyTemplate? keys = null)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in headers)
            text.Append(name).Append(": ").Append(Of(name, value, keys)).Append('\n');
        return text.ToString();
    }

    /// <summary>A text with no values of parameters that may be secrets: from the first <c>?</c> on they stand between <c>&amp;</c> or <c>;</c>.</summary>
    private static string WithoutSecrets(string text, KeyTemplate? keys)
    {
        var start = text.IndexOf('?', StringComparison.Ordinal) + 1;
        if (start == 0)
            return text;
        var shown = new StringBuilder(text, 0, start, text.Length);
        for (var at = start; at < text.Length;)
        {
            var end = text.AsSpan(at).IndexOfAny("&;") is var next and >= 0 ? at + next : text.Length;
            var equals = text.IndexOf('=', at, end - at);
            shown.Append(equals >= 0 && Hides(Uri.UnescapeDataString(text[at..equals]), keys) ? $"{text[at..equals]}={Shown}" : text[at..end]);
            if (end < text.Length)
                shown.Append(text[end]);
            at = end + 1;
        }
        return shown.ToString();
    }
}
