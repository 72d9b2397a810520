using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace Headgate.App.Metrics;

/// <summary>The calls of this service, under the names of the original. Labels are of a few values only, whatever is called. Thread-safe.</summary>
internal sealed class CallFigures
{
    private static readonly HashSet<string> Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>Seconds: from a probe to a wait of five minutes.</summary>
    private static readonly double[] Bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

    private readonly ConcurrentDictionary<(string Method, string Endpoint, int Status), long> _calls = new();
    private readonly ConcurrentDictionary<(string Method, string Endpoint), Times> _times = new();

    /// <summary>Counts a call that was answered.</summary>
    public void Count(HttpContext context, TimeSpan took)
    {
        var method = Methods.Contains(context.Request.Method) ? context.Request.Method : "other";
        var endpoint = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
        _calls.AddOrUpdate((method, endpoint, context.Response.StatusCode), 1, static (_, count) => count + 1);
        _times.GetOrAdd((method, endpoint), static _ => new Times()).Add(took.TotalSeconds);
    }

    public void Write(PrometheusText text)
    {
        var calls = _calls.OrderBy(call => call.Key).ToList();
        text.Family("multiplexer_requests_total", "counter", "Calls of this service.");
        foreach (var ((method, endpoint, status), count) in calls)
            text.Sample(count, ("method", method), ("endpoint", endpoint), ("status", $"{status}"));
        text.Family("multiplexer_request_duration_seconds", "histogram", "How long calls of this service took.");
        foreach (var ((method, endpoint), times) in _times.OrderBy(call => call.Key))
            times.Write(text, [("method", method), ("endpoint", endpoint)]);
        text.Family("multiplexer_errors_total", "counter", "Calls of this service that were not answered as asked.");
        foreach (var errors in calls.Where(call => call.Key.Status >= 400).GroupBy(call => ErrorOf(call.Key.Status)).OrderBy(group => group.Key, StringComparer.Ordinal))
            text.Sample(errors.Sum(call => call.Value), ("error_type", errors.Key));
    }

    private static string ErrorOf(int status) => ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase.ToLowerInvariant().Replace(' ', '_').Replace('-', '_') : $"{status}";

    private sealed class Times
    {
        private readonly Lock _lock = new();
        private readonly long[] _counts = new long[Bounds.Length + 1];
        private double _sum;

        public void Add(double seconds)
        {
            var bucket = Array.FindIndex(Bounds, bound => seconds <= bound);
            lock (_lock)
            {
                _counts[bucket < 0 ? Bounds.Length : bucket]++;
                _sum += seconds;
            }
        }

        public void Write(PrometheusText text, ReadOnlySpan<(string, string)> labels)
        {
            lock (_lock)
                text.Histogram(Bounds, _counts, _sum, labels);
        }
    }
}
