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
