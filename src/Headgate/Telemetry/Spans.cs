using System.Diagnostics;

namespace Headgate.Telemetry;

/// <summary>The span around a request: the runtime's own, one for each send, are below it.</summary>
internal static class Spans
{
    private static readonly ActivitySource Source = new(Instruments.Name);

    /// <summary>Begins one; null where nobody listens.</summary>
    public static Activity? Begin(HttpRequestMessage request)
    {
        if (!Source.HasListeners() || Source.StartActivity("headgate.request") is not { } span)
            return null;
        span.SetTag("http.request.method", request.Method.Method);
        span.SetTag("server.address", request.RequestUri!.IdnHost);
        span.SetTag("server.port", request.RequestUri.Port);
        return span;
    }

    /// <summary>What became of it, as far as the headers of its answer.</summary>
    /// <param name="span">The span.</param>
    /// <param name="exchange">What it went through.</param>
    /// <param name="status">The status of the answer; null if there is none.</param>
    /// <param name="outcome"><c>ok</c>, or its class of failure.</param>
    public static void Tell(Activity span, Exchange exchange, int? status, string outcome)
    {
        span.SetTag("headgate.upstream", exchange.Last?.Upstream.Name);
        span.SetTag("headgate.attempts", exchange.Attempts);
        span.SetTag("headgate.retries", exchange.RetriesMade);
        span.SetTag("headgate.wait", exchange.Waited / (double)Time.Clock.Second);
        span.SetTag("headgate.waiting_for", exchange.HeldBy?.Describe());
        span.SetTag("headgate.key", exchange.Last?.Permit.Key?.Name);
        span.SetTag("headgate.proxy", exchange.Last?.Permit.Proxy?.Name);
        if (status is not null)
            span.SetTag("http.response.status_code", status);
        if (outcome == Outcomes.Ok)
            return;
        span.SetTag("error.type", outcome);
        span.SetStatus(ActivityStatusCode.Error, exchange.Detail);
    }
}
