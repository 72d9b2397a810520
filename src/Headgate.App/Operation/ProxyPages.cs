using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Proxies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Operation;

/// <summary>The proxies of a service that runs: how they stand, and pauses. Who resumes one that has failed has mended it.</summary>
internal sealed class ProxyPages(ServiceState state)
{
    public void Map(IEndpointRouteBuilder site)
    {
        site.MapGet("/api/v1/proxies", context => Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("pools");
            foreach (var pool in state.Engine.Proxies.All)
                ProxyView.WritePool(json, pool);
            json.WriteEndArray();
            json.WriteStartArray("proxies");
            foreach (var view in ProxyView.Of(state.Engine))
                view.Write(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }));
        site.MapPost("/api/v1/proxies/{**name}", PauseAsync);
    }

    private async Task PauseAsync(HttpContext context)
    {
        var (path, pauses) = OperationPages.Asked(context);
        var pools = state.Engine.Proxies.All;
        var pool = pools.FirstOrDefault(pool => path.StartsWith($"{pool.Name}/", StringComparison.Ordinal))
            ?? throw new Problem(StatusCodes.Status404NotFound, $"no pool of proxies is called \"{Excerpt.Of(path.Split('/')[0])}\"; there are: {string.Join(", ", pools.Select(pool => pool.Name).Take(50).DefaultIfEmpty("none"))}");
        var name = path[(pool.Name.Length + 1)..];
        if (Array.Find(pool.Proxies, proxy => proxy.Name == name) is not { } found)
            throw new Problem(StatusCodes.Status404NotFound, $"{pool.Name} has no proxy \"{Excerpt.Of(name)}\"; it has: {string.Join(", ", pool.Proxies.Select(proxy => proxy.Name).Take(50).DefaultIfEmpty("none"))}");
        OperationPages.Change(() => state.Live.SetPause(LiveConfiguration.OfPool + pool.Name, name, pauses ? Caller.Of(context).Name ?? "anybody" : null));
        if (!pauses)
            state.Engine.Proxies.Revive(pool, found);
        state.Audit.Write(context, pauses ? "proxy.pause" : "proxy.resume", $"{pool.Name}/{name}");
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => ProxyView.Of(state.Engine).First(view => view.Pool == pool.Name && view.Name == name).Write(json));
    }
}
