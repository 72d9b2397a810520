using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Whose fault it was that an attempt came to nothing, where a proxy stands in between. A connection that broke, or an answer that did not come,
/// is the API's while the proxy still answers. What the proxy does not reach is the API's too, unless somebody reached it lately.
/// </summary>
internal static class ProxyBlame
{
    /// <summary>An API that was reached since then is taken for one that can be reached.</summary>
    private const long Lately = 60 * Clock.Second;

    /// <summary>Judges; asks the proxy whether it is there, where that tells.</summary>
    /// <param name="attempt">The attempt, which went by a proxy.</param>
    /// <param name="outcome">What it came to.</param>
    /// <param name="now">The time.</param>
    /// <param name="caller">Whoever gives up does not wait for the proxy; the outcome is what it was.</param>
    public static async ValueTask<Outcome> JudgeAsync(Attempt attempt, Outcome outcome, long now, CancellationToken caller)
    {
        var fault = outcome.ProxyFault;
        if (fault == ProxyFault.Silent || (fault == ProxyFault.None && outcome.Class is FailureClass.Network or FailureClass.Timeout))
        {
            var asking = attempt.Upstream.Transport.WhyGoneAsync(attempt.Via!).WaitAsync(caller);
            await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (asking is { IsCompletedSuccessfully: true, Result: { } gone })
                return outcome with { Class = FailureClass.Proxy, ProxyFault = gone.Fault, Detail = outcome.Detail == gone.Message ? gone.Message : $"{outcome.Detail}, and {gone.Message}" };
            // There it is, and was silent only where this API is concerned.
            if (fault == ProxyFault.Silent && asking.IsCompletedSuccessfully && attempt.Upstream.Transport.KnowsProxies)
                fault = ProxyFault.TargetUnreachable;
        }
        return fault != ProxyFault.TargetUnreachable ? outcome
            : outcome with { ProxyFault = fault, Class = attempt.Upstream.WasReachedSince(now - Lately) ? FailureClass.Proxy : FailureClass.Network };
    }
}
