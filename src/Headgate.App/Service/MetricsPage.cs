using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Headgate.Jobs;
using Headgate.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary><c>/metrics</c>: figures for Prometheus, in its text format. Those of the original service have its names. Thread-safe.</summary>
internal sealed class MetricsPage(ServiceState state)
{
    private const string Type = "text/plain; version=0.0.4; charset=utf-8";
    private static readonly HashSet<string> Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    private readonly ConcurrentDictionary<(string Method, string Endpoint, int Status), long> _calls = new();

    public void Map(IEndpointRouteBuilder site) => site.MapGet("/metrics", async context =>
    {
        context.Response.ContentType = Type;
        await context.Response.WriteAsync(Text(), context.RequestAborted);
    });

    /// <summary>Counts a call that was answered. Labels are of a few values only, whatever is called.</summary>
    public void Count(HttpContext context)
    {
        var method = Methods.Contains(context.Request.Method) ? context.Request.Method : "other";
        var endpoint = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
        _calls.AddOrUpdate((method, endpoint, context.Response.StatusCode), 1, static (_, count) => count + 1);
    }

    private string Text()
    {
        var text = new StringBuilder();
        var counts = state.Jobs.Counts;
        Family("headgate_jobs_submitted_total", "counter", "Jobs that were accepted since the start.", ("", state.Jobs.Submitted));
        Family("headgate_jobs_ended_total", "counter", "Jobs that have ended since the start.",
            [.. ((JobStatus[])[JobStatus.Completed, JobStatus.Failed, JobStatus.Timeout, JobStatus.Cancelled]).Select(status => ($"{{status=\"{WireNames.Of(status)}\"}}", (double)counts[status]))]);
        Family("headgate_jobs_open", "gauge", "Jobs that were accepted and have not ended.", ("", state.Jobs.Open));
        Family("headgate_attempts_in_flight", "gauge", "Attempts on their way.", ("", counts.InFlight));
        Family("headgate_retries_total", "counter", "Attempts that were made after a failure.", ("", counts.Retries));
        Family("headgate_refusals_total", "counter", "Attempts that a limit of a server refused.", ("", counts.Refusals));
        Family("headgate_config_last_reload_success", "gauge", "Whether the configuration could be used when it was last read anew.", ("", state.Live.IsLastReloadGood ? 1 : 0));
        Family("headgate_config_last_reload_success_timestamp_seconds", "gauge", "When it was last read and could be used.", ("", state.Live.LastReload.ToUnixTimeMilliseconds() / 1000.0));
        Family("headgate_uptime_seconds", "gauge", "Since the start.", ("", state.Uptime.TotalSeconds));
        var upstreams = state.Engine.Upstreams.ToList();
        Family("headgate_queue_length", "gauge", "Requests that wait for a permit.",
            [.. upstreams.Select(api => (Label(api), (double)state.Engine.Dispatcher.Read(api.Gates, static (_, gates, _) => gates.All.Sum(gate => gate.Waiting))))]);
        Family("headgate_breaker_open", "gauge", "Whether the breaker of an API is open.", [.. upstreams.Where(api => api.Watch is not null).Select(api => (Label(api), api.Watch!.Position == BreakerPosition.Open ? 1.0 : 0))]);
        Family("headgate_breaker_opens_total", "counter", "How often the breaker of an API opened.", [.. upstreams.Where(api => api.Watch is not null).Select(api => (Label(api), (double)api.Watch!.Opens))]);
        Family("multiplexer_requests_total", "counter", "Calls of this service.",
            [.. _calls.OrderBy(call => call.Key).Select(call => ($"{{method=\"{call.Key.Method}\",endpoint=\"{Escaped(call.Key.Endpoint)}\",status=\"{call.Key.Status}\"}}", (double)call.Value))]);
        Family("multiplexer_active_requests", "gauge", "The same as headgate_attempts_in_flight.", ("", counts.InFlight));
        Family("multiplexer_queue_size", "gauge", "The same as headgate_jobs_open.", ("", state.Jobs.Open));
        return text.ToString();

        void Family(string name, string type, string help, params ReadOnlySpan<(string Labels, double Value)> samples)
        {
            if (samples.IsEmpty)
                return;
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach (var (labels, value) in samples)
                text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
        }
    }

    private static string Label(Upstream api) => $"{{upstream=\"{Escaped(api.Name)}\"}}";

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
