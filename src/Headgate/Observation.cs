using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Headgate.Telemetry;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate;

/// <summary>What an engine shows of its requests: a span around each, instruments, and events. Thread-safe.</summary>
internal sealed class Observation : IDisposable
{
    private readonly Engine _engine;
    private readonly ILogger _log;
    private readonly ILogger _steps;
    private long _inFlight;
    private long _number;

    /// <param name="engine">The engine.</param>
    /// <param name="loggers">Where events go; steps of requests have a category of their own.</param>
    /// <param name="meters">Makes the meter; null to make one.</param>
    public Observation(Engine engine, ILoggerFactory loggers, IMeterFactory? meters)
    {
        (_engine, _log, _steps) = (engine, loggers.CreateLogger(Instruments.Name), loggers.CreateLogger(LogMessages.Steps));
        Instruments = new Instruments(meters, () => InFlight, api => engine.WaitingAt(api), () => engine.Upstreams);
    }

    public Instruments Instruments { get; }

    /// <summary>Attempts on their way.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>A request comes onto the line.</summary>
    public void Begin(Exchange exchange)
    {
        exchange.Observer = this;
        if (_steps.IsEnabled(LogLevel.Trace))
            exchange.Number = Interlocked.Increment(ref _number);
    }

    /// <summary>Sends a request whose answer is read on the line, so that its end is the end of all.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HttpResponseMessage> SendAsync(StraightLine line, Exchange exchange, CancellationToken cancellation)
    {
        using var span = Spans.Begin(exchange.Request);
        try
        {
            var answer = await line.WalkAsync(exchange, cancellation).ConfigureAwait(false);
            if (span is not null)
                Spans.Tell(span, exchange, (int)answer.StatusCode, Outcomes.Of(exchange.Failure));
            Finished(exchange);
            return answer;
        }
        catch (Exception failure)
        {
            Failed(exchange, failure, span);
            throw;
        }
    }

    /// <summary>There is no answer.</summary>
    public void Failed(Exchange exchange, Exception failure, Activity? span)
    {
        if (exchange.Failure == FailureClass.None)
            exchange.Failure = failure is OperationCanceledException ? FailureClass.Cancelled : FailureClass.Invalid;
        var outcome = Outcomes.Of(exchange.Failure);
        if (span is not null)
            Spans.Tell(span, exchange, null, outcome);
        if (_log.IsEnabled(LogLevel.Debug))
            _log.RequestFailed(exchange.Method.Method, exchange.Upstream?.Name ?? exchange.Uri.Authority, exchange.Attempts, outcome, exchange.Detail);
        Finished(exchange);
    }

    /// <summary>A request has ended: its answer was read, or thrown away, or there is none.</summary>
    public void Finished(Exchange exchange)
    {
        if (exchange.Upstream is { } upstream)
            Instruments.Ended(upstream, Outcomes.Of(exchange.Failure), exchange, _engine.Clock.Now - exchange.BegunAt);
    }

    /// <summary>An attempt has ended, sent or not.</summary>
    public void Ended(Attempt attempt)
    {
        if (attempt.WasSent)
            Interlocked.Decrement(ref _inFlight);
        Instruments.Ended(attempt);
    }

    /// <summary>No key of an API is left: each request fails until there is another.</summary>
    public void LastKeyDied(Upstream upstream, string key, int status) => _log.LastKeyDied(upstream.Name, key, status);

    /// <summary>A request has come a step further.</summary>
    public void Step(Exchange exchange, LineStep step)
    {
        switch (step)
        {
            case LineStep.Permitted:
                Instruments.Permitted(exchange.Upstream!);
                break;
            case LineStep.Sent:
                Interlocked.Increment(ref _inFlight);
                break;
            case LineStep.Held when exchange.Last!.Failure != FailureClass.Proxy:
                Instruments.Held(exchange.Last.Upstream);
                _log.RequestHeld(exchange.Last.Upstream.Name, Left(exchange));
                break;
            case LineStep.Retries when _log.IsEnabled(LogLevel.Debug):
                _log.RequestRetried(exchange.Method.Method, exchange.Last!.Upstream.Name, Left(exchange), exchange.LastError);
                break;
        }
        if (exchange.Number != 0)
            Trace(exchange, step);
    }

    public void Dispose() => Instruments.Dispose();

    private void Trace(Exchange exchange, LineStep step)
    {
        var since = (_engine.Clock.Now - exchange.BegunAt) / Clock.Microsecond;
        var last = exchange.Last;
        _steps.RequestStep(exchange.Number, exchange.Terms.Id, step, since, exchange.Method.Method, exchange.Upstream?.Name, exchange.Attempts, last?.Permit.Key?.Name, last?.Status ?? 0, step is LineStep.Waits or LineStep.Permitted ? exchange.HeldBy?.Describe() : null);
    }

    private double Left(Exchange exchange) => Math.Max(0, exchange.NextAt - _engine.Clock.Now) / (double)Clock.Second;
}
