namespace Headgate.Caching;

/// <summary>Why an answer is not stored.</summary>
internal enum StoreRefusal
{
    None,

    /// <summary>What asked for it is no GET, and its answer is none to a GET.</summary>
    Method,

    /// <summary>Its status is not understood, or not final.</summary>
    Status,

    /// <summary><c>no-store</c>, on either side.</summary>
    NoStore,

    /// <summary>It is for one user, and the cache for many.</summary>
    Private,

    /// <summary>It was given to credentials, and does not say that it is for others.</summary>
    Credentials,

    /// <summary>Nothing says that it may be.</summary>
    Unsaid,

    /// <summary>It was chosen by more than the request.</summary>
    Varies,

    /// <summary>A part of a body, and it is not clear which.</summary>
    Partial,

    /// <summary>It could never be used.</summary>
    Worthless,
}

/// <summary>Which answers may be stored (RFC 9111 §3).</summary>
internal static class Storing
{
    /// <summary>Why an answer is not stored; none where it is.</summary>
    /// <param name="rules">Those of the cache.</param>
    /// <param name="request">What asked for it.</param>
    /// <param name="status">Its status.</param>
    /// <param name="answer">Its fields.</param>
    /// <param name="receivedAt">Milliseconds since the Unix epoch.</param>
    public static StoreRefusal Why(CacheRules rules, CacheRequest request, int status, FieldList answer, long receivedAt)
    {
        var control = TargetedControl.Of(rules, answer);
        var directives = control.Directives;
        // A status with its rules understood may be stored where the others may not (§5.2.2.3).
        var isUnderstood = directives.MustUnderstand && IsUnderstood(status);
        if (request.Directives.NoStore || (directives.NoStore && !isUnderstood))
            return StoreRefusal.NoStore;
        if (!IsOfMethod(rules, request, status, control, answer))
            return StoreRefusal.Method;
        if (status is < 200 or 304 or > 599 || (directives.MustUnderstand && !isUnderstood) || (rules.Ttl is not null && status != 200))
            return StoreRefusal.Status;
        if (status == 206 && ContentRange.Read(answer.First("Content-Range")) is null)
            return StoreRefusal.Partial;
        if (rules.IsShared && directives.Private)
            return StoreRefusal.Private;
        if (rules.IsShared && BringsKey(rules, request) && directives is { Public: false, MustRevalidate: false, SharedMaxAge: null })
            return StoreRefusal.Credentials;
        // What begins a session for one caller would do so for the next, who is told apart by nothing yet. A cache for many keeps it where the API lets it (RFC 9111 §7.3).
        if (!rules.IsShared && answer.Has("Set-Cookie") && (rules.Ttl is not null || !directives.Public))
            return StoreRefusal.Credentials;
        if (Selecting.Of(answer, request.Fields) is null)
            return StoreRefusal.Varies;
        if (rules.Ttl is not null)
            return StoreRefusal.None;
        if (!Lifetime.IsExplicit(rules, control, answer) && !directives.Public && !Lifetime.IsGuessable(status) && !(directives.Private && !rules.IsShared))
            return StoreRefusal.Unsaid;
        return IsWorthless(rules, status, control, answer, receivedAt) ? StoreRefusal.Worthless : StoreRefusal.None;
    }

    /// <summary>A key in another header is one all the same; cookies are only what <c>Vary</c> and <c>private</c> make of them.</summary>
    private static bool BringsKey(CacheRules rules, CacheRequest request) => request.GetsCredentials || request.Fields.Any(field => !field.Is("Cookie") && rules.IsCredential(field.Name));

    /// <summary>Whether a stored answer must not be kept after what the API said of it later.</summary>
    public static bool IsWithheld(StoredAnswer stored) => stored.Directives.NoStore && !(stored.Directives.MustUnderstand && IsUnderstood(stored.Status));

    /// <summary>The answer to a POST is one to a later GET only if it says so, and for how long (RFC 9110 §9.3.3).</summary>
    private static bool IsOfMethod(CacheRules rules, CacheRequest request, int status, in TargetedControl control, FieldList answer) => request.Method switch
    {
        "GET" => request.IsLookup,
        "POST" => rules.Ttl is null && status == 200 && Lifetime.IsExplicit(rules, control, answer)
            && answer.First("Content-Location") is { } location && Uri.TryCreate(request.Uri, location, out var of) && CacheKey.UrlOf(of) == request.Key.Url,
        _ => false,
    };

    /// <summary>Stale from the start, with nothing to validate it by and nothing that lets it be used.</summary>
    private static bool IsWorthless(CacheRules rules, int status, in TargetedControl control, FieldList answer, long receivedAt) =>
        !answer.Has("ETag") && !answer.Has("Last-Modified")
        && (control.Directives.NoCache || (Lifetime.Of(rules, status, control, answer, receivedAt).Seconds == 0 && control.Directives is { StaleIfError: null or 0, StaleWhileRevalidate: null or 0 }));

    /// <summary>The statuses of RFC 9110, whose rules for caches this one keeps.</summary>
    private static bool IsUnderstood(int status) => status is (>= 200 and <= 206) or (>= 300 and <= 305) or 307 or 308 or (>= 400 and <= 417) or 421 or 422 or 426 or (>= 500 and <= 505);
}
