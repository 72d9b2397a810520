using System.Text.Json;
using Headgate.Jobs;
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
        site.MapGet("/status", context => StatisticsAsync(context, state));
        site.MapGet("/api/v1/statistics", context => StatisticsAsync(context, state));
        site.MapGet("/api/v1/performance", context => PerformanceAsync(context, state));
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

    private static Task PerformanceAsync(HttpContext context, ServiceState state) => Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
    {
        var counts = state.Jobs.Counts;
        json.WriteStartObject();
        json.WriteNumber("requests_per_second", PerSecond(state));
        json.WriteNumber("average_latency", AverageLatency(state));
        json.WriteNumber("success_rate", SuccessRate(state));
        json.WriteNumber("current_concurrency", counts.InFlight);
        json.WriteNumber("peak_concurrency", counts.Peak);
        json.WriteNumber("uptime", Math.Round(state.Uptime.TotalSeconds, 3));
        json.WriteEndObject();
    });

    private static Task StatisticsAsync(HttpContext context, ServiceState state) => Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
    {
        var counts = state.Jobs.Counts;
        json.WriteStartObject();
        json.WriteStartObject("requests");
        json.WriteNumber("total", state.Jobs.Submitted);
        json.WriteNumber("completed", counts[JobStatus.Completed]);
        json.WriteNumber("failed", counts[JobStatus.Failed]);
        json.WriteNumber("timeout", counts[JobStatus.Timeout]);
        json.WriteNumber("cancelled", counts[JobStatus.Cancelled]);
        json.WriteNumber("open", state.Jobs.Open);
        json.WriteNumber("retried", counts.Retries);
        json.WriteNumber("rate_limited", counts.Refusals);
        json.WriteNumber("success_rate", SuccessRate(state));
        json.WriteNumber("requests_per_second", PerSecond(state));
        json.WriteEndObject();
        json.WriteStartObject("performance");
        json.WriteNumber("average_latency", AverageLatency(state));
        json.WriteNumber("current_concurrency", counts.InFlight);
        json.WriteNumber("peak_concurrency", counts.Peak);
        json.WriteNumber("uptime", Math.Round(state.Uptime.TotalSeconds, 3));
        json.WriteEndObject();
        json.WriteStartObject("circuit_breakers");
        foreach (var upstream in state.Engine.Upstreams)
            if (upstream.Watch is { } watch)
            {
                json.WriteStartObject(upstream.Name);
                json.WriteString("state", JsonNamingPolicy.SnakeCaseLower.ConvertName(watch.Position.ToString()));
                json.WriteNumber("opens", watch.Opens);
                json.WriteEndObject();
            }
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static double SuccessRate(ServiceState state) => state.Jobs.Counts is { Ended: > 0 } counts ? Math.Round((double)counts.Ok / counts.Ended, 6) : 1;

    private static double AverageLatency(ServiceState state) => state.Jobs.Counts is { Ended: > 0 } counts ? Math.Round(counts.Latency.TotalSeconds / counts.Ended, 6) : 0;

    private static double PerSecond(ServiceState state) => Math.Round(state.Jobs.Counts.Ended / Math.Max(state.Uptime.TotalSeconds, 0.001), 3);

    private static void Word(Utf8JsonWriter json, string status)
    {
        json.WriteStartObject();
        json.WriteString("status", status);
        json.WriteEndObject();
    }
}
