using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>What has become of jobs so far, and where those stand that have not ended. Thread-safe.</summary>
internal sealed class JobCounts
{
    private readonly long[] _byStatus = new long[Enum.GetValues<JobStatus>().Length];
    private long _submitted;
    private long _rejected;
    private long _retries;
    private long _refusals;
    private long _ok;
    private long _inFlight;
    private long _peak;
    private long _latency;

    public long this[JobStatus status] => Volatile.Read(ref _byStatus[(int)status]);

    public long Submitted => Volatile.Read(ref _submitted);

    public long Rejected => Volatile.Read(ref _rejected);

    public long Retries => Volatile.Read(ref _retries);

    public long Refusals => Volatile.Read(ref _refusals);

    public long Ok => Volatile.Read(ref _ok);

    /// <summary>Requests that are in flight.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>The most requests that were in flight at once.</summary>
    public long Peak => Volatile.Read(ref _peak);

    /// <summary>Of those that have ended, all together.</summary>
    public TimeSpan Latency => new(Volatile.Read(ref _latency));

    public long Ended => this[JobStatus.Completed] + this[JobStatus.Failed] + this[JobStatus.Timeout] + this[JobStatus.Cancelled];

    public void CountSubmitted()
    {
        Interlocked.Increment(ref _submitted);
        Interlocked.Increment(ref _byStatus[(int)JobStatus.Pending]);
    }

    public void CountRejected() => Interlocked.Increment(ref _rejected);

    public void CountRetry() => Interlocked.Increment(ref _retries);

    public void CountRefusal() => Interlocked.Increment(ref _refusals);

    public void CountEnd(ResultRecord record)
    {
        Interlocked.Add(ref _latency, record.Latency?.Ticks ?? 0);
        if (record.Outcome.Ok)
            Interlocked.Increment(ref _ok);
    }

    /// <summary>A job has ended that was never at hand.</summary>
    public void CountEndAside(JobStatus status) => Interlocked.Increment(ref _byStatus[(int)status]);

    /// <summary>A job stands elsewhere now.</summary>
    public void Move(Job job, JobStatus to)
    {
        var from = job.Move(to);
        if (from == to)
            return;
        Interlocked.Decrement(ref _byStatus[(int)from]);
        Interlocked.Increment(ref _byStatus[(int)to]);
    }

    /// <summary>The first byte of an attempt leaves.</summary>
    public void CountSent()
    {
        var count = Interlocked.Increment(ref _inFlight);
        for (var peak = Peak; count > peak; peak = Peak)
            Interlocked.CompareExchange(ref _peak, count, peak);
    }

    /// <summary>The same for what is sent beside the jobs: it is counted among those that end.</summary>
    public void CountSent(LineStep step)
    {
        if (step == LineStep.Sent)
            CountSent();
    }

    /// <summary>An attempt has ended.</summary>
    public void CountEnded(Attempt attempt)
    {
        if (attempt.WasSent)
            Interlocked.Decrement(ref _inFlight);
    }
}
