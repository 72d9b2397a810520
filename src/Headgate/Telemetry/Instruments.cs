using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Headgate.Time;

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

    /// <summary>Seconds: from an answer of this machine to a day in the queue.</summary>
    private static readonly InstrumentAdvice<double> Buckets = new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200] };

    private readonly Counter<long> _requests;
    private readonly Counter<long> _permits;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _unsent;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _holds;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _latency;
    private readonly ConcurrentDictionary<string, string> _names = new();
    private readonly Func<IEnumerable<Upstream>> _apis;
    private readonly bool _isOurs;

    /// <param name="meters">Makes the meter, and owns it; null to make one of our own.</param>
    /// <param name="inFlight">How many attempts are on their way.</param>
    /// <param name="waiting">How many requests wait for a permit of an API.</param>
    /// <param name="apis">The APIs asked for so far.</param>
    public Instruments(IMeterFactory? meters, Func<long> inFlight, Func<Upstream, long> waiting, Func<IEnumerable<Upstream>> apis)
    {
        (_isOurs, _apis) = (meters is null, apis);
        Meter = meters?.Create(new MeterOptions(Name)) ?? new Meter(Name);
        _requests = Meter.CreateCounter<long>("headgate.requests", "{request}", "Requests that have ended, well or not.");
        _permits = Meter.CreateCounter<long>("headgate.permits", "{permit}", "Permits that were given, each for one send.");
        _attempts = Meter.CreateCounter<long>("headgate.attempts", "{attempt}", "Sends that have ended, each paid for by a permit.");
        _unsent = Meter.CreateCounter<long>("headgate.attempts.unsent", "{attempt}", "Attempts that ended before their first byte: no connection, or given up.");
        _retries = Meter.CreateCounter<long>("headgate.retries", "{attempt}", "Attempts that were made after a failure.");
        _refusals = Meter.CreateCounter<long>("headgate.refusals", "{attempt}", "Attempts that a limit of the server refused.");
        _holds = Meter.CreateCounter<long>("headgate.holds", "{hold}", "Pauses that a server asked of requests.");
        _duration = Meter.CreateHistogram("headgate.request.duration", "s", "From the hand-over of a request to the end of its answer.", advice: Buckets);
        _wait = Meter.CreateHistogram("headgate.wait.duration", "s", "How long requests waited for their permits.", advice: Buckets);
        _latency = Meter.CreateHistogram("headgate.attempt.duration", "s", "From the first byte of a send to the headers of its answer, or to its failure.", advice: Buckets);
        Meter.CreateObservableUpDownCounter("headgate.attempts.in_flight", inFlight, "{attempt}", "Attempts on their way.");
        Meter.CreateObservableUpDownCounter("headgate.queue.length", () => Sums(api => waiting(api)), "{request}", "Requests that wait for a permit.");
        Meter.CreateObservableCounter("headgate.breaker.opens", () => Sums(api => api.Watch?.Opens), "{open}", "How often the breaker of an API opened.");
        Meter.CreateObservableGauge("headgate.breaker.state", () => OfNamed(api => (long?)api.Watch?.Position), "1", "Where the breaker of an API stands: 0 closed, 1 open, 2 half open.");
        Meter.CreateObservableGauge("headgate.concurrency.cap", () => OfNamed(api => (long?)api.Cap.Now), "{attempt}", "How many may be in flight at once, as far as we hold back ourselves.");
        Meter.CreateObservableGauge("headgate.pace", () => OfNamed(api => api.Adaptation.Pace), "{request}/s", "The rate we keep to by ourselves, while there is one.");
        Meter.CreateObservableGauge("headgate.relief", () => OfNamed(api => api.Configuration.Adaptive.Resources ? (double?)api.Adaptation.Relief : null), "1", "The part of the concurrency that a machine short of resources leaves; 1 while it is not.");
    }

    public Meter Meter { get; }

    /// <summary>A request has ended.</summary>
    /// <param name="upstream">Its API.</param>
    /// <param name="outcome"><c>ok</c>, or its class of failure.</param>
    /// <param name="exchange">What it went through.</param>
    /// <param name="nanoseconds">How long it took.</param>
    public void Ended(Upstream upstream, string outcome, Exchange exchange, long nanoseconds)
    {
        if (!_requests.Enabled && !_retries.Enabled && !_refusals.Enabled && !_duration.Enabled && !_wait.Enabled)
            return;
        var api = Tag(upstream);
        var ended = new KeyValuePair<string, object?>("headgate.outcome", outcome);
        _requests.Add(1, api, ended);
        if (exchange.RetriesMade > 0)
            _retries.Add(exchange.RetriesMade, api);
        if (exchange.Refusals > 0)
            _refusals.Add(exchange.Refusals, api);
        _duration.Record(Seconds(nanoseconds), api, ended);
        _wait.Record(Seconds(exchange.Waited), api);
    }

    /// <summary>An attempt has ended.</summary>
    public void Ended(Attempt attempt)
    {
        if (!_attempts.Enabled && !_latency.Enabled && !_unsent.Enabled)
            return;
        var api = Tag(attempt.Upstream);
        var ended = new KeyValuePair<string, object?>("headgate.outcome", Outcomes.Of(ClassOf(attempt)));
        if (!attempt.WasSent)
        {
            _unsent.Add(1, api, ended);
            return;
        }
        _attempts.Add(1, api, ended);
        _latency.Record(Seconds(Math.Max(0, attempt.AnsweredAt - attempt.SentAt)), api);
    }

    /// <summary>What the attempt came to by itself, whatever is expected of it, and whether it is tried again or not.</summary>
    private static FailureClass ClassOf(Attempt attempt) => attempt switch
    {
        { WasRefused: true } => FailureClass.RateLimit,
        { Failure: not FailureClass.None and var failure } => failure,
        { Status: >= 500 } => FailureClass.Server,
        { Status: >= 400 } => FailureClass.Client,
        _ => FailureClass.None,
    };

    /// <summary>A permit was given.</summary>
    public void Permitted(Upstream upstream)
    {
        if (_permits.Enabled)
            _permits.Add(1, Tag(upstream));
    }

    /// <summary>A server asked a request for a pause.</summary>
    public void Held(Upstream upstream)
    {
        if (_holds.Enabled)
            _holds.Add(1, Tag(upstream));
    }

    /// <summary>The name of an API where names must be few.</summary>
    public string NameOf(Upstream upstream) => upstream.Configuration.IsConfigured ? upstream.Name : Bounded(upstream.Name);

    /// <summary>The same of one that nobody configured.</summary>
    public string Bounded(string name) =>
        _names.TryGetValue(name, out var known) ? known
        : _names.Count < MostNames ? _names.GetOrAdd(name, name)
        : "other";

    public void Dispose()
    {
        if (_isOurs)
            Meter.Dispose();
    }

    private KeyValuePair<string, object?> Tag(Upstream upstream) => new("headgate.upstream", NameOf(upstream));

    /// <summary>A figure that adds up, of each API that has it.</summary>
    private IEnumerable<Measurement<long>> Sums(Func<Upstream, long?> read) =>
        from api in _apis()
        let value = read(api)
        where value is not null
        group value.Value by NameOf(api) into named
        select new Measurement<long>(named.Sum(), new KeyValuePair<string, object?>("headgate.upstream", named.Key));

    /// <summary>A figure that does not add up, of each API that has it and a name of its own.</summary>
    private IEnumerable<Measurement<T>> OfNamed<T>(Func<Upstream, T?> read) where T : struct
    {
        foreach (var api in _apis())
            if (NameOf(api) == api.Name && read(api) is { } value)
                yield return new Measurement<T>(value, Tag(api));
    }

    private static double Seconds(long nanoseconds) => nanoseconds / (double)Clock.Second;
}
