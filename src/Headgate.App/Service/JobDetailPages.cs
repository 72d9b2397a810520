using System.Buffers;
using Headgate.App.Formats;
using Headgate.App.Recording;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>One job looked at closely: its attempts, and what it waits for.</summary>
internal static class JobDetailPages
{
    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapGet("/api/v1/request/{id}/attempts", context => AttemptsAsync(context, state));
        site.MapGet("/api/v1/request/{id}/curl", context => CurlAsync(context, state));
        site.MapGet("/api/v1/request/{id}/explain", context => ExplainAsync(context, state));
    }

    private static async Task AttemptsAsync(HttpContext context, ServiceState state)
    {
        var view = await JobPages.FindAsync(context, state);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("request_id", view.Stored.Id);
            if (view.Stored.End is { } end)
                JobJson.WriteHistory(json, end);
            else
                ResultRecordWriter.WriteHistory(json, view.Live?.History ?? []);
            json.WriteEndObject();
        });
    }

    /// <summary>The request as a command for a shell: as it was accepted, without the key that is added to it, and without what may be a secret of its caller's.</summary>
    private static async Task CurlAsync(HttpContext context, ServiceState state)
    {
        var view = await JobPages.FindAsync(context, state);
        var command = new ArrayBufferWriter<byte>();
        var keys = state.Engine.ConfigurationOf(JobMessage.Target(view.Stored.Request)).Keys?.Template;
        new CurlCommands(url => Redaction.Of(url, keys), (name, value) => Redaction.Of(name, value, keys)).Write(view.Stored.Request, command);
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = command.WrittenCount;
        await context.Response.Body.WriteAsync(command.WrittenMemory, context.RequestAborted);
    }

    private static async Task ExplainAsync(HttpContext context, ServiceState state)
    {
        var view = await JobPages.FindAsync(context, state);
        var job = view.Stored;
        var api = state.Engine.ConfigurationOf(JobMessage.Target(job.Request));
        var isWaiting = job.End is null && view.Live?.Status is null or JobStatus.Pending or JobStatus.Queued or JobStatus.RateLimited;
        var now = state.Time.GetUtcNow();
        long? ahead = isWaiting ? (await state.Jobs.CountAsync(new JobSearch { HasEnded = false, Api = job.Api ?? api.Name, Before = job.Id })).Open : null;
        var upstream = state.Engine.Upstreams.FirstOrDefault(upstream => upstream.Name == api.Name);
        var heldBy = upstream?.Scope.Hold?.PausedBy is { } by ? $"{api.Name}, which {by} has paused"
            : state.Queues.StateOf(job.Queue ?? JobQueues.Default).IsPaused ? $"queue {job.Queue ?? JobQueues.Default}, which is paused"
            : isWaiting && upstream is not null ? state.Forecast.HoldingOf(job, view.Live, upstream) : null;
        var wait = ahead is { } jobs && upstream is not null ? await state.Forecast.StartOfAsync(job, upstream, jobs) : null;
        if (isWaiting && job.Due > now)
            wait = wait is { } gate && gate > job.Due - now ? gate : job.Due - now;
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("request_id", job.Id);
            json.WriteString("status", WireNames.Of(job.End?.Status ?? view.Live?.Status ?? JobStatus.Queued));
            json.WriteString("api", api.Name);
            json.WriteString("queue", job.Queue ?? JobQueues.Default);
            json.WriteNumber("priority", (int)job.Request.Priority);
            json.WriteString("tenant", job.Request.Tenant);
            json.WriteStartArray("limits");
            foreach (var limit in api.Policy.Limits.Concat(state.Configuration.TotalLimits).Concat(state.Engine.Configuration.Jobs.Queues.FirstOrDefault(queue => queue.Name == job.Queue)?.Limits ?? []))
                json.WriteStringValue(limit.ToString());
            json.WriteEndArray();
            json.WriteString("waiting_for", isWaiting && job.Due > now ? $"its time, {job.Due.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}" : isWaiting && heldBy is not null ? heldBy : view.Live?.WaitingFor);
            json.WriteNumber("waited_seconds", Math.Round((view.Live?.Wait ?? TimeSpan.Zero).TotalSeconds, 3));
            if (ahead is { } before)
                json.WriteNumber("ahead", before);
            if (wait is { } span)
            {
                json.WriteNumber("starts_in_seconds", Math.Round(span.TotalSeconds, 3));
                json.WriteString("starts_at", (now + span).UtcDateTime);
            }
            json.WriteString("expires_at", job.Expires?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndObject();
        });
    }
}
