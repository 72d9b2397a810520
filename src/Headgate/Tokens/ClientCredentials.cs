using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Retries;

namespace Headgate.Tokens;

/// <summary>
/// Fetches a bearer token with the credentials of a client (RFC 6749 §4.4). What goes wrong on the way, or is said to pass (408, 429, 5xx), is tried
/// again a few times, since all who need a token wait for this one; what the server refuses is not. Thread-safe.
/// </summary>
/// <param name="oauth">Where, and as whom.</param>
/// <param name="tls">Whom the connection trusts; null for the system's.</param>
/// <param name="time">The clock.</param>
internal sealed class ClientCredentials(OAuthConfiguration oauth, SslClientAuthenticationOptions? tls, TimeProvider time)
{
    /// <summary>RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2. Any other word could be anything, the secret too.</summary>
    private static readonly string[] Errors =
        ["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target", "access_denied", "server_error", "temporarily_unavailable"];

    private const int Tries = 5;

    /// <summary>No token is longer: headers are not either.</summary>
    private const int LargestAnswer = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>What sends; a handler of our own for each fetch by default, since they are rare.</summary>
    public Func<HttpMessageHandler>? Handler { get; init; }

    /// <summary>Fetches a token.</summary>
    /// <exception cref="TokenException">There is none: the message says why, and holds no secret.</exception>
    /// <exception cref="ConfigurationException">The secret is not where it should be.</exception>
    /// <exception cref="OperationCanceledException">The token of the caller.</exception>
    public async Task<AccessToken> FetchAsync(CancellationToken cancellation)
    {
        using var invoker = new HttpMessageInvoker(Handler?.Invoke() ?? MakeHandler(), disposeHandler: true);
        for (var made = 1; ; made++)
            try
            {
                return await AskAsync(invoker, cancellation).ConfigureAwait(false);
            }
            catch (TokenException failure) when (failure.MayPass && made < Tries)
            {
                var pause = TimeSpan.FromSeconds(1 << (made - 1));
                await Task.Delay(failure.RetryAfter > pause ? failure.RetryAfter : pause, time, cancellation).ConfigureAwait(false);
            }
    }

    private async Task<AccessToken> AskAsync(HttpMessageInvoker invoker, CancellationToken cancellation)
    {
        using var request = MakeRequest();
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            using var answer = await invoker.SendAsync(request, both.Token).ConfigureAwait(false);
            var body = await ReadAsync(answer, both.Token).ConfigureAwait(false);
            return answer.StatusCode == HttpStatusCode.OK ? TokenOf(body) : throw Refused(answer, body);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested && FailureReader.IsOfTransport(failure))
        {
            var reason = patience.IsCancellationRequested ? CancellationReason.AttemptTimeout : CancellationReason.None;
            throw new TokenException($"{Endpoint}: {FailureReader.Classify(failure, sent: true, reason).Detail}") { MayPass = true };
        }
    }

    private string Endpoint => $"the token endpoint of {oauth.TokenUrl.Authority}";

    private HttpRequestMessage MakeRequest()
    {
        var secret = SecretSource.Read(oauth.ClientSecret);
        var form = new List<KeyValuePair<string, string>> { new("grant_type", "client_credentials") };
        if (oauth.Scopes.Count > 0)
            form.Add(new("scope", string.Join(' ', oauth.Scopes)));
        if (oauth.Audience is { } audience)
            form.Add(new("audience", audience));
        if (oauth.InBody)
            form.AddRange([new("client_id", oauth.ClientId), new("client_secret", secret)]);
        var request = new HttpRequestMessage(HttpMethod.Post, oauth.TokenUrl) { Content = new FormUrlEncodedContent(form) };
        if (!oauth.InBody)
            // RFC 6749 §2.3.1: each is encoded as in a form before they are joined.
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(oauth.ClientId)}:{WebUtility.UrlEncode(secret)}")));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", SendGuard.UserAgent);
        return request;
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        using var body = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var bytes = new byte[LargestAnswer + 1];
        var count = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        return count <= LargestAnswer ? bytes.AsMemory(0, count) : throw new TokenException($"{Endpoint} answered with more than {LargestAnswer / 1024} KiB, which is no token");
    }

    /// <summary>RFC 6749 §5.1. A lifetime that is not told is taken for none.</summary>
    private AccessToken TokenOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("access_token", out var token) || token.ValueKind != JsonValueKind.String)
                throw new TokenException($"{Endpoint} answered 200 without an access_token");
            if (root.TryGetProperty("token_type", out var type) && !(type.ValueKind == JsonValueKind.String && "bearer".Equals(type.GetString(), StringComparison.OrdinalIgnoreCase)))
                throw new TokenException($"{Endpoint} gave a token that is no bearer token");
            return new AccessToken(token.GetString()!, LifeOf(root) is { } life ? time.GetUtcNow() + life : null);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            throw new TokenException($"{Endpoint} answered 200 with what is no JSON");
        }
        catch (ArgumentException)
        {
            throw new TokenException($"{Endpoint} gave a token that cannot be sent in a header");
        }
    }

    private static TimeSpan? LifeOf(JsonElement answer)
    {
        if (!answer.TryGetProperty("expires_in", out var expires))
            return null;
        // A number by the RFC, a text by some.
        var seconds = expires.ValueKind switch
        {
            JsonValueKind.Number when expires.TryGetDouble(out var number) => number,
            JsonValueKind.String when double.TryParse(expires.GetString(), System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
            _ => double.NaN,
        };
        return seconds is >= 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>RFC 6749 §5.2: of what the server says only the word of its kind is passed on, if it is one that is known.</summary>
    private TokenException Refused(HttpResponseMessage answer, ReadOnlyMemory<byte> body)
    {
        var status = (int)answer.StatusCode;
        var pause = answer.Headers.RetryAfter is { } told ? told.Delta ?? told.Date - time.GetUtcNow() ?? TimeSpan.Zero : TimeSpan.Zero;
        return new TokenException($"{Endpoint} answered {status}{(ErrorOf(body) is { } error ? $" {error}" : "")}")
        {
            MayPass = status is 408 or 429 or >= 500,
            RetryAfter = pause < LongestPause ? pause : LongestPause,
        };
    }

    private static string? ErrorOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                && Array.Find(Errors, word => error.ValueEquals(word)) is { } word ? word : null;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10), MaxResponseHeadersLength = 64 };
        if (tls is not null)
            handler.SslOptions = tls;
        return handler;
    }
}

/// <summary>There is no token. The message says why, and holds no secret.</summary>
internal sealed class TokenException(string message) : Exception(message)
{
    /// <summary>Whether it may be otherwise in a while.</summary>
    public bool MayPass { get; init; }

    /// <summary>When the server wants to be asked again, as far as it says.</summary>
    public TimeSpan RetryAfter { get; init; }
}
