using Headgate.Jobs;
using Headgate.Retries;

namespace Headgate;

/// <summary>
/// How one request is to be sent, as whoever hands it over says. Immutable: what becomes of it is in its <see cref="Exchange"/>. Most requests of a
/// program say nothing, and share <see cref="None"/> or <see cref="Direct"/>.
/// </summary>
internal sealed class SendTerms
{
    /// <summary>Nothing is said.</summary>
    public static readonly SendTerms None = new();

    /// <summary>Somebody waits for the answer itself, and says nothing else.</summary>
    public static readonly SendTerms Direct = new() { IsDirect = true };

    public SendTerms()
    {
    }

    /// <summary>Those of one that was accepted as a job: all that its request says.</summary>
    public SendTerms(Acceptance accepted)
    {
        var job = accepted.Request!;
        (Priority, Tenant, Country, Id, Line) = (job.Priority, job.Tenant, job.Country, job.Id, accepted.Line ?? 0);
        (Timeout, Retries, RetryDelay, Expected) = (job.Timeout, job.Retries, job.RetryDelay, job.ExpectStatuses);
        DeclaredCost = job.Cost.Count > 0 ? job.Cost : null;
        Earliest = accepted.MonoOf(job.NotBefore) ?? 0;
        (Deadline, StartBy) = (accepted.MonoOf(job.Deadline), accepted.MonoOf(job.StartBy));
    }

    public RequestPriority Priority { get; init; } = RequestPriority.Medium;

    public string? Tenant { get; init; }

    /// <summary>The named queue it comes from: it counts in the limits of that too. Null for none.</summary>
    public string? Queue { get; init; }

    /// <summary>Where its answer is meant for, two capital letters: it counts in the limits of that country too.</summary>
    public string? Country { get; init; }

    /// <summary>What was declared beside one request; null for nothing.</summary>
    public IReadOnlyDictionary<string, long>? DeclaredCost { get; init; }

    /// <summary>From the first byte to the end of the answer, for each attempt; null for the API's own.</summary>
    public TimeSpan? Timeout { get; init; }

    public int? Retries { get; init; }

    public TimeSpan? RetryDelay { get; init; }

    /// <summary>Where <see cref="OwnKey"/> stands.</summary>
    public const string OwnKeyHeader = "Authorization";

    /// <summary>
    /// Credentials among its headers that are the caller's own and stay as they are: they count as a key of their own, in the place of one of the
    /// pool, for as long as no redirect leaves them behind. Null for none.
    /// </summary>
    public string? OwnKey { get; init; }

    /// <summary>When it can be sent at the earliest, monotonic nanoseconds; 0 for at once. The caller waits for it; the best possible does too.</summary>
    public long Earliest { get; init; }

    /// <summary>When it is too late altogether, monotonic nanoseconds.</summary>
    public long? Deadline { get; init; }

    /// <summary>When it is too late to be sent at all, monotonic nanoseconds.</summary>
    public long? StartBy { get; init; }

    /// <summary>Until when it waits for its turn, and to be sent again, however often it was sent before, monotonic nanoseconds; an attempt under way goes on.</summary>
    public long? WaitsUntil { get; init; }

    /// <summary>It comes from somebody who is given the answer as it is: nothing of it is unpacked.</summary>
    public bool IsPassedOn { get; init; }

    /// <summary>Told what the server says before its answer, by each attempt over HTTP/1.1 that is passed on; null for nobody. Must not throw, nor wait.</summary>
    public Action<Connections.InterimAnswer>? Interim { get; init; }

    /// <summary>Statuses that are as good as 2xx.</summary>
    public IReadOnlyList<int> Expected { get; init; } = [];

    /// <summary>Somebody waits for the answer itself: an exhausted budget of retries fails it at once, rather than delay it.</summary>
    public bool IsDirect { get; init; }

    /// <summary>
    /// What comes of it is written down, and whoever does that says so with <see cref="Attempt.LetGo()"/>: a death before would send it again, so until
    /// then it is one of those under way, of which there are only so many.
    /// </summary>
    public bool IsRecorded { get; init; }

    /// <summary>Ends its waiting, for a permit or for its next attempt, but no attempt that is under way: a run that drains.</summary>
    public CancellationToken Waiting { get; init; }

    /// <summary>Told of each step, in their order; null for nobody. Must not throw, nor wait.</summary>
    public Action<Exchange, LineStep>? Watch { get; init; }

    /// <summary>Its line in a run; 0 for none.</summary>
    public long Line { get; init; }

    public string? Id { get; init; }
}
