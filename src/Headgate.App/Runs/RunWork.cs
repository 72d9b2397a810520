using Headgate.App.Results;
using Headgate.Jobs;

namespace Headgate.App.Runs;

/// <summary>What all lines of a run share, and how it is stopped. Thread-safe.</summary>
internal sealed class RunWork : IDisposable
{
    private readonly CancellationTokenSource _waiting;
    private readonly CancellationTokenSource _abort = new();
    private readonly Dictionary<long, BodyReceiver> _receivers = [];
    private string? _stopReason;
    private Exception? _failure;

    public RunWork(RunOptions options, Engine engine, ResultWriter results, Tally tally, TimeProvider time, CancellationToken stop)
    {
        (Options, Engine, Results, Tally, Time) = (options, engine, results, tally, time);
        Line = new StraightLine(engine);
        _waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    public RunOptions Options { get; }

    public Engine Engine { get; }

    public StraightLine Line { get; }

    public ResultWriter Results { get; }

    public Tally Tally { get; }

    public TimeProvider Time { get; }

    /// <summary>Nothing new is sent any more; what is in flight goes on.</summary>
    public CancellationToken Waiting => _waiting.Token;

    /// <summary>Nothing can be recorded any more: even what is in flight is given up.</summary>
    public CancellationToken Abort => _abort.Token;

    public bool IsStopping => _waiting.IsCancellationRequested;

    /// <summary>Why the run stopped by itself; null if it did not.</summary>
    public string? StopReason => _stopReason;

    /// <summary>What broke the run, if anything did.</summary>
    public Exception? Failure => _failure;

    /// <summary>Stops admitting and drains.</summary>
    /// <param name="reason">Why, for the summary.</param>
    public void Stop(string reason)
    {
        Interlocked.CompareExchange(ref _stopReason, reason, null);
        _waiting.Cancel();
    }

    /// <summary>The run cannot go on: nothing more is sent. What is in flight is finished and recorded, unless results cannot be.</summary>
    public void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        _waiting.Cancel();
        if (failure is ResultWriteException)
            _abort.Cancel();
    }

    public BodyReceiver Receiver(Upstream api)
    {
        var size = api.Configuration.Policy.MaxBody;
        lock (_receivers)
        {
            if (!_receivers.TryGetValue(size, out var receiver))
                _receivers.Add(size, receiver = new BodyReceiver(size, Options.BodyDirectory));
            return receiver;
        }
    }

    public void Finished(JobOutcome outcome, Exchange? exchange, bool isResent)
    {
        Tally.Finish(outcome, exchange, isResent);
        if (!outcome.Ok && Options.MaxFailures.IsReached(Tally.Failed, Tally.Finished))
            Stop($"more than {Options.MaxFailures} failed");
    }

    public void Dispose()
    {
        _waiting.Dispose();
        _abort.Dispose();
    }
}
