namespace Headgate.Caching;

/// <summary>Where the lifetime of an answer is from.</summary>
internal enum LifetimeSource
{
    /// <summary>Nowhere: it is stale from the start.</summary>
    None,

    /// <summary>The answer says it.</summary>
    Explicit,

    /// <summary>It is a guess (§4.2.2).</summary>
    Guessed,

    /// <summary><see cref="CacheRules.Ttl"/>.</summary>
    Fixed,
}

/// <summary>For how long an answer is fresh (RFC 9111 §4.2.1).</summary>
/// <param name="Seconds">From when it was made.</param>
/// <param name="Source">Who says so.</param>
internal readonly record struct Lifetime(long Seconds, LifetimeSource Source)
{
    /// <summary>The statuses whose answers may be guessed to live (RFC 9110 §15.1).</summary>
    public static bool IsGuessable(int status) => status is 200 or 203 or 204 or 206 or 300 or 301 or 308 or 404 or 405 or 410 or 414 or 501;

    /// <summary>Whether an answer says by itself how long it lives.</summary>
    public static bool IsExplicit(CacheRules rules, in TargetedControl control, FieldList answer) =>
        control.Directives.MaxAge is not null || (rules.IsShared && control.Directives.SharedMaxAge is not null) || (!control.IsTargeted && answer.Has("Expires"));

    /// <param name="rules">Those of the cache.</param>
    /// <param name="status">That of the answer.</param>
    /// <param name="control">The directives that count.</param>
    /// <param name="answer">Its fields; the date among them.</param>
    /// <param name="receivedAt">Milliseconds since the Unix epoch.</param>
    public static Lifetime Of(CacheRules rules, int status, in TargetedControl control, FieldList answer, long receivedAt)
    {
        if (rules.Ttl is { } ttl && status == 200)
            return new Lifetime(ttl, LifetimeSource.Fixed);
        if (rules.IsShared && control.Directives.SharedMaxAge is { } shared)
            return new Lifetime(shared, LifetimeSource.Explicit);
        if (control.Directives.MaxAge is { } most)
            return new Lifetime(most, LifetimeSource.Explicit);
        var date = ExactDate.Read(answer.First("Date"), receivedAt) ?? receivedAt / 1000;
        if (!control.IsTargeted && answer.First("Expires") is { } expires)
            // Anything that is no date is in the past (§5.3).
            return new Lifetime(Math.Max(0, (ExactDate.Read(expires, receivedAt) ?? 0) - date), LifetimeSource.Explicit);
        if ((IsGuessable(status) || control.Directives.Public) && ExactDate.Read(answer.First("Last-Modified"), receivedAt) is { } modified && modified < date)
            return new Lifetime(Math.Min((date - modified) / 10, rules.LongestGuess), LifetimeSource.Guessed);
        return default;
    }
}
