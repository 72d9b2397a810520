using System.Threading.RateLimiting;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Work;

/// <summary>What pieces of work have of their pool. Thread-safe.</summary>
/// <param name="Limiter">What all of it passes.</param>
/// <param name="Clock">The clock of the pool.</param>
/// <param name="Random">Used under its own lock.</param>
/// <param name="Counts">What is counted.</param>
internal sealed record WorkPlace(GateLimiter Limiter, Clock Clock, Random Random, WorkCounts Counts);

/// <summary>One piece of work, from its submission to its end: every attempt passes the limits, and keeps its place for as long as it runs.</summary>
internal sealed class WorkItem<T>(WorkPlace place, Func<CancellationToken, ValueTask<T>> work, WorkOptions options)
{
    private readonly GateRequest _request = new() { Cost = options.Cost, Priority = options.Priority, Tenant = options.Tenant, Deadline = options.Deadline };

    public int Attempts { get; private set; }

    /// <summary>How long it waited for limits, nanoseconds.</summary>
    public long Waited { get; private set; }

    /// <summary>How long its attempts took, nanoseconds.</summary>
    public long Worked { get; private set; }

    /// <summary>Does it. It enters the gate before this returns, so that work is done in the order of its submission.</summary>
    /// <param name="caller">The caller's token.</param>
    /// <param name="pool">The pool's.</param>
    public async Task<T> RunAsync(CancellationToken caller, CancellationToken pool)
    {
        place.Counts.Submit();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(caller, pool);
        try
        {
            var value = await TryAsync(stop.Token).ConfigureAwait(false);
            place.Counts.Complete(Waited);
            return value;
        }
        catch (OperationCanceledException cancelled) when (stop.IsCancellationRequested)
        {
            place.Counts.Cancel(Waited);
            throw new TaskCanceledException(cancelled.Message, cancelled, caller.IsCancellationRequested ? caller : pool);
        }
        catch
        {
            place.Counts.Fail(Waited);
            throw;
        }
    }

    private async Task<T> TryAsync(CancellationToken stop)
    {
        while (true)
        {
            using (var lease = await AcquireAsync(stop).ConfigureAwait(false))
                try
                {
                    return await AttemptAsync(stop).ConfigureAwait(false);
                }
                catch (Exception failure) when (!stop.IsCancellationRequested && Attempts <= options.Retries && (options.RetryOn?.Invoke(failure) ?? true))
                {
                    // Its place is free while it waits.
                }
            place.Counts.Retry();
            long pause;
            lock (place.Random)
                pause = RetryRule.Backoff(new RetryPolicy { Delay = options.RetryDelay, Cap = options.RetryCap }, Attempts - 1, place.Random);
            await Task.Delay(Clock.Span(pause), place.Clock.Provider, stop).ConfigureAwait(false);
        }
    }

    private async ValueTask<GateLease> AcquireAsync(CancellationToken stop)
    {
        var from = place.Clock.Now;
        var acquiring = place.Limiter.AcquireAsync(_request, stop);
        // Work is not the caller's to do, however free everything is.
        if (acquiring.IsCompleted)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var lease = await acquiring.ConfigureAwait(false);
        Waited += place.Clock.Now - from;
        if (lease.IsAcquired)
            return lease;
        var why = lease.TryGetMetadata(MetadataName.ReasonPhrase, out var reason) ? reason : null;
        lease.Dispose();
        ObjectDisposedException.ThrowIf(options.Deadline is null, typeof(WorkPool));
        throw new TimeoutException($"its deadline came before its turn: {why}");
    }

    private async ValueTask<T> AttemptAsync(CancellationToken stop)
    {
        Attempts++;
        place.Counts.Begin();
        var from = place.Clock.Now;
        try
        {
            return options.Timeout is { } timeout ? await WithinAsync(timeout, stop).ConfigureAwait(false) : await work(stop).ConfigureAwait(false);
        }
        finally
        {
            Worked += place.Clock.Now - from;
            place.Counts.Leave();
        }
    }

    private async ValueTask<T> WithinAsync(TimeSpan timeout, CancellationToken stop)
    {
        using var timer = new CancellationTokenSource(timeout, place.Clock.Provider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (timer.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new TimeoutException($"it took longer than {Duration.Format(timeout)}", late);
        }
    }
}
