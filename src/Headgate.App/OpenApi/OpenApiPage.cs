using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.OpenApi;

/// <summary><c>/openapi.json</c>: what the service can be asked, for people and for the makers of clients.</summary>
internal static class OpenApiPage
{
    public static void Map(IEndpointRouteBuilder site)
    {
        // Made when it is first asked for: all pages are there then.
        var document = new Lazy<byte[]>(() => Encoding.UTF8.GetBytes(OpenApiDocument.Create(site.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()).ToJsonString()));
        site.MapGet("/openapi.json", async context =>
        {
            context.Response.ContentType = Service.Json.Type;
            await context.Response.Body.WriteAsync(document.Value, context.RequestAborted);
        });
    }
}
