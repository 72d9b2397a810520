using System.Text.Json;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Caching;
using Headgate.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Operation;

/// <summary>
/// <c>/api/v1/cache</c>: what the cache has and how often it had the answer, what it has of a URL, and the removal of answers. To look needs the scope
/// <c>read</c>, to remove <c>operate</c>, and neither is for tokens of one tenant.
/// </summary>
internal sealed class CachePages(ServiceState state)
{
    private const string Path = "/api/v1/cache";

    private AnswerInventory Inventory => state.Engine.Stored.Answers.Inventory;

    public void Map(IEndpointRouteBuilder site)
    {
        site.MapGet(Path, context => context.Request.Query["url"] is [{ } url, ..] ? LookAsync(context, UrlOf(url)) : Json.AnswerAsync(context, StatusCodes.Status200OK, json => CacheJson.Write(json, state.Engine)));
        site.MapDelete(Path, RemoveAsync);
    }

    private Task LookAsync(HttpContext context, Uri url)
    {
        var look = new CacheLook(state.Engine, url, Caller.Of(context).Tenant, state.Time.GetUtcNow().ToUnixTimeMilliseconds());
        return Json.AnswerAsync(context, StatusCodes.Status200OK, json => CacheJson.Write(json, look, context.Request.Host.Value ?? ""));
    }

    private async Task RemoveAsync(HttpContext context)
    {
        var (what, isMeant) = Meant(context);
        var isDryRun = Flag(context, "dry_run");
        try
        {
            var count = await Inventory.RemoveAsync(isMeant, isDryRun);
            if (!isDryRun)
                state.Audit.Write(context, "cache.purge", what, ("entries", count.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
            {
                json.WriteStartObject();
                json.WriteNumber("matched", count);
                json.WriteNumber("deleted", isDryRun ? 0 : count);
                json.WriteBoolean("dry_run", isDryRun);
                json.WriteEndObject();
            });
        }
        catch (IOException failure)
        {
            throw new Problem(StatusCodes.Status503ServiceUnavailable, $"nothing was removed for good: {failure.Message}");
        }
    }

    /// <summary>The places of answers that a call means. In the audit log stands no query: it may have a secret in it.</summary>
    private (string What, Func<string, bool> IsMeant) Meant(HttpContext context)
    {
        var (url, prefix, api, isAll) = (Asked(context, "url"), Asked(context, "prefix"), Asked(context, "api"), Flag(context, "all"));
        if (new object?[] { url, prefix, api, isAll ? "all" : null }.Count(given => given is not null) != 1)
            throw new Problem(StatusCodes.Status400BadRequest, "say which answers, by one of url=, prefix=, api= and all=true; with dry_run=true they are only counted");
        if (isAll)
            return ("all", static _ => true);
        if (api is not null)
        {
            var bases = BasesOf(api);
            return (api, place => bases.Any(start => IsBelow(AnswerInventory.UrlOf(place), start)));
        }
        if (prefix is not null)
        {
            var start = StartOf(prefix);
            // What stands for many queries is known by its path alone.
            return (start.Split('?')[0], place => AnswerInventory.UrlOf(place) is var text && (text.StartsWith(start, StringComparison.Ordinal) || (text != place && start.StartsWith($"{text}?", StringComparison.Ordinal))));
        }
        var whole = CacheKey.UrlOf(UrlOf(url!));
        return (whole.Split('?')[0], place => AnswerInventory.IsOf(place, whole));
    }

    private IReadOnlyList<string> BasesOf(string name)
    {
        var api = state.Configuration.Upstreams.Concat(state.Engine.Upstreams.Select(api => api.Configuration)).FirstOrDefault(api => api.Name == name)
            ?? throw new Problem(StatusCodes.Status400BadRequest, $"no API is called \"{Excerpt.Of(name)}\"; configured are: {string.Join(", ", state.Configuration.Upstreams.Select(api => api.Name))}");
        return [.. api.Bases.Select(start => CacheKey.UrlOf(new Uri($"{start}")).TrimEnd('/'))];
    }

    private static bool IsBelow(string url, string start) => url.StartsWith(start, StringComparison.Ordinal) && (url.Length == start.Length || url[start.Length] is '/' or '?');

    /// <summary>The beginning of a URL in the form in which they are kept.</summary>
    private static string StartOf(string prefix)
    {
        var url = UrlOf(prefix);
        var start = CacheKey.UrlOf(url);
        // A bare host has a slash behind it that was not meant.
        return prefix.EndsWith('/') || url.AbsolutePath != "/" || url.Query.Length > 0 ? start : start.TrimEnd('/');
    }

    private static Uri UrlOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url!
        : throw new Problem(StatusCodes.Status400BadRequest, $"\"{Excerpt.Of(text)}\" is no absolute http or https URL");

    private static string? Asked(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    private static bool Flag(HttpContext context, string name) => Asked(context, name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw new Problem(StatusCodes.Status400BadRequest, $"{name} is true or false, not \"{Excerpt.Of(other)}\""),
    };
}
