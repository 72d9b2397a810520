using Headgate.Time;

namespace Headgate.Retries;

/// <summary>
/// Decides what becomes of a request after an attempt: a pure function of what is known of both.
/// </summary>
/// <remarks>
/// Read from the top; the first row that fits decides.
/// <code>
/// outcome                                            decision
/// -------------------------------------------------  ----------------------------------------------------------------------
/// 1xx, 2xx, 3xx                                      Done (3xx: class client)
/// refused: 429, 503 or 403 with Retry-After          Hold for Retry-After; without one, or with 0: 1 s × 2^holds, cap; up to +25 %
///   … its status is not in retry.statuses            Fail rate_limit   (403 counts as 429)
///   … after MaxHolds                                 Fail rate_limit
/// 4xx not in retry.statuses                          Done, class client
/// 5xx not in retry.statuses                          Fail server
/// other answer in retry.statuses (408, 5xx)          Retry after backoff 0, at least Retry-After
///   … not repeatable                                 Done client (4xx) or Fail server (5xx)
/// network or timeout                                 Retry: at once the first time, then backoff from 0
///   … sent, not repeatable, not known unprocessed    Fail, its class, maybe sent
/// proxy                                              Hold: at once, since the gate knows when one is free; not charged
///   … sent, not repeatable                           Fail proxy, maybe sent
///   … after MaxHolds                                 Fail proxy
/// rate_limit, server, client, auth, circuit_open,
/// deadline, cancelled, blocked, invalid, maybe_sent  Fail, its class
///
/// on any Retry or Hold:
///   body sent and not replayable                     Fail (an answer of 4xx: Done)
///   retries used up (Retry only)                     Fail (an answer of 4xx: Done)
///   its time lies at or past the deadline            Fail now, saying for how long was asked (an answer of 408: Done)
/// </code>
/// Backoff k waits a random time in [0, min(cap, delay × 2^k)), full jitter; k counts the retries so far, less one for network and timeout.
/// A method is repeatable if RFC 9110 §9.2.2 calls it idempotent or the request carries an Idempotency-Key. A refusal by limit may be
/// repeated whatever the method: the server says that it did not do it. Retry-After is never shortened; jitter only lengthens it.
/// Classes: an answer fails as rate_limit when refused, as server for 5xx.
/// </remarks>
internal static class RetryRule
{
    private const long FirstHold = Clock.Second;

    /// <summary>Whether a request may be sent twice without harm: by its method, or because it carries an <c>Idempotency-Key</c>.</summary>
    public static bool IsRepeatable(HttpRequestMessage request) => IsRepeatable(request.Method, request);

    /// <summary>The same of a request that goes by another method after a redirect.</summary>
    public static bool IsRepeatable(HttpMethod method, HttpRequestMessage request) => IsIdempotent(method) || request.Headers.NonValidated.Contains("Idempotency-Key");

