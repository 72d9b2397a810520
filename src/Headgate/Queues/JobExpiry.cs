using Headgate.Time;

namespace Headgate.Queues;

/// <summary>Ends jobs whose time is over while they wait in the queue, where nobody else looks at them until it is their turn. Thread-safe.</summary>
/// <param name="store">Knows whose time is over.</param>
/// <param name="clock">The clock.</param>
/// <param name="expire">Ends a job, and says whether it did: where it is at hand its time is looked at anyway.</param>
/// <param name="failed">Told what was thrown; must not throw.</param>
internal sealed class JobExpiry(IJobStore store, Clock clock, Func<StoredJob, Task<bool>> expire, Action<Exception> failed) : IDisposable
{
    /// <summary>So many are read at a time.</summary>
    private const int Together = 256;

    /// <summary>What could not be ended is tried again then.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private DateTimeOffset _next = DateTimeOffset.MaxValue;
    private ITimer? _timer;
    private bool _isStopped;

    /// <summary>There is a job whose time is over then.</summary>
    public void Expect(DateTimeOffset expires)
    {
        lock (_lock)
        {
            if (_isStopped || expires >= _next)
                return;
            _next = expires;
            var wait = expires - clock.Provider.GetUtcNow();
            // Whole milliseconds of the timer would come too early again and again.
            wait = wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait > Clock.LongestTimer ? Clock.LongestTimer : wait;
            _timer?.Dispose();
            _timer = clock.Provider.CreateTimer(_ => _ = SweepAsync(), null, wait, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isStopped = true;
            _timer?.Dispose();
        }
    }

    /// <summary>Ends those whose time is over, and looks when the next one's is.</summary>
    public async Task SweepAsync()
    {
        lock (_lock)
            _next = DateTimeOffset.MaxValue;
        try
        {
            if (await EndDueAsync(clock.Provider.GetUtcNow()).ConfigureAwait(false) is { } next)
                Expect(next);
        }
        catch (Exception failure)
        {
            failed(failure);
            Expect(clock.Provider.GetUtcNow() + Rest);
        }
    }

    /// <returns>When the time of the first one is over of those whose is not; null if there is none.</returns>
    private async Task<DateTimeOffset?> EndDueAsync(DateTimeOffset now)
    {
        for (var atHand = 0; ;)
        {
            var jobs = await store.FindExpiringAsync(atHand, Together).ConfigureAwait(false);
            foreach (var job in jobs)
                if (job.Expires > now)
                    return job.Expires;
                else if (!await expire(job).ConfigureAwait(false))
                    atHand++;
            if (jobs.Count < Together)
                return null;
        }
    }
}
