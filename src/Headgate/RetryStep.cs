using Headgate.Retries;

namespace Headgate;

/// <summary>Step 7 of the line: what becomes of a request after an attempt, and its way back to the end of the queue. Thread-safe.</summary>
/// <param name="engine">What sends.</param>
internal sealed class RetryStep(Engine engine)
{
    /// <summary>Decides.</summary>
    public RetryDecision Decide(Upstream upstream, Exchange exchange, in Outcome outcome)
    {
        var decision = Judge(upstream, exchange, outcome);
        // A cache that others rely on passes on what the API says of itself: it may be an answer to keep.
        if (decision.Kind == RetryKind.Retry && outcome.IsAnswer && exchange.Terms.IsPassedOn && upstream.Cache is { IsShared: true })
            return decision with { Kind = RetryKind.Fail, Class = outcome.Status < 500 ? FailureClass.Client : FailureClass.Server, Detail = $"the server answered {outcome.Status}" };
        // What is stored is as good, and there already.
        return decision.Kind == RetryKind.Retry && exchange.Visit?.SparesRetry(outcome) == true
            ? decision with { Kind = RetryKind.Fail, Class = outcome.Class, Detail = outcome.Detail }
            : WithinBudget(upstream, exchange, decision);
    }

    private RetryDecision Judge(Upstream upstream, Exchange exchange, in Outcome outcome)
    {
        if (exchange.Failure == FailureClass.Auth && !exchange.Terms.Expected.Contains(outcome.Status))
            return new RetryDecision { Kind = RetryKind.Fail, Class = FailureClass.Auth, Detail = exchange.Detail };
        // Nearly all of them: nothing to weigh.
        var isExpected = outcome.IsAnswer && exchange.Terms.Expected.Contains(outcome.Status);
        if (!outcome.Refused && (isExpected || outcome.Status is >= 200 and < 300))
            return new RetryDecision { Kind = RetryKind.Done };
        if (engine.GivesUpUnreached && !outcome.Sent && upstream.IsOutOfReach)
            return new RetryDecision { Kind = RetryKind.Fail, Class = outcome.Class, Detail = upstream.WhyOutOfReach };
        var policy = upstream.RetryPolicy;
        if (exchange.Terms.Retries is not null || exchange.Terms.RetryDelay is not null)
            policy = policy with { Retries = exchange.Terms.Retries ?? policy.Retries, Delay = exchange.Terms.RetryDelay ?? policy.Delay };
        var state = new RetryState
        {
            Repeatable = RetryRule.IsRepeatable(exchange.Method, exchange.Request),
            BodySpent = ReplayableContent.WhySpent(exchange.Body),
            Retries = exchange.RetriesMade,
            Holds = exchange.Holds,
            Deadline = exchange.GivesUpAt,
        };
        RetryDecision decision;
        lock (engine.Random)
            decision = RetryRule.Decide(policy, state, outcome, engine.Clock.Now, engine.Random);
        // A refusal that somebody wants to have holds the others all the same.
        return isExpected && outcome.Status >= 400 ? new RetryDecision { Kind = RetryKind.Done, Until = decision.Until } : decision;
    }

    /// <summary>A storm of retries is not for those who wait for their answers: they get what there is.</summary>
    private RetryDecision WithinBudget(Upstream upstream, Exchange exchange, in RetryDecision decision)
    {
        if (decision.Kind != RetryKind.Retry || !exchange.Terms.IsDirect || upstream.BudgetUntil(engine.Clock.Now) is null)
            return decision;
        return decision with { Kind = RetryKind.Fail, Detail = $"{exchange.LastError}; too many of the requests to {upstream.Name} are retries already, so it is not tried again" };
    }

    /// <summary>To the end of the queue: after a hold for all who share the limit, or after the request's own backoff.</summary>
    public async ValueTask GoBackAsync(Upstream upstream, Exchange exchange, Outcome outcome, RetryDecision decision, CancellationToken cancellation)
    {
        exchange.NextAt = decision.Until;
        if (decision.Kind == RetryKind.Hold)
        {
            exchange.Holds++;
            exchange.Tell(LineStep.Held);
            // Those who were refused wait in the gate, with all the others.
            if (!outcome.Refused)
                await engine.Clock.DelayUntilAsync(decision.Until, cancellation).ConfigureAwait(false);
            return;
        }
        exchange.RetriesMade++;
        exchange.Tell(LineStep.Retries);
        await engine.Clock.DelayUntilAsync(decision.Until, cancellation).ConfigureAwait(false);
        // An exhausted budget delays a job; it keeps its place in nothing, and costs nothing meanwhile.
        while (!exchange.Terms.IsDirect && upstream.BudgetUntil(engine.Clock.Now) is { } until)
        {
            if (until >= exchange.Terms.Deadline)
                throw Failures.Of(exchange, upstream, FailureClass.Deadline, $"too many of the requests are repeated already, and its deadline comes first: {exchange.LastError}");
            await engine.Clock.DelayUntilAsync(until, cancellation).ConfigureAwait(false);
        }
    }
}
