using System.Net;
using Headgate.Configuration;

namespace Headgate.Connections;

/// <summary>The end of the line for one API: says by which version of HTTP an attempt goes, and who we are, and sends it. Thread-safe.</summary>
internal sealed class ApiHandler : DelegatingHandler
{
    private const string UserAgent = "User-Agent";

    private readonly Version _version;
    private readonly HttpVersionPolicy _policy;
    private readonly UserAgents? _userAgents;

    /// <param name="api">How it is to be spoken to.</param>
    /// <param name="next">What sends, with the guard.</param>
    public ApiHandler(UpstreamConfiguration api, HttpMessageHandler next) : base(next)
    {
        (_version, _policy) = api.Connections.Http switch
        {
            HttpVersions.Http11 => (HttpVersion.Version11, HttpVersionPolicy.RequestVersionOrLower),
            HttpVersions.Http2 => (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact),
            // With this policy HTTP/3 is spoken only to who has announced it.
            HttpVersions.Http11To3 => (HttpVersion.Version30, HttpVersionPolicy.RequestVersionOrLower),
            _ => (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower),
        };
        _userAgents = api.UserAgents.Count > 0 ? new UserAgents(api.UserAgents) : null;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (request.Version, request.VersionPolicy) = (_version, _policy);
        if (_userAgents is not null && request is AttemptMessage { Original: { } original } && !original.Headers.NonValidated.Contains(UserAgent))
        {
            request.Headers.Remove(UserAgent);
            request.Headers.TryAddWithoutValidation(UserAgent, _userAgents.Of(original));
        }
        return base.SendAsync(request, cancellationToken);
    }
}
