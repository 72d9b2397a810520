using System.Net.Http.Headers;

namespace Headgate.Retries;

/// <summary>Reads what an attempt came to from its answer. Failures are read by <see cref="FailureReader"/>.</summary>
internal static class OutcomeReader
{
    /// <summary>What the status of an answer says by itself; whether it is a refusal, its other words tell.</summary>
    public static Outcome Read(int status) => new() { Status = status, Sent = true, BoundsArrival = BoundsArrival(status) };

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
}
