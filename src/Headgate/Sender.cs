using System.Diagnostics;
using System.Diagnostics.Metrics;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Telemetry;
using Headgate.Time;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headgate;

/// <summary>
/// The engine of a program that uses the library, with what it measures and logs: all state of the sending is here, and none in the handlers, which
/// come and go. Thread-safe.
/// </summary>
internal sealed class Sender : IDisposable
{
    private readonly StraightLine _line;
    private readonly Observation _seen;
    private readonly Counts _counts = new();
    private readonly ILogger _log;
    private readonly HealthThresholds _health;
    private bool _isDisposed;

    /// <param name="options">How to send.</param>
    /// <param name="inner">What sends; null for handlers of our own, one for each API.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where events go; null for nowhere.</param>
    /// <param name="meters">Makes the meter; null to make one.</param>
    /// <exception cref="ArgumentException">The options cannot be used, or the inner handler; all that is wrong is told.</exception>
    /// <exception cref="InvalidOperationException">The state cannot be used: another process has it, or it cannot be read.</exception>
    public Sender(HeadgateOptions options, HttpMessageHandler? inner, TimeProvider time, ILoggerFactory? loggers, IMeterFactory? meters)
    {
        Configuration = options.Freeze();
        if (inner is not null && Configuration.Upstreams.Select(api => api.Policy).Append(Configuration.Defaults).FirstOrDefault(policy => policy.Proxies is not null) is { } policy)
            throw new ArgumentException($"the requests are to go through the proxies of \"{policy.Proxies}\", which a handler of your own would pass by: give none, or no proxies", nameof(inner));
        loggers ??= NullLoggerFactory.Instance;
        _log = loggers.CreateLogger(Instruments.Name);
        _health = options.Health;
        try
        {
            var state = options.StatePath is { Length: > 0 } path ? StateDirectory.Open(Path.GetFullPath(path)) : null;
            Engine = new Engine(Configuration, new EngineOptions
            {
                Time = time,
                Concurrency = Configuration.Concurrency,
                Journal = clock => new SendJournal(clock, state),
                Keys = options.KeysOf,
                KeysEvery = options.KeysEvery,
                Token = options.Token,
                Notice = _log.Noticed,
                Patience = TimeSpan.Zero,
                Inner = inner is null ? null : SharedTransport.Over(inner, () => Engine!),
            });
            if (state is null)
                TellWhatStartsFull();
            else
                Engine.SyncEachSecond(_log.StateNotWritten);
        }
        catch (Exception failure) when (IsOfState(failure))
        {
            throw new InvalidOperationException(failure.Message, failure);
        }
        Engine.Proxies.Begin();
        _line = new StraightLine(Engine);
        Open = new OpenAnswers(Engine.Clock, Forgotten);
        try
        {
            _seen = Engine.Observe(loggers, meters);
        }
        catch
        {
            // The caller's own maker of meters: nobody is left to dispose what is there already.
            Open.Dispose();
            Engine.Dispose();
            throw;
        }
        foreach (var notice in options.Notices)
            _log.Noticed(notice);
    }

    public HeadgateConfiguration Configuration { get; }

    public Engine Engine { get; }

    public OpenAnswers Open { get; }

    /// <summary>The breakers as they stand: which API, <c>closed</c>, <c>half_open</c> or <c>open</c>, and how often it opened.</summary>
    private IEnumerable<(Upstream Upstream, string State, long Opens)> Breakers() =>
        from upstream in Engine.Upstreams
        let watch = upstream.Watch
        where watch is not null
        select (upstream, watch.Position switch
        {
            Resilience.BreakerPosition.Open => "open",
            Resilience.BreakerPosition.HalfOpen => "half_open",
            _ => "closed",
        }, (long)watch.Opens);

    public long Now => Engine.Clock.Now;