    /// <summary>RFC 9110 §9.2.2.</summary>
    public static bool IsIdempotent(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Options || method == HttpMethod.Trace
        || method == HttpMethod.Put || method == HttpMethod.Delete;

    /// <summary>Decides.</summary>
    /// <param name="policy">How this API is tried again.</param>
    /// <param name="state">The request, before this attempt is counted.</param>
    /// <param name="outcome">What the attempt came to.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <param name="random">For jitter.</param>
    public static RetryDecision Decide(RetryPolicy policy, in RetryState state, in Outcome outcome, long now, Random random) =>
        outcome.Refused ? Refused(policy, state, outcome, now, random)
        : outcome.IsAnswer ? Answered(policy, state, outcome, now, random)
        : outcome.Class switch
        {
            FailureClass.Network or FailureClass.Timeout => Broken(policy, state, outcome, now, random),
            FailureClass.Proxy => ProxyFailed(policy, state, outcome, now),
            _ => Fail(outcome, outcome.Class, outcome.Detail),
        };

    private static RetryDecision Refused(RetryPolicy policy, in RetryState state, in Outcome outcome, long now, Random random)
    {
        // "After 0 s" says no more than none does; taken at its word it would burn all holds in a moment.
        var asked = Clock.Nanoseconds(outcome.RetryAfter ?? TimeSpan.Zero);
        var hold = asked > 0 ? asked : Doubled(FirstHold, state.Holds, policy);
        if (asked == 0)
            hold += random.NextInt64(hold / 4 + 1);
        var listed = policy.Statuses.Contains(outcome.Status is 403 or 400 ? 429 : outcome.Status) || outcome.Status < 400;
        var decision = outcome.ShouldRetry == false ? Fail(outcome, FailureClass.RateLimit, $"refused by a limit ({outcome.Status}), and the server asks not to try again")
            : !listed ? Fail(outcome, FailureClass.RateLimit, $"refused by a limit ({outcome.Status}), and {outcome.Status} is not tried again by configuration")
            : state.Holds >= policy.MaxHolds ? Fail(outcome, FailureClass.RateLimit, $"still refused by a limit ({outcome.Status}) after {state.Holds} holds")
            : Again(RetryKind.Hold, state, outcome, FailureClass.RateLimit, hold, now);
        // Whether this one goes on or not: the others have been told to wait as well.
        return decision with { Until = hold > long.MaxValue - now ? long.MaxValue : now + hold };
    }

    private static RetryDecision Answered(RetryPolicy policy, in RetryState state, in Outcome outcome, long now, Random random)
    {
        if (outcome.Status < 400)
            return Done(outcome);
        if (outcome.ShouldRetry == false)
            return EndOf(outcome, $"the server answered {outcome.Status}, and asks not to try again");
        var listed = policy.Statuses.Contains(outcome.Status) || outcome.ShouldRetry == true;
        if (!listed)
            return EndOf(outcome, $"the server answered {outcome.Status}, which is not tried again by configuration");
        if (!state.Repeatable)
            return EndOf(outcome, $"the server answered {outcome.Status}; to send it twice could do harm");
        if (state.Retries >= policy.Retries)
            return EndOf(outcome, $"the server answered {outcome.Status}{After(state)}");
        var wait = Math.Max(Backoff(policy, state.Retries, random), Clock.Nanoseconds(outcome.RetryAfter ?? TimeSpan.Zero));
        return Again(RetryKind.Retry, state, outcome, FailureClass.Server, wait, now);
    }

    private static RetryDecision Broken(RetryPolicy policy, in RetryState state, in Outcome outcome, long now, Random random)
    {
        if (outcome.MaybeDone && !state.Repeatable)
            return Fail(outcome, outcome.Class, $"{outcome.Detail}; it was sent, and to send it twice could do harm");
        if (state.Retries >= policy.Retries)
            return Fail(outcome, outcome.Class, outcome.Detail + After(state));
        var wait = state.Retries == 0 ? 0 : Backoff(policy, state.Retries - 1, random);
        return Again(RetryKind.Retry, state, outcome, outcome.Class, wait, now);
    }

    private static RetryDecision ProxyFailed(RetryPolicy policy, in RetryState state, in Outcome outcome, long now)
    {
        if (outcome.MaybeDone && !state.Repeatable)
            return Fail(outcome, outcome.Class, $"{outcome.Detail}; it was sent, and to send it twice could do harm");
        if (state.Holds >= policy.MaxHolds)
            return Fail(outcome, outcome.Class, $"{outcome.Detail}, after {state.Holds} holds");
        return Again(RetryKind.Hold, state, outcome, outcome.Class, 0, now);
    }

    private static RetryDecision Again(RetryKind kind, in RetryState state, in Outcome outcome, FailureClass failure, long wait, long now)
    {
        var what = outcome.Detail ?? $"the server answered {outcome.Status}";
        if (outcome.Sent && state.BodySpent is { } spent)
            return outcome.Refused || !outcome.IsAnswer ? Fail(outcome, failure, $"{what}; {spent}") : EndOf(outcome, $"{what}; {spent}");
        var until = wait > long.MaxValue - now ? long.MaxValue : now + wait;
        if (state.Deadline is not { } deadline || until < deadline)
            return new RetryDecision { Kind = kind, Until = until };
        var late = outcome.RetryAfter > TimeSpan.Zero
            ? $"{what} and asks to wait {Seconds(Clock.Nanoseconds(outcome.RetryAfter.Value))}, but the deadline is in {Seconds(deadline - now)}"
            : $"{what}; the next attempt would be in {Seconds(wait)}, but the deadline is in {Seconds(deadline - now)}";
        return outcome.Refused || !outcome.IsAnswer ? Fail(outcome, failure, late) : EndOf(outcome, late);
    }

    // An answer of 4xx is a result, if not a good one; one of 5xx is a failure with the answer kept.
    private static RetryDecision EndOf(in Outcome outcome, string detail) => outcome.Status < 500 ? Done(outcome) : Fail(outcome, FailureClass.Server, detail);

    private static RetryDecision Done(in Outcome outcome) =>
        new() { Kind = RetryKind.Done, Class = outcome.Status < 300 ? FailureClass.None : FailureClass.Client };

    private static RetryDecision Fail(in Outcome outcome, FailureClass failure, string? detail) =>
        new() { Kind = RetryKind.Fail, Class = failure, Detail = detail, MaybeSent = outcome.MaybeDone };

    /// <summary>The random pause before a retry: in [0, min(cap, delay × 2^k)), nanoseconds.</summary>
    public static long Backoff(RetryPolicy policy, int k, Random random) =>
        random.NextInt64(Math.Max(1, Doubled(Clock.Nanoseconds(policy.Delay), k, policy)));

    // delay × 2^k, at most the cap, without overflow.
    private static long Doubled(long delay, int k, RetryPolicy policy)
    {
        var cap = Clock.Nanoseconds(policy.Cap);
        return k >= 62 || delay > cap >> k ? cap : delay << k;
    }

    private static string After(in RetryState state) => state.Retries switch { 0 => "", 1 => ", after 1 retry", var n => $", after {n} retries" };

    private static string Seconds(long nanoseconds) => $"{Math.Max(0, nanoseconds) / (decimal)Clock.Second:0.###} s";
}
