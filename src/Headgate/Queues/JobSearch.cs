using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>Which jobs are looked for: those that fit all that is said. Immutable.</summary>
internal sealed record JobSearch
{
    public const int LargestPage = 1000;

    /// <summary>Only those that have, or have not, ended; null for both.</summary>
    public bool? HasEnded { get; init; }

    /// <summary>Only those that ended so; null for all.</summary>
    public JobStatus? Status { get; init; }

    /// <summary>Only those that ended well, or that ended and not so; null for all.</summary>
    public bool? IsOk { get; init; }

    /// <summary>Only dead letters: they failed, or were too late, and were not done once more by another job.</summary>
    public bool IsDead { get; init; }

    /// <summary>Only those that were not done once more by another job.</summary>
    public bool IsLast { get; init; }

    /// <summary>Why they did not end well; null for all.</summary>
    public FailureClass? Class { get; init; }

    /// <summary>The name of their API; null for all.</summary>
    public string? Api { get; init; }

    /// <summary>Their named queue, "default" for the default one; null for all.</summary>
    public string? Queue { get; init; }

    /// <summary>On whose behalf they are; null for all.</summary>
    public string? Tenant { get; init; }

    /// <summary>A tag they have; null for all.</summary>
    public string? Tag { get; init; }

    /// <summary>The submission they belong to; null for all.</summary>
    public string? Batch { get; init; }

    /// <summary>A text in their URL; null for all.</summary>
    public string? Url { get; init; }

    /// <summary>Accepted then or later; null for all.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Accepted before; null for all.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only those that were accepted before the job of this id: none if there is no such job; null for all.</summary>
    public string? Before { get; init; }

    /// <summary>Where the page before ended (<see cref="JobPage.Next"/>); null for the beginning.</summary>
    public long? After { get; init; }

    /// <summary>Whether those that were accepted last come first.</summary>
    public bool IsNewestFirst { get; init; }

    /// <summary>At most so many: 1 to <see cref="LargestPage"/>.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Whether a job is one of those that are looked for.</summary>
    public bool Fits(StoredJob job) =>
        (HasEnded is not { } ended || ended == job.End is not null)
        && (Status is not { } status || job.End?.Status == status)
        && (IsOk is not { } ok || (job.End is { } end && ok == (end.Status == JobStatus.Completed && end.Class == FailureClass.None)))
        && (!IsDead || (job.End?.Status is JobStatus.Failed or JobStatus.Timeout && job.ReplacedBy is null))
        && (!IsLast || job.ReplacedBy is null)
        && (Class is not { } failure || job.End?.Class == failure)
        && (Api is null || job.Api == Api)
        && (Queue is null || (job.Queue ?? JobQueues.Default) == Queue)
        && (Tenant is null || job.Request.Tenant == Tenant)
        && (Tag is null || job.Request.Tags.Contains(Tag))
        && (Batch is null || job.Batch == Batch)
        && (Url is null || job.Request.Url.Contains(Url, StringComparison.Ordinal))
        && (Since is not { } since || job.CreatedAt >= since)
        && (Until is not { } until || job.CreatedAt < until);
}
