using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>A job as a store keeps it: what is to be sent, and in the end what became of it. Immutable.</summary>
/// <param name="Id">Its name, unique in the store.</param>
/// <param name="Request">What is to be sent.</param>
/// <param name="CreatedAt">When it was accepted, by the wall clock: durations of the request count from here, after a restart too.</param>
internal sealed record StoredJob(string Id, JobRequest Request, DateTimeOffset CreatedAt)
{
    /// <summary>What became of it; null while it has not ended.</summary>
    public JobEnd? End { get; init; }
}

/// <summary>The one end of a job. Immutable.</summary>
/// <param name="Id">The job.</param>
/// <param name="Status">How it ended.</param>
/// <param name="At">When.</param>
/// <param name="Record">All that is told of it: a JSON object, a line out of <c>run</c>.</param>
internal sealed record JobEnd(string Id, JobStatus Status, DateTimeOffset At, ReadOnlyMemory<byte> Record);
