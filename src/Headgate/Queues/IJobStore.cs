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
    /// <returns>For each whether it is new; false, and nothing is changed, where there is a job of its id.</returns>
    /// <exception cref="JobStoreException">None of them was kept.</exception>
    Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<StoredJob> jobs);

    /// <summary>Keeps the end of a job; when it comes back it outlives the process. The first end of a job is its only one.</summary>
    /// <returns>Whether it is the first.</returns>
    /// <exception cref="JobStoreException">It was not kept, and may be told again.</exception>
    Task<bool> EndAsync(JobEnd end);

    /// <summary>Jobs by their ids, in their order; null for those that are not known.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids);

    /// <summary>Jobs in the order they were accepted.</summary>
    /// <param name="search">Which.</param>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<JobPage> SearchAsync(JobSearch search);

    /// <summary>Forgets jobs that ended before a time; never one that has not ended.</summary>
    /// <param name="endedBefore">The time.</param>
    /// <param name="most">At most so many, since others wait meanwhile.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="JobStoreException">None was forgotten.</exception>
    Task<int> ForgetAsync(DateTimeOffset endedBefore, int most);

    /// <summary>How many have not ended.</summary>
    /// <exception cref="JobStoreException">They cannot be counted.</exception>
    Task<long> CountOpenAsync();
}

/// <summary>Which jobs are looked for.</summary>
internal sealed record JobSearch
{
    public const int LargestPage = 1000;

    /// <summary>Only those that have, or have not, ended; null for both.</summary>
    public bool? HasEnded { get; init; }

    /// <summary>Only those that ended so; null for all.</summary>
    public JobStatus? Status { get; init; }

    /// <summary>Only those of this tenant; null for all.</summary>
    public string? Tenant { get; init; }

    /// <summary>Where the page before ended (<see cref="JobPage.Next"/>); null for the beginning.</summary>
    public long? After { get; init; }

    /// <summary>At most so many: 1 to <see cref="LargestPage"/>.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>Some of the jobs that were looked for.</summary>
/// <param name="Jobs">In the order they were accepted.</param>
/// <param name="Next">Where the next page begins; null if there is none.</param>
internal sealed record JobPage(IReadOnlyList<StoredJob> Jobs, long? Next);

/// <summary>Jobs could not be kept, or read. The message says what to do.</summary>
internal sealed class JobStoreException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>There is no room: the same may go well when there is.</summary>
    public bool IsFull { get; init; }
}
