using System.Runtime.CompilerServices;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Retries;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate;

/// <summary>
/// The line every outgoing request walks, once for each attempt, top to bottom. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// 1 admit      the API found
/// 2 cache      where answers are kept: a fresh one is the answer, and costs no permit
/// 3 coalesce   the same is on its way already: wait for that
/// 4 permit     its reach, or a clear refusal; wait in the gate for key, proxy and every limit at once, all or nothing
/// 5 send       the attempt: connect, stamp, first byte … headers
/// 6 observe    permit, limits, key and budget learn from the outcome
/// 7 retry?     a pure decision; if yes, back to 1, paying for a new permit
/// 8 receive    the body, within the attempt where the caller asks for it; and store it on its way
/// </code>
/// The retry stands outside the permit: an attempt that is not paid for is how a limit is exceeded. No timeout of the attempt runs while
/// it waits; the request's own deadline does.
/// </remarks>
internal sealed class StraightLine(Engine engine)
{
    private readonly RetryStep _retries = new(engine);

    /// <summary>Sends a request until it has an answer to keep, or none will come.</summary>
    /// <param name="exchange">The request; what became of it is written there, its failure class too, whatever the status.</param>
    /// <param name="cancellation">The caller's. What was not sent is not; what was is charged as maybe arrived.</param>
    /// <returns>The last answer. Its attempt must be ended by the caller unless <see cref="Exchange.Receive"/> reads the body.</returns>
    /// <exception cref="HeadgateException">There is no answer.</exception>
    /// <exception cref="OperationCanceledException">The caller's token.</exception>
    public ValueTask<HttpResponseMessage> SendAsync(Exchange exchange, CancellationToken cancellation)
    {
        if (exchange.BegunAt == 0)
            exchange.BegunAt = engine.Clock.Now;
        engine.Observation?.Begin(exchange);
        // Whoever reads the answer himself says when that is through.
        return exchange is { Observer: { } observer, Receive: not null } ? observer.SendAsync(this, exchange, cancellation) : WalkAsync(exchange, cancellation);
    }

    /// <summary>The line itself.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public ValueTask<HttpResponseMessage> WalkAsync(Exchange exchange, CancellationToken cancellation) =>
        engine.Stored.AreUsed ? CachedWalk.SendAsync(this, exchange, cancellation) : StepAsync(exchange, cancellation);

