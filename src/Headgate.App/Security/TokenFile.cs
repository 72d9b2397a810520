using System.Text.Encodings.Web;
using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.App.Security;

/// <summary>A file of tokens as it is written: <c>{"version":1,"tokens":[{"name","hash","scopes",…}]}</c>. Pure.</summary>
internal static class TokenFile
{
    /// <summary>Some ten thousand tokens.</summary>
    public const int Largest = 4 << 20;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads one.</summary>
    /// <param name="bytes">Its content; null if there is no such file, and so no token in it.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="ConfigurationException">It is not one: all that is wrong, with lines and columns.</exception>
    public static IReadOnlyList<TokenConfiguration> Parse(byte[]? bytes, string path)
    {
        if (bytes is null)
            return [];
        var errors = new List<ConfigurationError>();
        var tokens = (IReadOnlyList<TokenConfiguration>)[];
        if (ConfigurationParser.ReadFile(bytes, path, errors) is { } root)
        {
            AccessSettings.Files.Shape.Check(root, errors);
            AccessRules.CheckTokens(root.Member(AccessSettings.Files.Tokens.Name), errors);
            tokens = [.. AccessBinder.BindTokens(root.Member(AccessSettings.Files.Tokens.Name))];
        }
        return errors.Count == 0 ? tokens : throw new ConfigurationException(errors);
    }

    /// <summary>Writes one.</summary>
    public static byte[] Write(IEnumerable<TokenConfiguration> tokens)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
                Write(json, token);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>What the audit log says of a token.</summary>
    public static (string Name, string? Value)[] Described(TokenConfiguration token) =>
    [
        ("scopes", string.Join(',', AccessScopeNames.NamesOf(token.Scopes))),
        .. token.Tenant is { } tenant ? [("tenant", tenant)] : (ReadOnlySpan<(string, string?)>)[],
        .. token.Expires is { } expires ? [("expires", expires.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture))] : (ReadOnlySpan<(string, string?)>)[],
    ];

    /// <summary>Writes one token as it stands in a file, and in the configuration.</summary>
    public static void Write(Utf8JsonWriter json, TokenConfiguration token)
    {
        json.WriteStartObject();
        json.WriteString("name", token.Name);
        json.WriteString("hash", token.Hash);
        json.WriteStartArray("scopes");
        foreach (var scope in AccessScopeNames.NamesOf(token.Scopes))
            json.WriteStringValue(scope);
        json.WriteEndArray();
        if (token.Tenant is { } tenant)
            json.WriteString("tenant", tenant);
        if (token.Created is { } created)
            json.WriteString("created", created.UtcDateTime);
        if (token.Expires is { } expires)
            json.WriteString("expires", expires.UtcDateTime);
        json.WriteEndObject();
    }
}
