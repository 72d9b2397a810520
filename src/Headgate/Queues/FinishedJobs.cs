using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>
/// Jobs that have ended, kept to be asked for: at most so many, so long and of so many bytes, the oldest going first. The newest one stays
/// however large it is. Pure; owned by the lock of its scheduler.
/// </summary>
/// <param name="mostJobs">How many.</param>
/// <param name="longest">How long, in nanoseconds.</param>
/// <param name="mostBytes">How large together.</param>
internal sealed class FinishedJobs(int mostJobs, long longest, long mostBytes)
{
    /// <summary>What a job keeps beside the bytes of its answer: itself, its request, its names.</summary>
    private const int Overhead = 1024;

    private readonly Queue<(Job Job, long At, long Bytes)> _jobs = new();

    public int Count => _jobs.Count;

    public long Bytes { get; private set; }

    public void Add(Job job, long now)
    {
        var bytes = Overhead + (job.Result is { } result ? result.Content.Length + result.Headers.Sum(header => 2L * (header.Key.Length + header.Value.Length)) : 0);
        _jobs.Enqueue((job, now, bytes));
        Bytes += bytes;
    }

    /// <summary>The next one to be forgotten, if any is.</summary>
    public Job? Forget(long now)
    {
        if (!_jobs.TryPeek(out var oldest))
            return null;
        if (_jobs.Count <= mostJobs && now - oldest.At <= longest && (Bytes <= mostBytes || _jobs.Count == 1))
            return null;
        Bytes -= oldest.Bytes;
        return _jobs.Dequeue().Job;
    }
}
