using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Headgate.App.Simulator;

/// <summary>Reads from a request what the judge needs to know.</summary>
internal sealed class PleaReader(ScopeKind per, CostTable costs)
{
    public Plea Read(IFeatureCollection features, IHttpRequestFeature request)
    {
        var route = Route.Of(request.Path);
        var cost = costs.Undeclared;
        if (request.Headers.TryGetValue("X-Cost", out var declared) && !costs.TryRead(declared.ToString(), out cost))
            route = new(RouteKind.Bad);
        var item = request.Headers.TryGetValue("X-Item", out var named) ? named.ToString() : FromQuery(request.QueryString, "item");
        return new(request.Method, request.Path, Identity(features, request), item, cost, route);
    }

    /// <summary>The value of a parameter in a query, decoded; null if it is not there.</summary>
    public static string? FromQuery(string query, ReadOnlySpan<char> name)
    {
        if (query.Length < 2)
            return null;
        foreach (var pair in new QueryStringEnumerable(query))
            if (pair.EncodedName.Span.SequenceEqual(name))
                return pair.DecodeValue().ToString();
        return null;
    }

    private ReadOnlySpan<char> Identity(IFeatureCollection features, IHttpRequestFeature request) => per switch
    {
        ScopeKind.Ip => features.GetRequiredFeature<IHttpConnectionFeature>().RemoteIpAddress is { } address ? Shown(address) : default,
        ScopeKind.Key => Key(request),
        _ => default,
    };

    private static string Shown(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    /// <summary>The same key is the same wherever it is put: the scheme of Authorization does not belong to it.</summary>
    private static ReadOnlySpan<char> Key(IHttpRequestFeature request)
    {
        if (request.Headers.Authorization is { Count: > 0 } authorization)
        {
            var credentials = authorization.ToString().AsSpan();
            return credentials[(credentials.IndexOf(' ') + 1)..];
        }
        return request.Headers.TryGetValue("X-Api-Key", out var key) ? key.ToString() : FromQuery(request.QueryString, "api_key");
    }
}
