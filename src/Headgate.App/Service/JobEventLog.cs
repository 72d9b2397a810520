using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>The last events of jobs, for whoever listens, and for whoever comes back after a break. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class JobEventLog(TimeProvider time)
{
    /// <summary>So many are kept: some seconds of a busy service, hours of a quiet one.</summary>
    public const int Kept = 16_384;

    private readonly Lock _lock = new();
    private readonly ToldEvent[] _events = new ToldEvent[Kept];

    /// <summary>The number of the first event of this process: greater than any that an earlier one can have given.</summary>
    private readonly long _first = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
    private long _count;
    private TaskCompletionSource? _more;

    /// <summary>The number after which all that comes is new.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
                return _first + _count - 1;
        }
    }

    /// <summary>Takes an event.</summary>
    public void Tell(JobEvent what, Job job)
    {
        TaskCompletionSource? more;
        lock (_lock)
        {
            _events[_count % Kept] = new ToldEvent(_first + _count, what, time.GetUtcNow(), job.Id, job.Request.Id, job.Request.Method, job.Request.Url, job.Request.Tenant, job.Status, job.Attempts, job.FailureClass);
            _count++;
            (more, _more) = (_more, null);
        }
        more?.TrySetResult();
    }

    /// <summary>Events after a number, in their order.</summary>
    /// <param name="after">The number.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="missed">Whether some after that number are not known any more.</param>
    public IReadOnlyList<ToldEvent> After(long after, int most, out bool missed)
    {
        lock (_lock)
        {
            var oldest = Math.Max(0, _count - Kept);
            var next = after - _first + 1;
            // A number beyond the last is none of ours.
            missed = next < oldest || next > _count;
            next = next > _count ? oldest : Math.Max(next, oldest);
            var events = new ToldEvent[Math.Min(most, _count - next)];
            for (var at = 0; at < events.Length; at++)
                events[at] = _events[(next + at) % Kept];
            return events;
        }
    }

    /// <summary>Ends when there is an event after a number.</summary>
    public Task MoreThan(long after)
    {
        lock (_lock)
            return _first + _count - 1 > after ? Task.CompletedTask : (_more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }
}

/// <summary>What was told of a job.</summary>
internal readonly record struct ToldEvent(
    long Number, JobEvent What, DateTimeOffset At, string RequestId, string? Id, string Method, string Url, string? Tenant, JobStatus Status, int Attempts, FailureClass Class);