    /// <summary>Its steps.</summary>
    /// <inheritdoc cref="SendAsync"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HttpResponseMessage> StepAsync(Exchange exchange, CancellationToken cancellation)
    {
        while (true)
        {
            // 1 admit
            var upstream = Admit(exchange);

            // One that was sent elsewhere is under way: it comes to its end although nothing new begins.
            var waiting = exchange.Terms.Waiting.CanBeCanceled && exchange.Hops == 0 ? exchange.Terms.Waiting : cancellation;

            // 2 cache, 3 coalesce
            if (upstream.Cache is { } cache && exchange.MayVisit && await cache.FindAsync(exchange, waiting).ConfigureAwait(false) is { } visit)
            {
                if (Follows(upstream, exchange, exchange.Uri, visit.Found.Status, visit.Found.Location))
                    continue;
                return await visit.ServeAsync(cancellation).ConfigureAwait(false);
            }

            // 4 permit
            RefuseUnreached(upstream, exchange);
            if (await PermitAsync(upstream, exchange, waiting).ConfigureAwait(false) is not { } permit)
                continue;
            GiveUpUnreached(upstream, exchange, permit);

            // 5 send
            var outcome = await AttemptAsync(upstream, exchange, permit, cancellation).ConfigureAwait(false);
            var attempt = exchange.Last!;

            // 6 observe
            attempt.Settle(outcome);
            Observe(upstream, exchange, attempt, outcome);
            exchange.Tell(LineStep.Settled);

            // 7 retry?
            if (upstream.Rotation is { } rotation && upstream.IsDeadly(outcome.Status))
                // Who gives up meanwhile goes on with the keys as they are.
                await rotation.ReadAsync(attempt.SentAt).WaitAsync(attempt.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Redirected(upstream, exchange, attempt, outcome) || KeyDied(upstream, exchange, attempt, outcome))
                continue;
            var decision = _retries.Decide(upstream, exchange, outcome);
            if (outcome.Refused && decision.Until > 0)
                upstream.Learning.Hold(attempt.Permit, decision.Until);

            // 8 receive, store
            var taken = exchange.Visit is { } looked ? await looked.TakeAsync(attempt, decision.Kind is RetryKind.Done or RetryKind.Fail).ConfigureAwait(false) : Taken.No;
            if (taken == Taken.Stored)
                return await exchange.Visit!.ServeAsync(cancellation).ConfigureAwait(false);
            if (taken == Taken.Again)
                continue;
            if (decision.Kind is RetryKind.Done or RetryKind.Fail && attempt.Answer is { } answer)
            {
                var broken = exchange.Receive is { } receive ? await attempt.ReceiveAsync(receive).ConfigureAwait(false) : null;
                if (broken is null)
                    return Finish(exchange, attempt, decision, answer);
                outcome = broken.Value;
                attempt.Break(outcome);
                decision = _retries.Decide(upstream, exchange, outcome);
            }
            EndWithout(upstream, exchange, attempt, outcome, decision, cancellation);
            await _retries.GoBackAsync(upstream, exchange, outcome, decision, waiting).ConfigureAwait(false);
        }
    }

    /// <summary>One attempt, or two beside each other; the one that counts is <see cref="Exchange.Last"/>.</summary>
    private ValueTask<Outcome> AttemptAsync(Upstream upstream, Exchange exchange, LinePermit permit, CancellationToken cancellation)
    {
        var attempt = new Attempt(engine, upstream, exchange, permit, cancellation);
        exchange.Tell(LineStep.Permitted);
        return upstream.Hedging is { } hedging && hedging.Concerns(exchange) ? hedging.RunAsync(attempt, cancellation) : attempt.RunAsync();
    }

    /// <summary>An attempt has no answer to keep.</summary>
    /// <exception cref="HeadgateException">There will be none.</exception>
    /// <exception cref="OperationCanceledException">The caller's token.</exception>
    private static void EndWithout(Upstream upstream, Exchange exchange, Attempt attempt, in Outcome outcome, in RetryDecision decision, CancellationToken cancellation)
    {
        attempt.Answer?.Dispose();
        attempt.End(isWhole: attempt.Answer is not null && outcome.IsAnswer);
        if (outcome.Class == FailureClass.Cancelled)
            throw Cancelled(exchange, attempt, outcome, cancellation);
        if (decision.Kind is RetryKind.Done or RetryKind.Fail)
            throw Failures.Of(exchange, upstream, decision.Class, decision.Detail ?? outcome.Detail ?? "failed", decision.MaybeSent);
        attempt.WriteEnd();
        attempt.LetGo();
    }

    private Upstream Admit(Exchange exchange)
    {
        var upstream = exchange.Upstream = engine.UpstreamOf(exchange.Uri);
        if (exchange.Last?.Upstream != upstream)
            exchange.Tell(LineStep.Admitted);
        if (upstream.Configuration.Retry.IdempotencyKey && !RetryRule.IsRepeatable(exchange.Method, exchange.Request))
            exchange.Request.Headers.TryAddWithoutValidation("Idempotency-Key", Guid.CreateVersion7(engine.Clock.Provider.GetUtcNow()).ToString());
        return upstream;
    }

