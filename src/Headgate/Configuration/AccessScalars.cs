using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>The single values of <see cref="AccessSettings"/>.</summary>
internal static class AccessScalars
{
    private const string HashStart = "sha256:";
    private const int LongestTenant = 200;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static readonly Scalar<string> TokenName = new(
        "tokenName", "a name of 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit",
        """{ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" }""",
        (ConfigurationNode node, out string value, out string? problem) => ReadText(node, Settings.Upstream.IsName, out value, out problem));

    public static readonly Scalar<string> TokenHash = new(
        "tokenHash", "a hash: \"sha256:\" and 64 hex digits", """{ "type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$" }""", ReadHash);

    public static readonly Scalar<AccessScopes> Scope = new(
        "accessScope", AccessScopeNames.Expects, """{ "enum": ["read", "submit", "operate", "admin"] }""",
        (ConfigurationNode node, out AccessScopes value, out string? problem) =>
        {
            (value, problem) = (AccessScopes.None, null);
            return node.Kind == JsonValueKind.String && AccessScopeNames.TryParse(node.Text, out value);
        });

    public static readonly Scalar<string> Tenant = new(
        "tenant", "a tenant: 1 to 200 printable ASCII characters, without spaces at its ends", """{ "type": "string", "pattern": "^[!-~]([ -~]{0,198}[!-~])?$" }""",
        (ConfigurationNode node, out string value, out string? problem) => ReadText(node, IsTenant, out value, out problem));

    public static readonly Scalar<DateTimeOffset> Instant = new(
        "instant", "a date and time with its zone (RFC 3339), for example \"2030-01-31T00:00:00Z\"",
        """{ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})$" }""", ReadInstant);

    public static readonly Scalar<string> Origin = new(
        "origin", "an origin as browsers name it: scheme, host and port, for example \"https://app.example\"",
        """{ "type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^/?#@*]+$" }""", ReadOrigin);

    public static readonly Scalar<string> Host = new(
        "hostName", "a host name without scheme and port, for example \"headgate.internal\"", """{ "type": "string", "pattern": "^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$" }""",
        (ConfigurationNode node, out string value, out string? problem) =>
        {
            var isRead = ReadText(node, IsHost, out value, out problem);
            value = value.ToLowerInvariant();
            return isRead;
        });

    /// <summary>What a tenant may be called, so that it can be named in a header too.</summary>
    public static bool IsTenant(string text) =>
        text.Length is > 0 and <= LongestTenant && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text[0] != ' ' && text[^1] != ' ';

    /// <summary>Whether a text can be the name of a host.</summary>
    public static bool IsHost(string text) =>
        text.Length is > 0 and <= 253 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-') && text[0] is not ('.' or '-') && text[^1] is not ('.' or '-');

    private static bool ReadText(ConfigurationNode node, Func<string, bool> isGood, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        return node.Kind == JsonValueKind.String && isGood(value);
    }

    // Whoever writes the token itself here must not find it in an error message.
    private static bool ReadHash(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text.ToLowerInvariant(), "the hash is \"sha256:\" and 64 hex digits, of the whole token; the token itself does not belong here");
        return node.Kind == JsonValueKind.String && node.Text.StartsWith(HashStart, StringComparison.Ordinal)
            && value.Length == HashStart.Length + 64 && value.AsSpan(HashStart.Length).IndexOfAnyExcept(HexDigits) < 0;
    }

    private static bool ReadInstant(ConfigurationNode node, out DateTimeOffset value, out string? problem)
    {
        (value, problem) = (default, null);
        var text = node.Text;
        // Without its zone it would mean another moment on another machine.
        return node.Kind == JsonValueKind.String && text.Length >= 17 && (text[10] is 'T' or 't')
            && (text[^1] is 'Z' or 'z' || (text[^6] is '+' or '-' && text[^3] == ':'))
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out value);
    }

    private static bool ReadOrigin(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        if (node.Kind != JsonValueKind.String)
            return false;
        if (value == "*")
        {
            problem = "\"*\" would let every page in the world use the service through the browsers of those who may; name each origin, for example \"https://app.example\"";
            return false;
        }
        if (value.Contains('@', StringComparison.Ordinal))
        {
            problem = "an origin has neither a user name nor a password; write for example \"https://app.example\""; // Not shown: it may be a secret.
            return false;
        }
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
            || value.AsSpan(url.Scheme.Length + 3).ContainsAny("/?#*") || url.Host.Length == 0)
            return false;
        value = url.GetLeftPart(UriPartial.Authority).ToLowerInvariant();
        return true;
    }
}
