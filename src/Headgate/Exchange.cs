using Headgate.Gates;
using Headgate.Jobs;
using Headgate.Retries;

namespace Headgate;

/// <summary>One request on its way along the line, and what became of it. Used by one caller; the line writes it while it works.</summary>
internal sealed class Exchange(HttpRequestMessage request)
{
    /// <summary>One that was accepted as a job: all that its request says of how it is to be sent.</summary>
    public Exchange(HttpRequestMessage message, Acceptance accepted) : this(message)
    {
        var job = accepted.Request!;
        (Priority, Tenant, Country, Id, Line) = (job.Priority, job.Tenant, job.Country, job.Id, accepted.Line ?? 0);
        (Timeout, Retries, RetryDelay, Expected) = (job.Timeout, job.Retries, job.RetryDelay, job.ExpectStatuses);
        DeclaredCost = job.Cost.Count > 0 ? job.Cost : null;
        Earliest = accepted.MonoOf(job.NotBefore) ?? 0;
        (Deadline, StartBy) = (accepted.MonoOf(job.Deadline), accepted.MonoOf(job.StartBy));
    }

    /// <summary>What the caller gave: its headers are copied for each attempt, its body is shared by all.</summary>
    public HttpRequestMessage Request => request;

    public HttpMethod Method { get; set; } = request.Method;

    public Uri Uri { get; set; } = request.RequestUri ?? throw new ArgumentException("the request has no URL", nameof(request));

    /// <summary>The body that all attempts share; null once a redirect has dropped it.</summary>
    public HttpContent? Body { get; set; } = request.Content is { } content ? ReplayableContent.For(content) : null;

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

    /// <summary>Reads the body within the attempt, so that one that breaks off is tried again; null if the caller reads it from the answer.</summary>
    public Func<HttpResponseMessage, CancellationToken, ValueTask>? Receive { get; init; }

    /// <summary>
    /// What comes of it is written down, and whoever does that says so with <see cref="Attempt.LetGo()"/>: a death before would send it again, so until
    /// then it is one of those under way, of which there are only so many.
    /// </summary>
    public bool IsRecorded { get; init; }

    /// <summary>Ends its waiting, for a permit or for its next attempt, but no attempt that is under way: a run that drains.</summary>
    public CancellationToken Waiting { get; init; }

    /// <summary>By when it must have been sent, whatever the queue allows; the greatest value if nothing says.</summary>
    public long ExpiresAt => Math.Min(GivesUpAt ?? long.MaxValue, Attempts == 0 ? StartBy ?? long.MaxValue : long.MaxValue);

    /// <summary>Past what time it neither waits nor is tried again.</summary>
    public long? GivesUpAt => WaitsUntil < (Deadline ?? long.MaxValue) ? WaitsUntil : Deadline;

    /// <summary>Told of each step, in their order; null for nobody. Must not throw, nor wait.</summary>
    public Action<Exchange, LineStep>? Watch { get; init; }

    /// <summary>Its line in a run; 0 for none.</summary>
    public long Line { get; init; }

    public string? Id { get; init; }

    /// <summary>Whose headers were left behind by a redirect to another origin, or null.</summary>
    public Redirect? Redirect { get; set; }

    /// <summary>It has no credentials of its own, and goes where it was meant to go.</summary>
    public bool NeedsToken => Redirect is not { DropsCredentials: true } && !request.Headers.NonValidated.Contains("Authorization");

    public int Hops { get; set; }

    public int RetriesMade { get; set; }

    public int Holds { get; set; }

    /// <summary>When it goes on after a hold or a failure, monotonic nanoseconds.</summary>
    public long NextAt { get; set; }

    /// <summary>Attempts that were sent, those beside another one among them.</summary>
    public int Attempts { get; set; }

    /// <summary>When its first attempt was sent, monotonic nanoseconds; 0 before.</summary>
    public long FirstSentAt { get; set; }

    /// <summary>Answers that refused it by a limit.</summary>
    public int Refusals { get; set; }

    /// <summary>How long it waited for permits, nanoseconds.</summary>
    public long Waited { get; set; }

    /// <summary>When it asked for the permit that it waits for, if it was sent from one gate to another since, monotonic nanoseconds; else 0.</summary>
    public long AskedAt { get; set; }

    /// <summary>What held it longest, as last asked.</summary>
    public Constraint? HeldBy { get; set; }

    public FailureClass Failure { get; set; }

    public string? Detail { get; set; }

    public bool MaybeSent { get; set; }

    /// <summary>What the last attempt that failed came to.</summary>
    public string? LastError { get; set; }

    /// <summary>The last attempt.</summary>
    public Attempt? Last { get; set; }

    /// <summary>Its API, as last found; null before.</summary>
    public Upstream? Upstream { get; set; }

    /// <summary>When it was handed over, monotonic nanoseconds; 0 until it comes onto the line, where nobody said before.</summary>
    public long BegunAt { get; set; }

    /// <summary>What it has to do with the cache of its API; null where that has none.</summary>
    public CacheVisit? Visit { get; set; }

    /// <summary>It is looked after until it is over, so that others may wait for it.</summary>
    public bool MayVisit { get; set; }

    /// <summary>What came of that; null before, and where no answers are kept.</summary>
    public CacheOutcome? Cache { get; set; }

    /// <summary>Whether its answer is one that was stored, and no attempt's.</summary>
    public bool IsStored => Cache is { IsStored: true };

    /// <summary>Shows what becomes of it; null for nobody.</summary>
    public Observation? Observer { get; set; }

    /// <summary>By what its steps are known in the log; 0 while they are not told.</summary>
    public long Number { get; set; }

    public void Tell(LineStep step)
    {
        Watch?.Invoke(this, step);
        Observer?.Step(this, step);
    }
}
