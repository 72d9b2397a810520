using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>What can be told of a job to whoever listens.</summary>
internal enum JobEvent
{
    Submitted,
    Completed,
    Failed,
    Retry,
    Timeout,
    RateLimited,
    CircuitOpen,
    Cancelled,
}

/// <summary>The events of jobs that end.</summary>
internal static class JobEvents
{
    /// <summary>What is told of a job that ended so.</summary>
    public static JobEvent Event(this JobStatus status) => status switch
    {
        JobStatus.Completed => JobEvent.Completed,
        JobStatus.Timeout => JobEvent.Timeout,
        JobStatus.Cancelled => JobEvent.Cancelled,
        _ => JobEvent.Failed,
    };
}
