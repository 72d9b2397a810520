using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>What durable jobs do beside being done.</summary>
internal sealed record DurableJobsOptions
{
    /// <summary>How much is at hand.</summary>
    public required JobRoom Room { get; init; }

    /// <summary>Whether an earlier process may have sent a job that has not ended.</summary>
    public required Func<StoredJob, bool> MayHaveArrived { get; init; }

    /// <summary>Told of every event of a job; must not throw.</summary>
    public required Action<JobEvent, Job> Tell { get; init; }

    /// <summary>The named queue of a request to an API of that name; null for the default one.</summary>
    public Func<JobRequest, string, string?> QueueOf { get; init; } = static (_, _) => null;

    /// <summary>What completes each attempt of a job; null for nothing.</summary>
    public Func<StoredJob, Action<HttpRequestMessage>?> SignerOf { get; init; } = static _ => null;

    /// <summary>The job that follows from the end of another; null for none.</summary>
    public Func<Job, ResultRecord, StoredJob?> Follow { get; init; } = static (_, _) => null;
}
