using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>The one end of every job: kept, counted, and told to those who wait for it; with it whatever job follows from it. Thread-safe.</summary>
/// <param name="store">Keeps them.</param>
/// <param name="lanes">Where what follows is queued.</param>
/// <param name="follow">The job that follows from the end of another; null for none.</param>
/// <param name="followed">Told of one that did, before it can end.</param>
internal sealed class JobEnds(IJobStore store, JobLanes lanes, Func<Job, ResultRecord, StoredJob?> follow, Action<StoredJob> followed)
{
    private long _open;

    /// <summary>Those who wait for the end of a job.</summary>
    public JobWaiters Waiters { get; } = new();

    /// <summary>Accepted, and not ended, whenever that was.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>So many more were accepted.</summary>
    public void Accepted(long jobs) => Interlocked.Add(ref _open, jobs);

    /// <summary>Keeps what became of a job.</summary>
    /// <returns>Whether that is how it ended; false where it has ended before.</returns>
    /// <exception cref="JobStoreException">It was not kept, and may be told again.</exception>
    public async Task<bool> KeepAsync(Job job, ResultRecord record)
    {
        var then = follow(job, record) is { } next ? next with { Api = lanes.ApiOf(next.Request).Name } : null;
        var isFirst = await store.EndAsync(JobEnd.Of(job.Id, record) with { Then = then }).ConfigureAwait(false);
        if (isFirst)
            Interlocked.Add(ref _open, then is null ? -1 : 0);
        Waiters.Release(job.Id);
        if (!isFirst || then is null)
            return isFirst;
        followed(then);
        await lanes.EnqueueAsync([then]).ConfigureAwait(false);
        return true;
    }
}
