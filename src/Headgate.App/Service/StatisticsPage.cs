using System.Globalization;
using System.Text.Json;
using Headgate.Jobs;
using Headgate.Limits;
using Headgate.Queues;
using Headgate.Resilience;
using Headgate.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary><c>/status</c>, <c>/api/v1/statistics</c> and <c>/api/v1/performance</c>: the statistics object of the original service, each member true.</summary>
internal sealed class StatisticsPage(ServiceState state)
{
    public void Map(IEndpointRouteBuilder site)
    {
        site.MapGet("/status", AnswerAsync);
        site.MapGet("/api/v1/statistics", AnswerAsync);
        site.MapGet("/api/v1/performance", context => Json.AnswerAsync(context, StatusCodes.Status200OK, WritePerformance));
    }

    /// <summary>The figures that change fastest.</summary>
    public void WritePerformance(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("requests_per_second", PerSecond);
        json.WriteNumber("average_latency", AverageLatency);
        json.WriteNumber("success_rate", SuccessRate);
        WriteConcurrency(json);
        json.WriteEndObject();
    }

    private JobCounts Counts => state.Jobs.Counts;

    private double SuccessRate => Counts is { Ended: > 0 } counts ? Math.Round((double)counts.Ok / counts.Ended, 6) : 1;

    private double AverageLatency => Counts is { Ended: > 0 } counts ? Math.Round(counts.Latency.TotalSeconds / counts.Ended, 6) : 0;

    private double PerSecond => Math.Round(Counts.Ended / Math.Max(state.Uptime.TotalSeconds, 0.001), 3);

