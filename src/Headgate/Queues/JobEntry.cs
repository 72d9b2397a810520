using Headgate.Gates;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>A job that has not ended, with its place in the queue. Owned by the lock of its queue.</summary>
internal sealed class JobEntry(Job job)
{
    private int _isToldOfBreaker;

    /// <summary>Its place among those whose time comes; -1 while it is not one of them.</summary>
    public int Place = -1;

    public Job Job => job;

    /// <summary>Where it waits, or waited; null before it is in the queue.</summary>
    public JobLane? Lane { get; set; }

    public JobEntry? Next { get; set; }

    public JobEntry? Previous { get; set; }

    /// <summary>It is not begun before, monotonic nanoseconds; 0 for at once.</summary>
    public long NotBefore { get; init; }

    /// <summary>It is too late to begin it, monotonic nanoseconds; <see cref="Clock.Never"/> for never.</summary>
    public long Expires { get; init; } = Clock.Never;

    /// <summary>When it has to be looked at.</summary>
    public long Due { get; set; }

    /// <summary>It stands in its lane, and was not begun.</summary>
    public bool IsInLane { get; set; }

    /// <summary>It has its first permit, or will have none: it does not stand in the gate any more as one of those that look ahead.</summary>
    public bool HasLeft { get; set; }

    /// <summary>Its caller gave it up.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>What sends it, from when it was begun.</summary>
    public JobRun? Run { get; set; }

    /// <summary>Whether it is to be told that a breaker holds it, or ended it: once for each job. Thread-safe.</summary>
    public bool IsBreakerNews() => Interlocked.Exchange(ref _isToldOfBreaker, 1) == 0;
}

/// <summary>The entry whose time comes first comes first.</summary>
internal readonly struct ByDue : IHeapOrder<JobEntry>
{
    public int Compare(JobEntry? x, JobEntry? y) => x!.Due.CompareTo(y!.Due);

    public static ref int PlaceOf(JobEntry item) => ref item.Place;
}
