namespace Headgate.Jobs;

/// <summary>
/// Where a job stands. In results and over REST the names are written in snake case: <c>rate_limited</c>.
/// </summary>
public enum JobStatus
{
    /// <summary>Accepted, not yet in a queue (for example before its <c>not_before</c>).</summary>
    Pending = 0,

    /// <summary>In a queue or in a gate, waiting for its permit.</summary>
    Queued,

    /// <summary>An attempt is under way.</summary>
    Processing,

    /// <summary>An attempt failed; the next one waits for its backoff.</summary>
    Retrying,

    /// <summary>Held by a limit that the server spoke of.</summary>
    RateLimited,

    /// <summary>Ended with an answer that is neither 429 nor 5xx, or with one that was expected.</summary>
    Completed,

    /// <summary>Ended without a usable answer.</summary>
    Failed,

    /// <summary>Ended by its timeout or its deadline.</summary>
    Timeout,

    /// <summary>Ended by its caller.</summary>
    Cancelled,
}
