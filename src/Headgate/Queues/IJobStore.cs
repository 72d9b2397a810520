using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>
/// Keeps jobs and what became of them. Thread-safe. A broker cannot answer "what became of job 17", so this is apart from
/// <see cref="IJobQueue"/>, which says who is next.
/// </summary>
internal interface IJobStore : IAsyncDisposable
{
    /// <summary>Keeps new jobs; when it comes back they outlive a power failure.</summary>
    /// <param name="jobs">Without an end.</param>
    /// <returns>For each whether it is new; false, and nothing is changed, where there is a job of its id, or the one that it replaces has not ended or was replaced.</returns>
    /// <exception cref="JobStoreException">None of them was kept.</exception>
    Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<StoredJob> jobs);

    /// <summary>Keeps the end of a job; when it comes back it outlives the process. The first end of a job is its only one.</summary>
    /// <returns>Whether it is the first.</returns>
    /// <exception cref="JobStoreException">It was not kept, and may be told again.</exception>
    Task<bool> EndAsync(JobEnd end);

    /// <summary>Jobs by their ids, in their order; null for those that are not known.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids);

    /// <summary>Of jobs by their ids, in their order, whether each is known and has not ended: nothing else of them is read.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<IReadOnlyList<bool>> AreOpenAsync(IReadOnlyList<string> ids);

    /// <summary>Jobs in the order they were accepted, or the other way round.</summary>
    /// <param name="search">Which.</param>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<JobPage> SearchAsync(JobSearch search);

    /// <summary>How many jobs there are of those that are looked for, by what became of them; where to begin, the order and <see cref="JobSearch.Limit"/> do not matter.</summary>
    /// <exception cref="JobStoreException">They cannot be counted.</exception>
    Task<JobTally> CountAsync(JobSearch search);

    /// <summary>Those of the jobs that have not ended whose time is over soonest (<see cref="StoredJob.Expires"/>), in that order.</summary>
    /// <param name="skip">Less the first so many.</param>
    /// <param name="most">At most so many.</param>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<IReadOnlyList<StoredJob>> FindExpiringAsync(int skip, int most);

    /// <summary>Forgets jobs that have ended, by their ids.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="JobStoreException">None was forgotten.</exception>
    Task<int> DeleteAsync(IReadOnlyList<string> ids);

    /// <summary>
    /// Forgets jobs that ended before a time, and, of all that have ended, the oldest for as long as they are larger together than they may be;
    /// the last one is kept whatever its size. Never one that has not ended.
    /// </summary>
    /// <param name="endedBefore">The time.</param>
    /// <param name="mostBytes">How large they may be, requests and all that is told of them.</param>
    /// <param name="most">At most so many at once, since others wait meanwhile.</param>
    /// <returns>How many were forgotten; zero when there is nothing more to forget.</returns>
    /// <exception cref="JobStoreException">None was forgotten.</exception>
    Task<int> ForgetAsync(DateTimeOffset endedBefore, long mostBytes, int most);
}

/// <summary>How many jobs there are, by what became of them.</summary>
/// <param name="Open">They have not ended.</param>
/// <param name="Ok">Completed, with the status that was hoped for.</param>
/// <param name="Completed">Ok ones too.</param>
/// <param name="Failed">The last attempt failed.</param>
/// <param name="Timeout">Too late.</param>
/// <param name="Cancelled">Given up by their callers.</param>
internal readonly record struct JobTally(long Open, long Ok, long Completed, long Failed, long Timeout, long Cancelled)
{
    public long Ended => Completed + Failed + Timeout + Cancelled;

    public long All => Open + Ended;
}

/// <summary>Some of the jobs that were looked for.</summary>
/// <param name="Jobs">In the order that was asked for.</param>
/// <param name="Next">Where the next page begins; null if there is none.</param>
internal sealed record JobPage(IReadOnlyList<StoredJob> Jobs, long? Next);

/// <summary>Jobs could not be kept, or read. The message says what to do.</summary>
internal sealed class JobStoreException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>There is no room: the same may go well when there is.</summary>
    public bool IsFull { get; init; }
}
