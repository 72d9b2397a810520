using Headgate.App.OpenApi;
using Headgate.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>The parameters in the query of a call: one that is spelled wrong would be left out in silence, and a dry run be none.</summary>
internal static class KnownParameters
{
    /// <summary>Lets a call go on to its page if it gives none that the page does not know.</summary>
    /// <exception cref="Problem">It gives one.</exception>
    public static RequestDelegate Before(RequestDelegate next) => context =>
    {
        if (context.Request.QueryString.HasValue && KnownTo(context) is { } known)
            foreach (var (name, _) in context.Request.Query)
                if (!known.Any(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                    throw new Problem(StatusCodes.Status400BadRequest, $"{Excerpt.Of(name)} is no parameter of this call{NearestName.Suggest(name, known.Select(parameter => parameter.Name))}");
        return next(context);
    };

    /// <summary>Those of one of our own pages; null where what is given belongs to others: to an API, or to a URL that was not encoded, as callers of the original give it.</summary>
    private static IReadOnlyList<(string Name, string Means)>? KnownTo(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route } && route.StartsWith("/api/v1/", StringComparison.Ordinal)
        && Operations.All.TryGetValue((context.Request.Method, route), out var operation) && operation.NeededQuery is null ? operation.Query : null;
}
