using System.Text;

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
    public static bool Hides(string name) =>
        Headers.Contains(name, StringComparer.OrdinalIgnoreCase)
        || Names.Contains(name, StringComparer.OrdinalIgnoreCase)
        || Array.Exists(Words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>A URL without user, fragment, and the values of parameters that may be secrets.</summary>
    public static string Of(Uri url)
    {
        var text = new StringBuilder($"{url.Scheme}://{url.Authority}{url.AbsolutePath}");
        var separator = '?';
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=');
            var name = equals < 0 ? part : part[..equals];
            text.Append(separator).Append(equals >= 0 && Hides(Uri.UnescapeDataString(name)) ? $"{name}={Shown}" : part);
            separator = '&';
        }
        return text.ToString();
    }

    /// <summary>Headers, a line each, without what may be secrets.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, string>> headers)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in headers)
            text.Append(name).Append(": ").Append(Hides(name) ? Shown : value).Append('\n');
        return text.ToString();
    }
}
