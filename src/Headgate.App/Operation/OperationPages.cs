using System.Text.Json;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Ledgers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Operation;

/// <summary>
/// Limits, APIs and keys of a service that runs: how they stand, other limits, pauses. What is changed holds at the next start too, and is written
/// down with who did it. To look needs the scope <c>read</c>, to change <c>operate</c>, and neither is for tokens of one tenant.
/// </summary>
internal sealed class OperationPages(ServiceState state)
{
    private const string Reset = ":reset";

    public void Map(IEndpointRouteBuilder site)
    {
        site.MapGet("/api/v1/limits", context => AnswerAsync(context, json => Write(json, "limits", PlaceView.Of(state.Live, state.Engine), OperationJson.Write)));
        site.MapGet("/api/v1/limits/{**of}", context => AnswerAsync(context, json => OperationJson.Write(json, ViewOf(PlaceOf(Named(context, "of"))))));
        site.MapPut("/api/v1/limits/{**of}", SetAsync);
        site.MapPost("/api/v1/limits:reset", context => ResetAsync(context, null));
        site.MapPost("/api/v1/limits/{**of}", context => Named(context, "of") is var of && of.EndsWith(Reset, StringComparison.Ordinal)
            ? ResetAsync(context, PlaceOf(of[..^Reset.Length]))
            : throw new Problem(StatusCodes.Status404NotFound, $"there is nothing at {context.Request.Path}; to end what was set: POST …{Reset}"));
        site.MapGet("/api/v1/upstreams", context => AnswerAsync(context, json => Write(json, "upstreams", ApiView.Of(state.Engine), OperationJson.Write)));
        site.MapPost("/api/v1/upstreams/{**name}", PauseApiAsync);
        site.MapGet("/api/v1/keys", context => AnswerAsync(context, json => Write(json, "keys", KeyView.Of(state.Engine), OperationJson.Write)));
        site.MapPost("/api/v1/keys/{**name}", PauseKeyAsync);
        new ProxyPages(state).Map(site);
        site.MapGet("/api/v1/config", context => AnswerAsync(context, json => OperationJson.Write(json, state.Live.Reading)));
    }

    private async Task SetAsync(HttpContext context)
    {
        var place = PlaceOf(Named(context, "of"));
        var limits = (await CallBody.ReadAsync(context)).With("limits").TextOrTexts("limits");
        Change(() => state.Live.SetLimits(place, limits, Who(context)));
        state.Audit.Write(context, "limits.set", place.Name, ("limits", string.Join(", ", limits)));
        await AnswerAsync(context, json => OperationJson.Write(json, ViewOf(place)));
    }

    private async Task ResetAsync(HttpContext context, LimitPlace? place)
    {
        Change(() => state.Live.ResetLimits(place));
        state.Audit.Write(context, "limits.reset", place?.Name ?? "all");
        await AnswerAsync(context, json =>
        {
            if (place is null)
                Write(json, "limits", PlaceView.Of(state.Live, state.Engine), OperationJson.Write);
            else
                OperationJson.Write(json, ViewOf(place));
        });
    }

    private async Task PauseApiAsync(HttpContext context)
    {
        var (name, pauses) = Asked(context);
        if (!ApiView.Of(state.Engine).Any(api => api.Name == name))
            throw NoApi(name);
        Change(() => state.Live.SetPause(name, null, pauses ? Who(context) : null));
        state.Audit.Write(context, pauses ? "upstream.pause" : "upstream.resume", name);
        await AnswerAsync(context, json => OperationJson.Write(json, ApiView.Of(state.Engine).First(api => api.Name == name)));
    }

    private async Task PauseKeyAsync(HttpContext context)
    {
        var (path, pauses) = Asked(context);
        var api = state.Engine.Configuration.Upstreams.Where(api => path.StartsWith($"{api.Name}/", StringComparison.Ordinal)).MaxBy(api => api.Name.Length)
            ?? throw NoApi(path);
        var key = path[(api.Name.Length + 1)..];
        var keys = Open(api.Name)?.Keys?.Keys ?? [];
        if (keys.FirstOrDefault(known => known.Name == key) is not { } found)
            throw new Problem(StatusCodes.Status404NotFound, $"{api.Name} has no key \"{Excerpt.Of(key)}\"; it has: {string.Join(", ", keys.Select(known => known.Name).Take(50).DefaultIfEmpty("none"))}");
        Change(() => state.Live.SetPause(api.Name, key, pauses ? Who(context) : null));
        // Whoever resumes one that is dead has mended it.
        if (!pauses)
            state.Engine.Revive(state.Engine.UpstreamNamed(api.Name)!, found);
        state.Audit.Write(context, pauses ? "key.pause" : "key.resume", $"{api.Name}/{key}");
        await AnswerAsync(context, json => OperationJson.Write(json, KeyView.Of(state.Engine).First(view => view.Api == api.Name && view.Name == key)));
    }

    private Upstream? Open(string api)
    {
        try
        {
            return state.Engine.UpstreamNamed(api);
        }
        catch (Exception failure) when (failure is ConfigurationException or LedgerException or ScopeHeldException)
        {
            throw new Problem(StatusCodes.Status503ServiceUnavailable, failure.Message);
        }
    }

    /// <summary>What the path names before <c>/pause</c> or <c>/resume</c>, and which of the two.</summary>
    internal static (string Name, bool Pauses) Asked(HttpContext context)
    {
        var path = Named(context, "name");
        return path.EndsWith("/pause", StringComparison.Ordinal) ? (path[..^"/pause".Length], true)
            : path.EndsWith("/resume", StringComparison.Ordinal) ? (path[..^"/resume".Length], false)
            : throw new Problem(StatusCodes.Status404NotFound, $"there is nothing at {context.Request.Path}; see …/pause and …/resume");
    }

    internal static void Change(Action change)
    {
        try
        {
            change();
        }
        catch (ConfigurationException wrong)
        {
            throw new Problem(StatusCodes.Status400BadRequest, string.Join("; ", wrong.Errors.Select(error => error.Origin.Source == ValueSource.Override ? error.Message : error.ToString())));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or LedgerException or ScopeHeldException)
        {
            throw new Problem(StatusCodes.Status503ServiceUnavailable, $"nothing was changed: {failure.Message}");
        }
    }

    private LimitPlace PlaceOf(string name) => LimitPlace.Find(state.Engine.Configuration, name)
        ?? throw new Problem(StatusCodes.Status404NotFound, $"limits are declared of nothing that is called \"{Excerpt.Of(name)}\"; they are of: {string.Join(", ", LimitPlace.Of(state.Engine.Configuration).Select(place => place.Name).Take(50))}");

    private PlaceView ViewOf(LimitPlace place) => PlaceView.Of(state.Live, state.Engine).Last(view => view.Place.Name == place.Name);

    private Problem NoApi(string name) => new(StatusCodes.Status404NotFound, $"no API is called \"{Excerpt.Of(name)}\"; there are: {string.Join(", ", ApiView.Of(state.Engine).Select(api => api.Name).Take(50))}");

    private static string Who(HttpContext context) => Caller.Of(context).Name ?? "anybody";

    // A slash within a name may come as it is, or as clients encode it, which alone the server leaves as it is.
    private static string Named(HttpContext context, string part) => ((string?)context.Request.RouteValues[part] ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static Task AnswerAsync(HttpContext context, Action<Utf8JsonWriter> write) => Json.AnswerAsync(context, StatusCodes.Status200OK, write);

    private static void Write<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteStartArray(name);
        foreach (var item in items)
            write(json, item);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
