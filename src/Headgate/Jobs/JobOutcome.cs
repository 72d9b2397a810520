namespace Headgate.Jobs;

/// <summary>How a job ended: the table "answer, status, ok" of the formats, as one pure function.</summary>
internal readonly record struct JobOutcome(JobStatus Status, bool Ok, FailureClass Class)
{
    /// <summary>Decides how a job ended.</summary>
    /// <param name="statusCode">The status code of the last answer; null when there was none.</param>
    /// <param name="failure">What went wrong; <see cref="FailureClass.None"/> when an answer is there and speaks for itself.</param>
    /// <param name="expected">Status codes that count as success beside 2xx: the request's own.</param>
    /// <param name="okStatuses">And those that hold for all requests.</param>
    public static JobOutcome Of(int? statusCode, FailureClass failure, IReadOnlyList<int>? expected = null, IReadOnlyList<int>? okStatuses = null)
    {
        if (statusCode is { } code && IsSuccess(code, failure, expected?.Contains(code) == true || okStatuses?.Contains(code) == true))
            return new(JobStatus.Completed, true, FailureClass.None);
        if (failure == FailureClass.None)
            failure = statusCode is { } refused ? ClassOf(refused) : FailureClass.Network;
        return failure switch
        {
            FailureClass.Client => new(JobStatus.Completed, false, failure),
            FailureClass.Timeout or FailureClass.Deadline => new(JobStatus.Timeout, false, failure),
            FailureClass.Cancelled => new(JobStatus.Cancelled, false, failure),
            _ => new(JobStatus.Failed, false, failure),
        };
    }

    // An expected status wins over a failure that only restates it (429 expected, rate_limit found), but not over one that
    // says more than the status does: a timeout while the body of a 404 was read, or an API that answers 200 to say "throttled".
    private static bool IsSuccess(int code, FailureClass failure, bool isExpected) => failure switch
    {
        FailureClass.None => code is >= 200 and < 300 || isExpected,
        FailureClass.RateLimit or FailureClass.Server or FailureClass.Client or FailureClass.Auth => code >= 300 && isExpected,
        _ => false,
    };

    private static FailureClass ClassOf(int statusCode) => statusCode switch
    {
        429 => FailureClass.RateLimit,
        >= 500 => FailureClass.Server,
        _ => FailureClass.Client,
    };
}
