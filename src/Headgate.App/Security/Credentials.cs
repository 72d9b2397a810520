using System.Text;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Security;

/// <summary>Where callers put their tokens. Pure.</summary>
internal static class Credentials
{
    /// <summary>The header of the service's own, for whoever has another use for <c>Authorization</c>.</summary>
    public const string Header = "Headgate-Token";

    /// <summary>
    /// The token that credentials have: that of <c>Bearer TOKEN</c>, the password or name of <c>Basic</c> (<c>curl -u any:TOKEN</c>), or the token
    /// by itself. Null for other credentials.
    /// </summary>
    /// <param name="credentials">The value of <c>Authorization</c> or <c>Proxy-Authorization</c>; null if there is none.</param>
    public static string? TokenIn(string? credentials)
    {
        if (credentials is null)
            return null;
        var rest = credentials.AsSpan().Trim(' ');
        var space = rest.IndexOf(' ');
        var scheme = space < 0 ? "" : rest[..space];
        rest = rest[(space + 1)..].Trim(' ');
        if (!scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            return rest.StartsWith(TokenText.Start, StringComparison.Ordinal) ? rest.ToString() : null;
        var bytes = new byte[rest.Length];
        if (!Convert.TryFromBase64Chars(rest, bytes, out var length))
            return null;
        var pair = Encoding.Latin1.GetString(bytes.AsSpan(0, length));
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        // Programs that know one secret only have it as the name.
        return Array.Find([pair[(colon + 1)..], colon < 0 ? "" : pair[..colon]], TokenText.IsOne);
    }

    /// <summary>What a call of the service's own pages shows as its token, whatever it is; null for nothing.</summary>
    public static string? Shown(HttpRequest request) =>
        request.Headers[Header] is [{ Length: > 0 } own, ..] ? own
        : request.Headers.Authorization is [{ Length: > 0 } credentials, ..] ? TokenIn(credentials) ?? credentials
        : null;

    /// <summary>
    /// Takes the token out of a call that goes on to an API: nothing that begins as one does is for an API. All other credentials stay.
    /// </summary>
    /// <param name="request">The call.</param>
    /// <param name="keyHeader">The header in which the API has its keys: what is sent there by who believes to speak with the API may be the token, too. Null for none.</param>
    /// <returns>The token; null if there was none.</returns>
    public static string? Take(HttpRequest request, string? keyHeader)
    {
        var token = request.Headers[Header] is [{ Length: > 0 } own, ..] ? own : null;
        request.Headers.Remove(Header);
        foreach (var name in (string?[])["Authorization", keyHeader])
            // Whatever else is in a header beside a token was not meant to be read by an API either.
            if (name is not null && request.Headers[name].Select(TokenIn).FirstOrDefault(found => found is not null) is { } found)
            {
                token ??= found;
                request.Headers.Remove(name);
            }
        return token;
    }
}
