using System.Net.Http.Headers;

namespace Headgate.Retries;

/// <summary>Reads what an attempt came to from its answer. Failures are read by <see cref="FailureReader"/>.</summary>
internal static class OutcomeReader
{
    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The answer; its headers are read as they came, since the typed ones rewrite what is passed on.</param>
    /// <param name="now">Our wall clock, for dates in an answer without <c>Date</c>.</param>
    public static Outcome Read(HttpResponseMessage answer, DateTimeOffset now)
    {
        var status = (int)answer.StatusCode;
        // Most answers are well: do not look for headers that would change nothing.
        var retryAfter = status < 400 ? null : ReadRetryAfter(answer.Headers, now);
        return new Outcome
        {
            Status = status,
            Sent = true,
            RetryAfter = retryAfter,
            Refused = status == 429 || (status is 503 or 403 && retryAfter is not null),
            BoundsArrival = BoundsArrival(status),
        };
    }

    /// <summary>Whether a status proves that the request has arrived: final, and not one that an intermediary speaks in the server's place.</summary>
    public static bool BoundsArrival(int status) => status >= 200 && status is not (408 or 502 or 504);

    /// <summary>The <c>Date</c> of an answer, if it has one that can be read.</summary>
    public static DateTimeOffset? ReadDate(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.NonValidated.TryGetValues("Date", out var values))
            foreach (var value in values)
                if (HttpDate.TryParse(value, now, out var date))
                    return date;
        return null;
    }

    // Several values do not belong there; the longest is the safe one.
    private static TimeSpan? ReadRetryAfter(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (!headers.NonValidated.TryGetValues("Retry-After", out var values))
            return null;
        TimeSpan? longest = null;
        var date = ReadDate(headers, now);
        foreach (var value in values)
            if (RetryAfter.TryRead(value, date, now) is { } wait && (longest is null || wait > longest))
                longest = wait;
        return longest;
    }
}
