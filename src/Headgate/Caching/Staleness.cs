namespace Headgate.Caching;

/// <summary>When a stale answer is better than none (RFC 9111 §4.2.4, RFC 5861 §4).</summary>
internal static class Staleness
{
    /// <summary>Whether an answer must never be used when it is stale (RFC 9111 §4.2.4).</summary>
    public static bool IsForbidden(CacheRules rules, StoredAnswer stored) =>
        stored.Directives.MustRevalidate || stored.Directives.NoCache || (rules.IsShared && (stored.Directives.ProxyRevalidate || stored.Directives.SharedMaxAge is not null));

    /// <summary>Whether the stored answer is the answer after the API could not be reached. If not, the answer is 504.</summary>
    /// <param name="rules">Those of the cache.</param>
    /// <param name="request">What asks.</param>
    /// <param name="stored">What is stored; null for nothing.</param>
    /// <param name="isInvalid">It was invalidated.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public static bool MayServeUnreached(CacheRules rules, CacheRequest request, StoredAnswer? stored, bool isInvalid, long now) =>
        CanBeUsed(rules, request, stored, isInvalid) && -stored!.LeftAt(now) <= (Window(request, stored) ?? rules.LongestStale) * 1000;

    /// <summary>Whether the stored answer is the answer in the place of one that tells of an error of the server: only where that was said.</summary>
    /// <inheritdoc cref="MayServeUnreached"/>
    public static bool MayServeOnError(CacheRules rules, CacheRequest request, StoredAnswer? stored, int status, bool isInvalid, long now) =>
        status is 500 or 502 or 503 or 504 && CanBeUsed(rules, request, stored, isInvalid) && Window(request, stored!) is { } window && -stored!.LeftAt(now) <= window * 1000;

    private static bool CanBeUsed(CacheRules rules, CacheRequest request, StoredAnswer? stored, bool isInvalid) =>
        stored is { IsOutdated: false } && !isInvalid && !IsForbidden(rules, stored) && Reuse.HasAll(request, stored) && !IsParticular(request);

    /// <summary>Who asks for a certain freshness takes nothing else, unless he says that he does on an error.</summary>
    private static bool IsParticular(CacheRequest request) => request.Directives.StaleIfError is null && (request.WantsValidation || request.Directives is not { MaxAge: null, MinFresh: null });

    /// <summary>For how long errors are covered; either side may say so.</summary>
    private static long? Window(CacheRequest request, StoredAnswer stored) =>
        request.Directives.StaleIfError is { } asked ? Math.Max(asked, stored.Directives.StaleIfError ?? 0) : stored.Directives.StaleIfError;
}