    /// <inheritdoc cref="HeadgateHandler"/>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var caller = Activity.Current;
        using var span = Spans.Begin(request);
        var exchange = ExchangeOf(request);
        try
        {
            var answer = await _line.SendAsync(exchange, cancellation).ConfigureAwait(false);
            if (span is not null)
                Spans.Tell(span, exchange, (int)answer.StatusCode, Outcomes.Of(exchange.Failure));
            // The attempt's own message has the key in it, which is nobody's business.
            answer.RequestMessage = exchange.Hops == 0 ? request : new HttpRequestMessage(exchange.Method, exchange.Uri);
            if (answer.Content is StoredContent)
            {
                exchange.Last?.TryWriteEnd();
                Finished(exchange);
            }
            else
                answer.Content = new AnswerContent(answer, exchange, this, cancellation) { Caller = exchange.Terms.Tenant ?? caller?.DisplayName };
            return answer;
        }
        catch (Exception failure)
        {
            Fail(exchange, failure, span);
            if (failure is HeadgateException { FailureClass: FailureClass.Timeout } late)
                throw Failures.Of(late);
            if (IsOfState(failure))
                throw new InvalidOperationException(failure.Message, failure);
            throw;
        }
    }

    /// <summary>A request has ended: its answer was read, or thrown away, or there is none.</summary>
    public void Finished(Exchange exchange)
    {
        Count(exchange);
        _seen.Finished(exchange);
    }

    public HeadgateMetrics Metrics()
    {
        var breakers = Breakers().ToList();
        return HeadgateMetrics.Of(_counts) with
        {
            BreakerState = breakers.Any(breaker => breaker.State == "open") ? "open" : breakers.Any(breaker => breaker.State == "half_open") ? "half_open" : "closed",
            BreakerOpens = breakers.Sum(breaker => breaker.Opens),
            Queue = Engine.Upstreams.Sum(upstream => (long)Engine.WaitingAt(upstream)),
            ActiveConnections = _seen.InFlight,
            MemoryBytes = GC.GetTotalMemory(forceFullCollection: false),
        };
    }

    public void ResetMetrics() => _counts.Reset();

    public HealthAssessment AssessHealth() => HealthAssessment.Of(Metrics(), _health);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        Open.Dispose();
        Engine.Close();
        Engine.Dispose();
    }

    private Exchange ExchangeOf(HttpRequestMessage request)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new NotSupportedException("the request needs an absolute http or https address");
        if (RequestSettings.Of(request) is not { } settings)
            return new Exchange(request, SendTerms.Direct);
        return new Exchange(request, new SendTerms
        {
            IsDirect = true,
            Priority = settings.Priority,
            Tenant = settings.Tenant,
            DeclaredCost = settings.Cost,
            Timeout = settings.Timeout,
            Retries = settings.Retries,
            Country = settings.Country,
            Deadline = DeadlineOf(settings),
        });
    }

    private long? DeadlineOf(RequestSettings settings)
    {
        var left = settings.Deadline - Engine.Clock.Provider.GetUtcNow();
        if (settings.Within is { } within && !(left < within))
            left = within;
        return left is { } span ? Now + Clock.Nanoseconds(span < TimeSpan.Zero ? TimeSpan.Zero : span < Duration.Longest ? span : Duration.Longest) : null;
    }

    private void Fail(Exchange exchange, Exception failure, Activity? span)
    {
        exchange.Last?.TryWriteEnd();
        _seen.Failed(exchange, failure, span);
        Count(exchange);
    }

    private void Count(Exchange exchange) => _counts.Add(exchange.Failure == FailureClass.None, exchange.RetriesMade, exchange.Refusals, Now - exchange.BegunAt);

    private void Forgotten(AnswerContent answer)
    {
        var exchange = answer.Exchange;
        exchange.Last!.Upstream.Watch?.Forgot(exchange.Last);
        answer.Forget();
        _log.AnswerForgotten(exchange.Method.Method, exchange.Uri.GetLeftPart(UriPartial.Path), OpenAnswers.Patience.TotalMinutes, answer.Caller ?? "without tenant or span");
    }

    private void TellWhatStartsFull()
    {
        var all = Configuration.TotalLimits.Concat(Configuration.Defaults.Limits).Concat(Configuration.Upstreams.SelectMany(upstream => upstream.Policy.Limits.Concat(upstream.Keys?.Limits ?? [])));
        var slow = all.Where(limit => limit.Algorithm != LimitAlgorithm.Concurrent && (limit.IsMonthly || limit.Period > TimeSpan.FromMinutes(1))).Distinct().ToList();
        if (slow.Count > 0)
            _log.LimitsStartFull(string.Join(", ", slow));
    }

    private static bool IsOfState(Exception failure) => failure is ScopeHeldException or LedgerException or ConfigurationException;
}
