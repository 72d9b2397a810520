using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Whose fault it was that an attempt came to nothing, where a proxy stands in between. A connection that broke, or an answer that did not come,
/// is the API's while the proxy still answers. What the proxy does not reach is the API's too, unless somebody reached it lately. And an answer
/// that broke off after it had begun, or did not come to its end in time, is the proxy's, unless others bring no more of what the API answers than this one does:
/// <see cref="Proxies.ProxyOutlets.IsApisFaultNeedsLock"/>.
/// </summary>
internal static class ProxyBlame
{
    /// <summary>An API that was reached since then is taken for one that can be reached.</summary>
    private const long Lately = 60 * Clock.Second;

    /// <summary>Judges; asks the proxy whether it is there, where that tells.</summary>
    /// <param name="engine">What sends.</param>
    /// <param name="attempt">The attempt, which went by a proxy.</param>
    /// <param name="outcome">What it came to.</param>
    /// <param name="caller">Whoever gives up does not wait for the proxy; the outcome is what it was.</param>
    public static async ValueTask<Outcome> JudgeAsync(Engine engine, Attempt attempt, Outcome outcome, CancellationToken caller)
    {
        var fault = outcome.ProxyFault;
        if (fault == ProxyFault.Silent || (fault == ProxyFault.None && outcome.Class is FailureClass.Network or FailureClass.Timeout))
        {
            var asking = attempt.Upstream.Transport.WhyGoneAsync(attempt.Via!).WaitAsync(caller);
            await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!asking.IsCompletedSuccessfully)
                return outcome;
            if (asking.Result is { } gone)
                return outcome with { Class = FailureClass.Proxy, ProxyFault = gone.Fault, Detail = outcome.Detail == gone.Message ? gone.Message : $"{outcome.Detail}, and {gone.Message}" };
            // There it is, and was silent only where this API is concerned.
            if (fault == ProxyFault.Silent && attempt.Upstream.Transport.KnowsProxies)
                fault = ProxyFault.TargetUnreachable;
        }
        return fault == ProxyFault.TargetUnreachable
            ? outcome with { ProxyFault = fault, Class = attempt.Upstream.WasReachedSince(engine.Clock.Now - Lately) ? FailureClass.Proxy : FailureClass.Network }
            : outcome is { BrokeOff: true, Class: FailureClass.Network or FailureClass.Timeout } ? BrokeOff(engine, attempt, outcome) : outcome;
    }

    private static Outcome BrokeOff(Engine engine, Attempt attempt, in Outcome outcome)
    {
        var (exchange, way) = (attempt.Exchange, attempt.Permit.Proxy!);
        var before = exchange.BrokeOffBy;
        exchange.BrokeOffBy = way.Proxy;
        var lane = attempt.Permit.Lane;
        return engine.Dispatcher.Change((Ways: lane.Gate.Proxies!, way, before, lane.Key.Via?.Wish.Country), static (_, it, now) => it.Ways.IsApisFaultNeedsLock(it.way, it.before, it.Country, now))
            ? outcome
            : outcome with { Class = FailureClass.Proxy, ProxyFault = ProxyFault.BrokeOff, Detail = $"{outcome.Detail}, on its way through the proxy" };
    }
}