    /// <summary>What is known to be out of reach is asked nothing; what is stored of it is there all the same.</summary>
    private void RefuseUnreached(Upstream upstream, Exchange exchange)
    {
        GiveUpUnreached(upstream, exchange, null);
        if (upstream.Watch?.WhyRefused(exchange.Terms.IsDirect) is { } open)
            throw Failures.Of(exchange, upstream, FailureClass.CircuitOpen, open.Message, retryAfter: open.RetryAfter);
    }

    /// <summary>A permit; null if its gate has gone, or who was asked for its token, so that it has to be admitted anew.</summary>
    private ValueTask<LinePermit?> PermitAsync(Upstream upstream, Exchange exchange, CancellationToken cancellation)
    {
        if (upstream.Token is { } supply && exchange.NeedsToken)
            return WithTokenAsync(upstream, supply, exchange, cancellation);
        var waiting = WaitAsync(upstream, exchange, cancellation);
        // Tokens may come to an API that had none while it waits.
        return waiting.IsCompleted || !exchange.NeedsToken ? waiting : WithTokenAsync(waiting, upstream, null, 0, exchange, cancellation);
    }

    /// <summary>A permit, and a token that is good when it comes: it may have waited for longer than a token lives.</summary>
    private async ValueTask<LinePermit?> WithTokenAsync(Upstream upstream, TokenSupply supply, Exchange exchange, CancellationToken cancellation)
    {
        var fetched = supply.Fetched;
        return !await IsPreparedAsync(upstream, supply, exchange, cancellation).ConfigureAwait(false) ? null : await WithTokenAsync(WaitAsync(upstream, exchange, cancellation), upstream, supply, fetched, exchange, cancellation).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LinePermit?> WithTokenAsync(ValueTask<LinePermit?> waiting, Upstream upstream, TokenSupply? supply, int fetched, Exchange exchange, CancellationToken cancellation)
    {
        if (await waiting.ConfigureAwait(false) is not { } permit)
            return null;
        try
        {
            // A change of the configuration may have put another one in its place meanwhile.
            while (upstream.Token is { } present && !(present == supply && present.IsGoodSince(fetched)))
            {
                if (present != supply)
                    (supply, fetched) = (present, present.Fetched);
                await IsPreparedAsync(upstream, present, exchange, cancellation).ConfigureAwait(false);
            }
            return permit;
        }
        catch
        {
            engine.Dispatcher.Return(permit);
            throw;
        }
    }

    /// <summary>Waits for a token that is good. Whoever waits for the answer itself gets the exception of the program's own supplier.</summary>
    /// <returns>Whether there is one; if not, who was asked for it is not asked any more.</returns>
    private async ValueTask<bool> IsPreparedAsync(Upstream upstream, TokenSupply supply, Exchange exchange, CancellationToken cancellation)
    {
        var preparing = supply.PrepareAsync(cancellation).AsTask();
        try
        {
            await preparing.WaitAsync(SpanUntil(exchange.ExpiresAt), engine.Clock.Provider, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException) when (!preparing.IsCompleted)
        {
            throw Failures.Of(exchange, upstream, FailureClass.Deadline, "not sent in time: held by the token, which its supplier has not given");
        }
        catch (Exception) when (upstream.Token != supply && !cancellation.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception failure)
        {
            if (cancellation.IsCancellationRequested || (exchange.Terms.IsDirect && supply == engine.Token))
                throw;
            throw Failures.Of(exchange, upstream, FailureClass.Auth, $"there is no token: {failure.Message}");
        }
    }

    /// <summary>A host nobody reaches is not tried once more by each of those who waited while others found out.</summary>
    private void GiveUpUnreached(Upstream upstream, Exchange exchange, Permit? permit)
    {
        if (!engine.GivesUpUnreached || !upstream.IsOutOfReach)
            return;
        if (permit is not null)
            engine.Dispatcher.Return(permit);
        throw Failures.Of(exchange, upstream, FailureClass.Network, upstream.WhyOutOfReach);
    }

    private TimeSpan SpanUntil(long at) => at == long.MaxValue ? Timeout.InfiniteTimeSpan : Clock.Span(Math.Clamp(at - engine.Clock.Now, 0, Clock.Nanoseconds(Clock.LongestTimer)));

    /// <summary>A permit; mostly there at once, which costs no state machine.</summary>
    private ValueTask<LinePermit?> WaitAsync(Upstream upstream, Exchange exchange, CancellationToken cancellation)
    {
        var expires = exchange.ExpiresAt;
        if (upstream.Configuration.Policy.QueueTimeout is { } queue)
            expires = Math.Min(expires, (exchange.AskedAt == 0 ? engine.Clock.Now : exchange.AskedAt) + Clock.Nanoseconds(queue));
        // Behind all who wait, a redirected one would be half done for as long as they take.
        var gate = upstream.GateFor(exchange);
        var key = new LaneKey(upstream.CostOf(exchange), exchange.Hops > 0 ? RequestPriority.Critical : exchange.Terms.Priority, exchange.Terms.Tenant, gate.Own is null ? upstream.StickyFor(exchange.Terms.Tenant) : null, exchange.WaysOf(upstream.Proxies));
        var permit = new LinePermit(exchange, key.Cost, expires) { EnqueuedAt = exchange.AskedAt };
        exchange.AskedAt = 0;
        engine.Dispatcher.Acquire(permit, gate, key, cancellation);
        // Its last place goes to the next only now that it stands before them.
        exchange.Last?.LetGo();
        return permit.State == PermitState.Granted ? new ValueTask<LinePermit?>(permit) : WaitAsync(permit, upstream, exchange);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LinePermit?> WaitAsync(LinePermit permit, Upstream upstream, Exchange exchange)
    {
        try
        {
            if (!permit.Task.IsCompleted)
                exchange.Tell(LineStep.Waits);
            await permit.Task.ConfigureAwait(false);
            exchange.Waited += permit.GrantedAt - permit.EnqueuedAt;
            exchange.HeldBy = permit.HeldBy ?? exchange.HeldBy;
            return permit;
        }
        catch (RefusedException refused) when (refused.Reason == RefusalReason.Moved)
        {
            exchange.AskedAt = permit.EnqueuedAt;
            return null;
        }
        catch (RefusedException refused)
        {
            exchange.Waited += engine.Clock.Now - permit.EnqueuedAt;
            var failure = refused.Reason switch
            {
                RefusalReason.Expired => FailureClass.Deadline,
                RefusalReason.TooCostly => FailureClass.Invalid,
                RefusalReason.NoKeys => FailureClass.Auth,
                RefusalReason.NoProxies => FailureClass.Proxy,
                RefusalReason.QueueFull => FailureClass.RateLimit,
                RefusalReason.CircuitOpen => FailureClass.CircuitOpen,
                _ => FailureClass.Cancelled,
            };
            throw Failures.Of(exchange, upstream, failure, refused.Message, retryAfter: refused.RetryAfter);
        }
    }

    private static void Observe(Upstream upstream, Exchange exchange, Attempt attempt, in Outcome outcome)
    {
        var now = attempt.AnsweredAt;
        if (outcome.Sent)
        {
            exchange.Attempts++;
            if (exchange.FirstSentAt == 0)
            {
                exchange.FirstSentAt = attempt.SentAt;
                upstream.CountFirst(now);
            }
        }
        else if (outcome.Class == FailureClass.Network && attempt.Chaos is null)
            upstream.NotConnected(outcome.Detail);
        if (outcome.IsWell)
            upstream.Reached(now);
        if (!outcome.IsAnswer || outcome.Status >= 400)
            exchange.LastError = outcome.Detail ?? $"the server answered {outcome.Status}";
        if (outcome.Refused)
            exchange.Refusals++;
        try
        {
            upstream.Learning.From(attempt, outcome);
        }
        catch
        {
            // The ledger cannot be written: whatever comes now, its place is free.
            attempt.Answer?.Dispose();
            attempt.Dispose();
            throw;
        }
    }

    /// <summary>A redirect is a request of its own: admitted anew, with its own API and permit.</summary>
    private static bool Redirected(Upstream upstream, Exchange exchange, Attempt attempt, in Outcome outcome)
    {
        if (attempt.Answer is not { } answer || outcome.Status is < 300 or >= 400)
            return false;
        var location = answer.Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : null;
        var visit = exchange.Visit;
        if (!Follows(upstream, exchange, attempt.Uri, outcome.Status, location))
            return false;
        visit?.PassBy(attempt);
        End(attempt, answer);
        return true;
    }

    /// <summary>Whether a request goes on to where an answer sends it, and that it does.</summary>
    private static bool Follows(Upstream upstream, Exchange exchange, Uri from, int status, string? location)
    {
        if (exchange.Terms.Expected.Contains(status) || Redirects.Next(exchange.Method, from, status, location, exchange.Hops) is not { } next)
            return false;
        if (!next.DropsBody && ReplayableContent.WhySpent(exchange.Body) is not null)
            return false;
        exchange.Hops++;
        (exchange.Method, exchange.Uri) = (next.Method, next.Uri);
        // What one hop left behind no later one brings back.
        exchange.Redirect = next.After(exchange.Redirect, upstream.KeyHeader);
        if (next.DropsBody)
            exchange.Body = null;
        exchange.Visit = null;
        exchange.Tell(LineStep.Redirected);
        return true;
    }

    /// <summary>A key that is not accepted is not used again; walking on to the next is not charged to the request.</summary>
    private bool KeyDied(Upstream upstream, Exchange exchange, Attempt attempt, in Outcome outcome)
    {
        if (attempt.Permit.Key is not { } key || attempt.Answer is not { } answer || outcome.Refused || !upstream.IsDeadly(outcome.Status))
            return false;
        // Those of the permit: others may have taken their place meanwhile.
        var keys = attempt.Permit.Lane.Gate.Keys!;
        engine.Dispatcher.Kill(upstream.Gates.All, keys, key, $"answered {outcome.Status}");
        if (engine.Dispatcher.Read(keys, static (_, keys, _) => keys.AllDead))
        {
            (exchange.Failure, exchange.Detail) = (FailureClass.Auth, $"the server answered {outcome.Status}, and no key is left");
            if (upstream.IsNewlyDead(key))
                engine.Observation?.LastKeyDied(upstream, key.Name, outcome.Status);
            return false;
        }
        if (upstream.IsNewlyDead(key))
            engine.Notice($"key {key.Name} of {upstream.Name} is not used any more: the server answered {outcome.Status}");
        attempt.WasRefused = true;
        if (ReplayableContent.WhySpent(exchange.Body) is not null)
            return false;
        End(attempt, answer);
        exchange.Tell(LineStep.KeyDied);
        return true;
    }

    private static HttpResponseMessage Finish(Exchange exchange, Attempt attempt, in RetryDecision decision, HttpResponseMessage answer)
    {
        (exchange.Failure, exchange.Detail, exchange.MaybeSent) = (decision.Class, decision.Detail, decision.MaybeSent);
        if (exchange.Receive is not null)
        {
            attempt.End(isWhole: true);
            exchange.Tell(LineStep.Received);
        }
        return answer;
    }

    private static void End(Attempt attempt, HttpResponseMessage answer)
    {
        answer.Dispose();
        attempt.End(isWhole: true);
        attempt.WriteEnd();
    }

    private static OperationCanceledException Cancelled(Exchange exchange, Attempt attempt, in Outcome outcome, CancellationToken cancellation)
    {
        (exchange.Failure, exchange.Detail, exchange.MaybeSent) = (FailureClass.Cancelled, outcome.Detail, attempt.WasSent);
        return new OperationCanceledException(cancellation);
    }
}
