using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>The part of <see cref="Settings"/> that is about tokens of OAuth.</summary>
internal static class OAuthSettings
{
    private const string Header = "header";
    private const string Body = "body";

    private static readonly Scalar<Uri> Endpoint = new(
        "tokenUrl", "the https:// address of the token endpoint (http:// on loopback only), without user name and fragment", """{ "type": "string", "pattern": "^https?://." }""", ReadEndpoint);

    private static readonly Scalar<string> Word = new("oauthText", "printable ASCII, not empty", """{ "type": "string", "pattern": "^[ -~]+$" }""", ReadWord);

    // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
    private static readonly Scalar<string> Scope = new("oauthScope", "a scope: printable ASCII without spaces, quotes and backslashes", """{ "type": "string", "pattern": "^[!#-\\[\\]-~]+$" }""", ReadScope);

    private static readonly Scalar<bool> Place = new("oauthPlace", "\"header\" or \"body\"", """{ "enum": ["header", "body"] }""", ReadPlace);

    public static readonly Setting<Uri> TokenUrl = new("tokenUrl", Endpoint, "The token endpoint.");
    public static readonly Setting<string> ClientId = new("clientId", Word, "As whom tokens are asked for.");
    public static readonly Setting<string> ClientSecret = new("clientSecret", Scalars.SecretSource, "Where the secret of that client is: \"env:NAME\" or \"file:PATH\"; read anew for each token.");
    public static readonly ListOf<string> ScopesShape = new(Scope);
    public static readonly Setting Scopes = new("scopes", ScopesShape, "What is asked for; without any the server decides.", "[]");
    public static readonly Setting<string> Audience = new("audience", Word, "Whom the token is for, where the server wants that told.");
    public static readonly Setting<bool> Send = new("send", Place, "Where id and secret go: into the Authorization header, or into the body for servers that take them only there.", $"\"{Header}\"");

    public static readonly Group Shape = new([TokenUrl, ClientId, ClientSecret, Scopes, Audience, Send], ["tokenUrl", "clientId", "clientSecret"]);

    public static readonly Setting OfUpstream = new("oauth", Shape, "Tokens that requests to this API get: fetched with client credentials, renewed after four fifths of their life.");

    private static bool ReadEndpoint(ConfigurationNode node, out Uri value, out string? problem)
    {
        problem = null;
        if (node.Kind != JsonValueKind.String || !Uri.TryCreate(node.Text, UriKind.Absolute, out value!) || value is not { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "", Fragment: "" })
        {
            value = null!;
            return false;
        }
        if (value is { Scheme: "http", IsLoopback: false })
            problem = $"{value.GetLeftPart(UriPartial.Authority)} would get the secret unencrypted; write https://";
        return problem is null;
    }

    private static bool ReadWord(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text ?? "", null);
        return node.Kind == JsonValueKind.String && value.Length > 0 && value.All(letter => letter is >= ' ' and <= '~');
    }

    private static bool ReadScope(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text ?? "", null);
        return node.Kind == JsonValueKind.String && value.Length > 0 && value.All(letter => letter is > ' ' and <= '~' and not ('"' or '\\'));
    }

    private static bool ReadPlace(ConfigurationNode node, out bool inBody, out string? problem)
    {
        (inBody, problem) = (node.Text == Body, null);
        return node.Kind == JsonValueKind.String && node.Text is Header or Body;
    }
}
