using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Headgate.Telemetry;

/// <summary>
/// What is measured of requests, beside what the runtime measures of each send (<c>http.client.*</c>). Tags are bounded: the API, by its name, and
/// how it ended. Costs nothing where nobody listens. Thread-safe.
/// </summary>
internal sealed class Instruments : IDisposable
{
    public const string Name = "Headgate";

    /// <summary>So many APIs that nobody configured are named; the rest is one.</summary>
    private const int MostNames = 100;

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _refusals;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _wait;
    private readonly ConcurrentDictionary<string, string> _names = new();
    private readonly bool _isOurs;

    /// <param name="meters">Makes the meter, and owns it; null to make one of our own.</param>
    /// <param name="inFlight">How many attempts are on their way.</param>
    /// <param name="waiting">How many requests wait, by API.</param>
    /// <param name="breakerOpens">How often breakers opened, by API.</param>
    /// <param name="apis">The APIs asked for so far, for what adapts to how they are doing.</param>
    public Instruments(IMeterFactory? meters, Func<long> inFlight, Func<IEnumerable<Measurement<long>>> waiting, Func<IEnumerable<Measurement<long>>> breakerOpens, Func<IEnumerable<Upstream>> apis)
    {
        _isOurs = meters is null;
        _meter = meters?.Create(new MeterOptions(Name)) ?? new Meter(Name);
        _requests = _meter.CreateCounter<long>("headgate.requests", "{request}", "Requests that have ended, well or not.");
        _attempts = _meter.CreateCounter<long>("headgate.attempts", "{attempt}", "Sends, each paid for by a permit.");
        _retries = _meter.CreateCounter<long>("headgate.retries", "{attempt}", "Attempts that were made after a failure.");
        _refusals = _meter.CreateCounter<long>("headgate.refusals", "{attempt}", "Attempts that a limit of the server refused.");
        _duration = _meter.CreateHistogram<double>("headgate.request.duration", "s", "From the hand-over of a request to the end of its answer.");
        _wait = _meter.CreateHistogram<double>("headgate.wait.duration", "s", "How long requests waited for their permits.");
        _meter.CreateObservableUpDownCounter("headgate.attempts.in_flight", inFlight, "{attempt}", "Attempts on their way.");
        _meter.CreateObservableUpDownCounter("headgate.queue.length", waiting, "{request}", "Requests that wait for a permit.");
        _meter.CreateObservableCounter("headgate.breaker.opens", breakerOpens, "{open}", "How often the breaker of an API opened.");
        _meter.CreateObservableGauge("headgate.concurrency.cap", () => apis().Select(api => new Measurement<long>(api.Cap.Now, Tag(api))), "{attempt}", "How many may be in flight at once, as far as we hold back ourselves.");
        _meter.CreateObservableGauge("headgate.pace", () => apis().Select(api => (api, api.Adaptation.Pace)).Where(it => it.Pace is not null).Select(it => new Measurement<double>(it.Pace!.Value, Tag(it.api))), "{request}/s", "The rate we keep to by ourselves, while there is one.");
        _meter.CreateObservableGauge("headgate.relief", () => apis().Where(api => api.Configuration.Adaptive.Resources).Select(api => new Measurement<double>(api.Adaptation.Relief, Tag(api))), "1", "The part of the concurrency that a machine short of resources leaves; 1 while it is not.");
    }

    /// <summary>A request has ended.</summary>
    /// <param name="upstream">Its API.</param>
    /// <param name="outcome"><c>ok</c>, or its class of failure.</param>
    /// <param name="exchange">What it went through.</param>
    /// <param name="nanoseconds">How long it took.</param>
    public void Ended(Upstream upstream, string outcome, Exchange exchange, long nanoseconds)
    {
        if (!_requests.Enabled && !_attempts.Enabled && !_retries.Enabled && !_refusals.Enabled && !_duration.Enabled && !_wait.Enabled)
            return;
        var api = Tag(upstream);
        var ended = new KeyValuePair<string, object?>("headgate.outcome", outcome);
        _requests.Add(1, api, ended);
        if (exchange.Attempts > 0)
            _attempts.Add(exchange.Attempts, api);
        if (exchange.RetriesMade > 0)
            _retries.Add(exchange.RetriesMade, api);
        if (exchange.Refusals > 0)
            _refusals.Add(exchange.Refusals, api);
        _duration.Record(nanoseconds / (double)Time.Clock.Second, api, ended);
        _wait.Record(exchange.Waited / (double)Time.Clock.Second, api);
    }

    /// <summary>The tag of an API.</summary>
    public KeyValuePair<string, object?> Tag(Upstream upstream) =>
        new("headgate.upstream", upstream.Configuration.IsConfigured ? upstream.Name
            : _names.TryGetValue(upstream.Name, out var known) ? known
            : _names.Count < MostNames ? _names.GetOrAdd(upstream.Name, upstream.Name)
            : "other");

    public void Dispose()
    {
        if (_isOurs)
            _meter.Dispose();
    }
}

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
        if (status is not null)
            span.SetTag("http.response.status_code", status);
        if (outcome == Outcomes.Ok)
            return;
        span.SetTag("error.type", outcome);
        span.SetStatus(ActivityStatusCode.Error, exchange.Detail);
    }
}

/// <summary>How requests end, in one word.</summary>
internal static class Outcomes
{
    public const string Ok = "ok";

    public static string Of(FailureClass failure) => failure == FailureClass.None ? Ok : Jobs.WireNames.Of(failure);
}