    private Task AnswerAsync(HttpContext context) => Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        WriteRequests(json);
        json.WriteStartObject("performance");
        json.WriteNumber("average_latency", AverageLatency);
        WriteConcurrency(json);
        json.WriteEndObject();
        json.WriteStartObject("components");
        WriteConnections(json);
        WriteLimits(json);
        WriteQueue(json);
        json.WriteEndObject();
        var (hits, misses) = (Cached(counts => counts.Hits), Cached(counts => counts.Misses + counts.Revalidated + counts.Stale));
        json.WriteStartObject("cache");
        json.WriteNumber("entries", state.Engine.Stored.Answers.Count);
        json.WriteNumber("hit_rate", hits + misses == 0 ? 0 : Math.Round(hits / (double)(hits + misses), 4));
        json.WriteEndObject();
        WriteBreakers(json);
        json.WriteEndObject();
    });

    private long Cached(Func<Headgate.Caching.CacheCounts, long> read) => state.Engine.Upstreams.Sum(api => read(api.CacheCounts));

    private void WriteRequests(Utf8JsonWriter json)
    {
        var counts = Counts;
        json.WriteStartObject("requests");
        json.WriteNumber("total", state.Jobs.Submitted);
        json.WriteNumber("completed", counts[JobStatus.Completed]);
        json.WriteNumber("ok", counts.Ok);
        json.WriteNumber("failed", counts[JobStatus.Failed]);
        json.WriteNumber("timeout", counts[JobStatus.Timeout]);
        json.WriteNumber("cancelled", counts[JobStatus.Cancelled]);
        json.WriteNumber("open", state.Jobs.Open);
        json.WriteNumber("retried", counts.Retries);
        json.WriteNumber("rate_limited", counts.Refusals);
        json.WriteNumber("cached", Cached(counts => counts.Hits));
        json.WriteNumber("success_rate", SuccessRate);
        json.WriteNumber("requests_per_second", PerSecond);
        json.WriteEndObject();
    }

    private void WriteConcurrency(Utf8JsonWriter json)
    {
        json.WriteNumber("current_concurrency", Counts.InFlight);
        json.WriteNumber("peak_concurrency", Counts.Peak);
        json.WriteNumber("uptime", Math.Round(state.Uptime.TotalSeconds, 3));
    }

    private void WriteConnections(Utf8JsonWriter json)
    {
        List<Upstream> apis = [.. state.Engine.Upstreams];
        var latencies = state.Traffic.Apis;
        var (open, made) = (apis.Sum(api => api.ConnectionsMade.Open), apis.Sum(api => api.ConnectionsMade.Made));
        // Over HTTP/1.1 each request in flight has one; over HTTP/2 several share one.
        var active = state.Engine.Dispatcher.Read(apis, static (_, apis, _) => apis.Sum(api => Math.Min(api.ConnectionsMade.Open, api.Cap.InFlight)));
        var sends = latencies.Sum(api => api.Value.Count);
        var proxies = Operation.ProxyView.Of(state.Engine);
        json.WriteStartObject("connection_pool");
        json.WriteStartObject("pool_stats");
        json.WriteNumber("total_connections", open);
        json.WriteNumber("active_connections", active);
        json.WriteNumber("idle_connections", open - active);
        // One that is too old or unused for too long is closed, not kept.
        json.WriteNumber("stale_connections", 0);
        json.WriteNumber("error_connections", apis.Sum(api => api.ConnectionsMade.Failed));
        json.WriteNumber("hit_rate", sends == 0 ? 0 : Math.Round(Math.Max(0, sends - made) / (double)sends, 6));
        json.WriteNumber("connections_created", made);
        json.WriteNumber("connections_closed", apis.Sum(api => api.ConnectionsMade.Closed));
        json.WriteEndObject();
        json.WriteStartObject("performance");
        json.WriteNumber("total_requests", sends);
        json.WriteNumber("average_latency", sends == 0 ? 0 : Math.Round(latencies.Sum(api => api.Value.Total.TotalSeconds) / sends, 6));
        json.WriteNumber("proxy_rotations", proxies.Sum(proxy => proxy.Taken));
        json.WriteEndObject();
        json.WriteStartObject("host_distribution");
        foreach (var api in apis.Where(api => api.ConnectionsMade.Made > 0).Take(LimitFigures.MostApis).OrderBy(api => api.Name, StringComparer.Ordinal))
            json.WriteNumber(api.Name, api.ConnectionsMade.Open);
        json.WriteEndObject();
        json.WriteStartObject("host_latencies");
        foreach (var (name, api) in latencies.Where(api => api.Value.Count > 0))
        {
            json.WriteStartObject(name);
            json.WriteNumber("average", api.Average);
            json.WriteNumber("median", Math.Round(api.Median.TotalSeconds, 6));
            json.WriteNumber("p95", Math.Round(api.P95.TotalSeconds, 6));
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("proxy_stats");
        foreach (var proxy in proxies.DistinctBy(proxy => proxy.Name).Take(LimitFigures.MostApis))
        {
            json.WriteStartObject(proxy.Name);
            json.WriteString("state", proxy.State);
            json.WriteNumber("requests", proxy.Taken);
            json.WriteNumber("failures", proxy.Faults);
            json.WriteNumber("average_latency", Math.Round(proxy.Latency?.TotalSeconds ?? 0, 6));
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteLimits(Utf8JsonWriter json)
    {
        var figures = LimitFigures.Of(state.Engine);
        // Whom an API refused had been let go.
        var refused = state.Traffic.Refused;
        var (allowed, denied) = (Math.Max(0, figures.Granted - refused), figures.Refused + refused);
        List<LimitFigure> rules = [.. figures.Limits.Where(limit => limit.Limit is not null)];
        json.WriteStartObject("rate_limiter");
        json.WriteStartObject("global_stats");
        json.WriteNumber("total_requests", allowed + denied);
        json.WriteNumber("allowed_requests", allowed);
        json.WriteNumber("denied_requests", denied);
        json.WriteNumber("denial_rate", allowed + denied == 0 ? 0 : Math.Round((double)denied / (allowed + denied), 6));
        json.WriteNumber("success_rate", allowed + denied == 0 ? 1 : Math.Round((double)allowed / (allowed + denied), 6));
        json.WriteEndObject();
        json.WriteStartObject("rules_triggered");
        foreach (var held in figures.Limits.Where(limit => limit.Held > 0).GroupBy(limit => limit.Name))
            json.WriteNumber(held.Key, held.Sum(limit => limit.Held));
        json.WriteEndObject();
        json.WriteStartObject("algorithm_usage");
        foreach (var used in rules.Where(rule => rule.Granted > 0).GroupBy(rule => NameOf(rule.Limit!.Algorithm)))
            json.WriteNumber(used.Key, used.Sum(rule => rule.Granted));
        json.WriteEndObject();
        json.WriteStartObject("limiter_stats");
        foreach (var rule in rules.DistinctBy(rule => rule.Name))
            WriteLimiter(json, rule);
        json.WriteEndObject();
        json.WriteStartArray("active_rules");
        foreach (var name in rules.Select(rule => rule.Name).Distinct())
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLimiter(Utf8JsonWriter json, LimitFigure rule)
    {
        json.WriteStartObject(rule.Name);
        json.WriteString("algorithm", NameOf(rule.Limit!.Algorithm));
        json.WriteString("rule_name", rule.Name);
        json.WriteNumber("limit", rule.Limit.Amount);
        json.WriteNumber("window", rule.Limit.Period.TotalSeconds);
        json.WriteString("unit", rule.Limit.Unit);
        json.WriteNumber("available", rule.Available);
        json.WriteNumber("granted", rule.Granted);
        json.WriteNumber("held", rule.Held);
        json.WriteEndObject();
    }

    private void WriteQueue(Utf8JsonWriter json)
    {
        var counts = Counts;
        var (queues, underWay) = (state.Traffic.Queues, state.Jobs.UnderWay());
        json.WriteStartObject("queue_manager");
        json.WriteStartObject("global_stats");
        WriteMessages(json, state.Jobs.Submitted, queues.Sum(queue => queue.Value.Taken), counts[JobStatus.Completed], counts[JobStatus.Failed] + counts[JobStatus.Timeout], counts.Retries);
        WriteWork(json, new TimeSpan(queues.Sum(queue => queue.Value.Worked.Ticks)), state.Jobs.Open, counts[JobStatus.Processing]);
        json.WriteEndObject();
        json.WriteStartObject("queue_stats");
        foreach (var (name, queue) in queues)
        {
            json.WriteStartObject(name);
            WriteMessages(json, queue[JobEvent.Submitted], queue.Taken, queue[JobEvent.Completed], queue.Failed, queue[JobEvent.Retry]);
            WriteWork(json, queue.Worked, queue.Open, underWay.GetValueOrDefault(name));
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("backend_stats");
        json.WriteNumber("open", state.Jobs.Open);
        json.WriteNumber("open_at_start", state.OpenAtStart);
        json.WriteEndObject();
        json.WriteStartArray("active_consumers");
        foreach (var (name, _) in queues.Where(queue => queue.Value.Taken > 0))
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("queue_type", state.KeepsNothing ? "memory" : "sqlite");
        json.WriteEndObject();
    }

    private static void WriteMessages(Utf8JsonWriter json, long enqueued, long dequeued, long processed, long failed, long retried)
    {
        json.WriteNumber("messages_enqueued", enqueued);
        json.WriteNumber("messages_dequeued", dequeued);
        json.WriteNumber("messages_processed", processed);
        json.WriteNumber("messages_failed", failed);
        json.WriteNumber("messages_retried", retried);
        // Every job that failed, or was too late, is a dead letter.
        json.WriteNumber("messages_dead_lettered", failed);
    }

    private static void WriteWork(Utf8JsonWriter json, TimeSpan worked, long open, long underWay)
    {
        json.WriteNumber("total_processing_time", Math.Round(worked.TotalSeconds, 6));
        json.WriteNumber("queue_size", Math.Max(0, open - underWay));
        json.WriteNumber("active_consumers", underWay);
    }

    private void WriteBreakers(Utf8JsonWriter json)
    {
        json.WriteStartObject("circuit_breakers");
        foreach (var api in state.Engine.Upstreams.Take(LimitFigures.MostApis).OrderBy(api => api.Name, StringComparer.Ordinal))
            if (api.Watch is { } watch)
            {
                var (position, failures, failedAt) = watch.Read();
                json.WriteStartObject(api.Name);
                json.WriteString("state", JsonNamingPolicy.SnakeCaseLower.ConvertName(position.ToString()));
                json.WriteNumber("failures", failures);
                json.WriteString("last_failure", failedAt is { } at ? (state.Time.GetUtcNow() - Clock.Span(state.Engine.Clock.Now - at)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture) : null);
                json.WriteNumber("opens", watch.Opens);
                json.WriteEndObject();
            }
        json.WriteEndObject();
    }

    /// <summary>The words of the original where it has one.</summary>
    private static string NameOf(LimitAlgorithm algorithm) => algorithm switch
    {
        LimitAlgorithm.Sliding => "sliding_window",
        LimitAlgorithm.Fixed => "fixed_window",
        LimitAlgorithm.Bucket => "token_bucket",
        LimitAlgorithm.Counter => "window_counter",
        LimitAlgorithm.Spaced => "spaced",
        _ => "concurrent",
    };
}
