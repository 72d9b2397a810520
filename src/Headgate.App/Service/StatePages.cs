using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>How the service is: for people, for the original's clients, and for orchestrators.</summary>
internal static class StatePages
{
    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapGet("/health", context => HealthAsync(context, state));
        // Whether the process does anything at all: it never looks at what it depends on.
        site.MapGet("/livez", context => Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok")));
        site.MapGet("/startupz", context => Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok")));
        site.MapGet("/readyz", context => ReadyAsync(context, state));
    }

    private static async Task ReadyAsync(HttpContext context, ServiceState state)
    {
        if (state.IsDraining)
            throw new Problem(StatusCodes.Status503ServiceUnavailable, "draining") { RetryAfter = 5 };
        await state.Jobs.FindAsync([""]);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok"));
    }

    private static Task HealthAsync(HttpContext context, ServiceState state) => Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        // Busy is not unhealthy.
        json.WriteString("status", state.IsDraining ? "draining" : "healthy");
        json.WriteString("timestamp", state.Timestamp);
        json.WriteString("version", Commands.VersionCommand.Version);
        json.WriteNumber("uptime", Math.Round(state.Uptime.TotalSeconds, 3));
        json.WriteNumber("active_requests", state.Jobs.Counts.InFlight);
        json.WriteEndObject();
    });

    private static void Word(Utf8JsonWriter json, string status)
    {
        json.WriteStartObject();
        json.WriteString("status", status);
        json.WriteEndObject();
    }
}
