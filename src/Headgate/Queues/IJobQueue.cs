namespace Headgate.Queues;

/// <summary>
/// Who is next: jobs that were accepted and have not ended, by lanes. What they are is kept by <see cref="IJobStore"/>. Thread-safe.
/// </summary>
/// <remarks>
/// A lane is what the gate calls one (API, priority, tenant): where each is leased by itself, a slow API holds up none but its own.
/// A lease ends by <see cref="SettleAsync"/>, or with its term where more than one process may have it; from then on it is of no effect (fencing).
/// </remarks>
internal interface IJobQueue : IAsyncDisposable
{
    /// <summary>Jobs go to the end of their lanes; one that is there already stays where it is.</summary>
    /// <exception cref="JobStoreException">None of them is queued.</exception>
    Task EnqueueAsync(IReadOnlyList<QueuedJob> jobs);

    /// <summary>Takes the first jobs of a lane whose time has come, in the order in which it came.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="most">At most so many.</param>
    /// <exception cref="JobStoreException">The queue cannot be read; none is leased.</exception>
    Task<LeasedJobs> LeaseAsync(string lane, int most);

    /// <summary>Ends leases: the jobs are done and leave the queue, or they go back to where they were.</summary>
    /// <returns>For how many that was of effect; a lease that has ended before is fenced off.</returns>
    /// <exception cref="JobStoreException">The leases hold on.</exception>
    Task<int> SettleAsync(IReadOnlyList<JobLease> leases, bool isDone);

    /// <summary>All lanes that are not empty.</summary>
    /// <exception cref="JobStoreException">The queue cannot be read.</exception>
    Task<IReadOnlyList<LaneCount>> CountAsync();
}

/// <summary>A job that waits.</summary>
/// <param name="Id">Its id in the store.</param>
/// <param name="Lane">Where it stands.</param>
/// <param name="Due">It is not leased before.</param>
internal readonly record struct QueuedJob(string Id, string Lane, DateTimeOffset Due);

/// <summary>The right to do a job.</summary>
/// <param name="Id">Its id in the store.</param>
/// <param name="Lane">Where it stands.</param>
/// <param name="Place">By what the queue knows this lease from all others, of the same job too.</param>
internal readonly record struct JobLease(string Id, string Lane, long Place);

/// <summary>What a lane gave.</summary>
/// <param name="Leases">In their order; fewer than asked for if no more are due.</param>
/// <param name="NextDue">When the first of those that are not due yet will be, where all others were given; null if there are none.</param>
internal sealed record LeasedJobs(IReadOnlyList<JobLease> Leases, DateTimeOffset? NextDue);

/// <summary>How many jobs a lane has.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="Jobs">Leased ones too.</param>
internal readonly record struct LaneCount(string Lane, long Jobs);
