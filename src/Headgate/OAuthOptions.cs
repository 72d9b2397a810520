namespace Headgate;

/// <summary>
/// Bearer tokens of the client credentials grant (RFC 6749 §4.4): fetched by one for all who need one, renewed after four fifths of their life, and
/// fetched anew when the API has answered 401. Requests that bring an Authorization header of their own keep it.
/// </summary>
public sealed class OAuthOptions : SettingsGroup
{
    /// <summary>The token endpoint: https, or http on loopback. Must be given.</summary>
    public string? TokenUrl { get => Get<string>(); set => Set(value); }

    /// <summary>As whom tokens are asked for. Must be given.</summary>
    public string? ClientId { get => Get<string>(); set => Set(value); }

    /// <summary>Where the secret of that client is: <c>env:NAME</c> or <c>file:PATH</c>, read anew for each token. Must be given.</summary>
    public string? ClientSecret { get => Get<string>(); set => Set(value); }

    /// <summary>What is asked for. None by default: the server decides.</summary>
    public IList<string>? Scopes { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Whom the token is for, where the server wants that told. Nobody by default.</summary>
    public string? Audience { get => Get<string>(); set => Set(value); }

    /// <summary>Where id and secret go: <c>header</c> (default), or <c>body</c> for servers that take them only there.</summary>
    public string? Send { get => Get<string>(); set => Set(value); }
}
