namespace Headgate.Caching;

/// <summary>What becomes of a request.</summary>
internal enum ReuseKind
{
    /// <summary>It goes to the API as it is.</summary>
    Forward,

    /// <summary>The stored answer is the answer.</summary>
    Serve,

    /// <summary>The stored answer is the answer, and is validated behind it (RFC 5861 §3).</summary>
    ServeAndValidate,

    /// <summary>The API is asked whether the stored answer still is one.</summary>
    Validate,

    /// <summary>The API is asked for the part of the stored answer that is missing.</summary>
    Complete,

    /// <summary>The answer is 504: it wants nothing but what is stored, and there is nothing (RFC 9111 §5.2.1.7).</summary>
    Refuse,
}

/// <summary>Why a request goes to the API (RFC 9211 §2.2).</summary>
internal enum ForwardReason
{
    None,
    Bypass,
    Method,
    UriMiss,
    VaryMiss,
    Miss,
    Request,
    Stale,
    Partial,
}

/// <summary>What is to be done with a request.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">Why it goes to the API; none where it does not.</param>
/// <param name="Stored">The answer that is meant; null for none.</param>
internal readonly record struct ReuseDecision(ReuseKind Kind, ForwardReason Reason, StoredAnswer? Stored)
{
    /// <summary>Whether there is an answer now.</summary>
    public bool IsHit => Kind is ReuseKind.Serve or ReuseKind.ServeAndValidate;
}

/// <summary>Whether a stored answer may be the answer (RFC 9111 §4, RFC 5861, RFC 8246).</summary>
internal static class Reuse
{
    /// <param name="rules">Those of the cache.</param>
    /// <param name="request">What asks.</param>
    /// <param name="stored">The answer that was chosen; null for none.</param>
    /// <param name="miss">Why there is none.</param>
    /// <param name="isInvalid">It was invalidated: nothing lets it be used unvalidated.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public static ReuseDecision Decide(CacheRules rules, CacheRequest request, StoredAnswer? stored, ForwardReason miss, bool isInvalid, long now)
    {
        if (!request.IsLookup)
            return new ReuseDecision(ReuseKind.Forward, ForwardReason.Method, null);
        if (request.GoesPast)
            return Asking(request, ForwardReason.Request, null);
        if (stored is null)
            return Asking(request, miss, null);
        if (!HasAll(request, stored))
            return Asking(request, ForwardReason.Partial, stored);
        if (isInvalid || stored.IsOutdated || stored.Directives.NoCache)
            return Asking(request, ForwardReason.Stale, stored);
        var left = stored.LeftAt(now);
        if (request.WantsValidation || IsTooOld(rules, request, stored, left, now))
            return Asking(request, ForwardReason.Request, stored);
        if (left > 0)
            return new ReuseDecision(ReuseKind.Serve, ForwardReason.None, stored);
        if (Staleness.IsForbidden(rules, stored))
            return Asking(request, ForwardReason.Stale, stored);
        if (request.Directives.MaxStale is { } most && -left <= Milliseconds(most))
            return new ReuseDecision(ReuseKind.Serve, ForwardReason.None, stored);
        return stored is { IsAsItCame: false, Directives.StaleWhileRevalidate: { } window } && -left < Milliseconds(window) && request.Directives is { MaxAge: null, MinFresh: null, OnlyIfCached: false }
            ? new ReuseDecision(ReuseKind.ServeAndValidate, ForwardReason.Stale, stored)
            : Asking(request, ForwardReason.Stale, stored);
    }

    /// <summary>Whether all the bytes that are asked for are stored; a HEAD asks for none.</summary>
    public static bool HasAll(CacheRequest request, StoredAnswer stored) =>
        stored.IsAsItCame ? request.Method == "GET" : stored.Range.IsComplete || request.Method == "HEAD"
        || (request.Range is { } range && stored.Range.Find(range) is not null && Preconditions.AllowRange(request, stored));

    private static bool IsTooOld(CacheRules rules, CacheRequest request, StoredAnswer stored, long left, long now)
    {
        if (request.Directives.MinFresh is { } least && left < Milliseconds(least))
            return true;
        // A reload is no reason to ask for what never changes (RFC 8246 §2); that is the user's own cache only.
        if (request.Directives.MaxAge is not { } most || (most == 0 && stored.Directives.Immutable && !rules.IsShared && left > 0))
            return false;
        return stored.AgeAt(now) > Milliseconds(most);
    }

    private static ReuseDecision Asking(CacheRequest request, ForwardReason reason, StoredAnswer? stored)
    {
        if (request.Directives.OnlyIfCached)
            return new ReuseDecision(ReuseKind.Refuse, reason, stored);
        if (stored is null)
            return new ReuseDecision(ReuseKind.Forward, reason, null);
        if (!HasAll(request, stored))
            return new ReuseDecision(Forwarding.MissingOf(request, stored) is null ? ReuseKind.Forward : ReuseKind.Complete, ForwardReason.Partial, stored);
        return new ReuseDecision(stored.HasValidator ? ReuseKind.Validate : ReuseKind.Forward, reason, stored);
    }

    private static long Milliseconds(long seconds) => seconds >= long.MaxValue / 1000 ? long.MaxValue : seconds * 1000;
}
