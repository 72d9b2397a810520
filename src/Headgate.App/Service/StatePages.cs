using System.Text.Json;
using Headgate.App.Distribution;
using Headgate.Queues;
using Headgate.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>How the service is: for people, for the original's clients, and for orchestrators.</summary>
internal static class StatePages
{
    /// <summary>Who only looks whether it is well asks for the head.</summary>
    private static readonly string[] Looks = ["GET", "HEAD"];

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapMethods("/health", Looks, context => HealthAsync(context, state));
        // Whether the process does anything at all: it never looks at what it depends on.
        site.MapMethods("/livez", Looks, context => Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok")));
        site.MapMethods("/startupz", Looks, context => Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok")));
        site.MapMethods("/readyz", Looks, context => ReadyAsync(context, state));
    }

    private static async Task ReadyAsync(HttpContext context, ServiceState state)
    {
        if (state.IsDraining)
            throw new Problem(StatusCodes.Status503ServiceUnavailable, "draining") { RetryAfter = 5 };
        await state.Jobs.FindAsync([""]);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => Word(json, "ok"));
    }

    /// <summary>Busy is not unhealthy.</summary>
    private static async Task HealthAsync(HttpContext context, ServiceState state)
    {
        var isKept = await CanReadAsync(state);
        // What an API does not answer is its own trouble, but worth a look.
        var reaches = !state.Engine.Upstreams.Any(api => api.Watch is { Position: BreakerPosition.Open });
        await Json.AnswerAsync(context, isKept ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", !isKept ? "unhealthy" : state.IsDraining ? "draining" : "healthy");
            json.WriteString("timestamp", state.Timestamp);
            json.WriteString("version", Commands.VersionCommand.Version);
            json.WriteNumber("uptime", Math.Round(state.Uptime.TotalSeconds, 3));
            json.WriteNumber("active_requests", state.Jobs.Counts.InFlight);
            json.WriteStartObject("components");
            json.WriteString("connection_pool", reaches ? "healthy" : "degraded");
            json.WriteString("rate_limiter", "healthy");
            json.WriteString("queue_manager", isKept ? "healthy" : "unhealthy");
            json.WriteEndObject();
            WriteDistributor(json, state.Distributor.Options);
            json.WriteEndObject();
        });
    }

    private static async Task<bool> CanReadAsync(ServiceState state)
    {
        try
        {
            await state.Jobs.FindAsync([""]);
            return true;
        }
        catch (JobStoreException)
        {
            return false;
        }
    }

    /// <summary>The members that the key distributor has.</summary>
    private static void WriteDistributor(Utf8JsonWriter json, DistributorOptions options)
    {
        json.WriteString("mode", options.Mode);
        json.WriteNumber("requestsPerIncoming", options.Calls);
        json.WriteNumber("apiKeys", options.Keys.Count);
        json.WriteNumber("rateLimit", options.RateLimit);
        json.WriteStartObject("latency");
        json.WriteNumber("min", options.LeastLatency.TotalMilliseconds);
        json.WriteNumber("max", options.MostLatency.TotalMilliseconds);
        json.WriteEndObject();
        json.WriteNumber("batchSize", options.BatchSize);
    }

    private static void Word(Utf8JsonWriter json, string status)
    {
        json.WriteStartObject();
        json.WriteString("status", status);
        json.WriteEndObject();
    }
}
