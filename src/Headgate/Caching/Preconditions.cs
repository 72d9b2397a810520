namespace Headgate.Caching;

/// <summary>Conditions of a request, judged by a stored answer (RFC 9111 §4.3.2, RFC 9110 §13).</summary>
internal static class Preconditions
{
    /// <summary>Whether the requester has the answer already. <c>If-None-Match</c> counts alone where it is there (RFC 9110 §13.2.2).</summary>
    /// <param name="request">What asks.</param>
    /// <param name="stored">What would be its answer: of one that is no success no condition counts (§13.2.1).</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public static bool AreUnchanged(CacheRequest request, StoredAnswer stored, long now)
    {
        if (stored.Status is < 200 or >= 300)
            return false;
        if (request.Fields.Has("If-None-Match"))
            return EntityTag.IsAmong(request.Fields, stored.ETag);
        // What is no date, or stands twice, is no condition.
        return request.Fields.Combined("If-Modified-Since") is { } since && ExactDate.Read(since, now) is { } date
            && (ExactDate.Read(stored.LastModified, stored.ReceivedAt) ?? stored.Date) <= date;
    }

    /// <summary>Whether a part may be served: <c>If-Range</c> wants the version that the requester has a part of (RFC 9110 §13.1.5).</summary>
    public static bool AllowRange(CacheRequest request, StoredAnswer stored) =>
        request.Fields.First("If-Range") is not { } condition
        || (condition.StartsWith('"') ? EntityTag.AreSame(condition, stored.ETag) : IsStrongDate(stored) && condition == stored.LastModified);

    /// <summary>Whether the date of the last change names one version: it was long enough ago when the answer was made (RFC 9110 §8.8.2.2).</summary>
    public static bool IsStrongDate(StoredAnswer stored) => ExactDate.Read(stored.LastModified, stored.ReceivedAt) is { } modified && stored.Date - modified >= 60;
}
