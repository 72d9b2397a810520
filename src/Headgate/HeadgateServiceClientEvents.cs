using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Remote;
using Microsoft.Extensions.Logging;

namespace Headgate;

/// <content>The events.</content>
public sealed partial class HeadgateServiceClient
{
    /// <summary>A job was taken.</summary>
    public event EventHandler<Job>? RequestSubmitted { add => Add(JobEvent.Submitted, value); remove => Remove(JobEvent.Submitted, value); }

    /// <summary>A job has ended with an answer, be it a good one (<see cref="Job.Ok"/>) or not.</summary>
    public event EventHandler<Job>? RequestCompleted { add => Add(JobEvent.Completed, value); remove => Remove(JobEvent.Completed, value); }

    /// <summary>A job has ended without a usable answer.</summary>
    public event EventHandler<Job>? RequestFailed { add => Add(JobEvent.Failed, value); remove => Remove(JobEvent.Failed, value); }

    /// <summary>An attempt of a job has failed (<see cref="Job.LastError"/>), and another one will be made.</summary>
    public event EventHandler<Job>? RequestRetry { add => Add(JobEvent.Retry, value); remove => Remove(JobEvent.Retry, value); }

    /// <summary>A job has ended by its timeout or deadline.</summary>
    public event EventHandler<Job>? RequestTimeout { add => Add(JobEvent.Timeout, value); remove => Remove(JobEvent.Timeout, value); }

    /// <summary>A limit of the server has refused a job, which now waits for the end of the pause.</summary>
    public event EventHandler<Job>? RequestRateLimited { add => Add(JobEvent.RateLimited, value); remove => Remove(JobEvent.RateLimited, value); }

    /// <summary>A job waits behind the breaker of its API, which is open, or ends because it stays open: once for each job.</summary>
    public event EventHandler<Job>? RequestCircuitOpen { add => Add(JobEvent.CircuitOpen, value); remove => Remove(JobEvent.CircuitOpen, value); }

    /// <summary>A job was cancelled.</summary>
    public event EventHandler<Job>? RequestCancelled { add => Add(JobEvent.Cancelled, value); remove => Remove(JobEvent.Cancelled, value); }

    /// <summary>Some events were not heard, since the service was started anew or too much happened while it could not be reached: ask for the jobs themselves.</summary>
    public event EventHandler? EventsMissed;

    private void Add(JobEvent what, EventHandler<Job>? handler)
    {
        lock (_lock)
        {
            _handlers[(int)what] += handler;
            ListenIfWantedNeedsLock();
        }
    }

    private void Remove(JobEvent what, EventHandler<Job>? handler)
    {
        lock (_lock)
            _handlers[(int)what] -= handler;
    }

    private void ListenIfWantedNeedsLock()
    {
        if (!_isStarted || _listener is not null || _stopped is not null || _handlers.All(handlers => handlers is null))
            return;
        _listener = new ServiceListener(_calls, new ServiceListeners(what => HandlersOf(what) is not null, FindAsync, Tell, Missed, text => Log.Notice(_logger, text)), _time);
        _listener.Start();
    }

    /// <summary>Whoever listens wants to hear of what is submitted from here on.</summary>
    private Task HeardAsync(CancellationToken cancellation)
    {
        lock (_lock)
            return _listener?.Opened.WaitAsync(cancellation) ?? Task.CompletedTask;
    }

    private EventHandler<Job>? HandlersOf(JobEvent what)
    {
        lock (_lock)
            return _handlers[(int)what];
    }

    private async Task<IReadOnlyDictionary<string, Job>> FindAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var call = new ServiceCall(HttpMethod.Post, "api/v1/requests/wait") { Body = ServiceWords.Wait(ids, TimeSpan.Zero, includeOpen: true) };
        return (await _calls.SendAsync(call, ServiceWords.ReadJobsAsync, cancellation).ConfigureAwait(false)).Jobs;
    }

    private void Tell(JobEvent what, Job job)
    {
        foreach (var handler in Delegate.EnumerateInvocationList(HandlersOf(what)))
            try
            {
                handler(this, job);
            }
            catch (Exception failure)
            {
                Log.HandlerFailed(_logger, JobEventNames.Of(what), job.Id, failure);
            }
    }

    private void Missed()
    {
        Log.Notice(_logger, $"some events of {_calls.Service} were not heard, and are not known any more: ask for the jobs themselves");
        foreach (var handler in Delegate.EnumerateInvocationList(EventsMissed))
            try
            {
                handler(this, EventArgs.Empty);
            }
            catch (Exception failure)
            {
                Log.HandlerFailed(_logger, nameof(EventsMissed), "", failure);
            }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{text}")]
        public static partial void Notice(ILogger logger, string text);

        [LoggerMessage(2, LogLevel.Error, "a handler of the event {what} has failed for job {id}")]
        public static partial void HandlerFailed(ILogger logger, string what, string id, Exception failure);
    }
}
