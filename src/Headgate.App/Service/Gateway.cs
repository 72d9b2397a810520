using Headgate.App.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>
/// <c>/up/{api}/…</c>: whatever is called there goes to that API through the straight line, and its answer comes back as it comes in, so that any
/// client whose base URL can be set gains limits, keys and retries.
/// </summary>
/// <param name="state">What sends.</param>
/// <param name="patience">How long a call waits for its turn.</param>
/// <param name="root">The API that all other paths of the port belong to; null for none.</param>
internal sealed class Gateway(ServiceState state, TimeSpan patience, string? root)
{
    /// <summary>The pattern of all paths that are not the service's own.</summary>
    public const string RootRoute = "{**path}";

    private readonly Relay _relay = new(state, patience);

    public void Map(IEndpointRouteBuilder site)
    {
        site.Map("/up/{api}", context => AnswerAsync(context, (string)context.Request.RouteValues["api"]!, GatewayRequest.BehindName(context)));
        site.Map("/up/{api}/{**path}", context => AnswerAsync(context, (string)context.Request.RouteValues["api"]!, GatewayRequest.BehindName(context)));
        if (root is not null)
            site.MapFallback(RootRoute, context => AnswerAsync(context, root, GatewayRequest.PathAndQuery(context)));
    }

    // The links of an API lead to its own address, where its limits would be passed by: redirects are followed here.
    private Task AnswerAsync(HttpContext context, string name, string rest) =>
        _relay.AnswerAsync(context, TargetOf(name, rest), CallTerms.Of(context.Request.Headers, Caller.Of(context)), followsRedirects: true);

    /// <summary>The same path and query at the API's own base.</summary>
    private Uri TargetOf(string name, string rest)
    {
        var api = state.Configuration.Upstreams.FirstOrDefault(api => api.Name == name)
            ?? throw new Problem(StatusCodes.Status404NotFound, $"no API is called \"{Excerpt.Of(name)}\"; configured are: {string.Join(", ", state.Configuration.Upstreams.Select(api => api.Name))}");
        return ExactUrl.Of($"{api.Bases[0]}{rest}") is { } url && state.Engine.UpstreamOf(url).Name == name
            ? url
            : throw new Problem(StatusCodes.Status400BadRequest, "the path leads out of the API");
    }
}
