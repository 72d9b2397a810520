namespace Headgate;

/// <summary>A request whose every attempt is completed right before it is sent: a signature that has the time in it is good for minutes only.</summary>
/// <param name="method">Its method.</param>
/// <param name="uri">Its URL.</param>
/// <param name="sign">Given what is sent, with all other headers; not where a redirect leads.</param>
internal sealed class SignedMessage(HttpMethod method, Uri uri, Action<HttpRequestMessage> sign) : HttpRequestMessage(method, uri)
{
    public void Sign(HttpRequestMessage attempt) => sign(attempt);
}
