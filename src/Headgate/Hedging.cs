using Headgate.Gates;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Sends a second attempt beside one that takes long, and takes the answer that comes first. The second pays like any other: with a permit,
/// for which it comes before others as long as the first is not back, and out of the budget of retries. Thread-safe.
/// </summary>
/// <remarks>The one that lost is taken back if it has not left yet; else it is left to reach its headers: giving it up would hold its place for <c>straggle</c>, which is longer (Dean and Barroso, The Tail at Scale, 2013).</remarks>
internal sealed class Hedging(Upstream api, Engine engine)
{
    /// <summary>Whether a request may be sent twice on mere suspicion: only what is safe by its method (RFC 9110 §9.2.1) and has no body.</summary>
    public bool Concerns(Exchange exchange) =>
        exchange.Body is null && (exchange.Method == HttpMethod.Get || exchange.Method == HttpMethod.Head || exchange.Method == HttpMethod.Options) && api.Adaptation.HedgeAfter is not null;

    /// <summary>Runs an attempt, and perhaps one beside it. The one whose outcome it is becomes the last of the exchange.</summary>
    public async ValueTask<Outcome> RunAsync(Attempt first, CancellationToken cancellation)
    {
        var leaves = first.FirstByteAsync();
        var one = first.RunAsync().AsTask();
        await Task.WhenAny(one, leaves).ConfigureAwait(false);
        // Until its first byte nothing says that the server is slow; from there its time counts.
        if (one.IsCompleted || api.Adaptation.HedgeAfter is not { } wait || await IsOverAsync(one, wait - Clock.Span(engine.Clock.Now - first.SentAt), cancellation).ConfigureAwait(false)
            || await PermitAsync(first, one, cancellation).ConfigureAwait(false) is not { } permit)
            return await one.ConfigureAwait(false);
        var exchange = first.Exchange;
        var second = new Attempt(engine, api, exchange, permit, cancellation) { IsHedge = true };
        if (exchange.FirstSentAt == 0)
        {
            exchange.FirstSentAt = first.SentAt;
            api.CountFirst(engine.Clock.Now);
        }
        var two = second.RunAsync().AsTask();
        var (winner, won, loser, lost) = await Task.WhenAny(one, two).ConfigureAwait(false) == one ? (first, one, second, two) : (second, two, first, one);
        // Who fails first has not won; but a refusal, of whichever, ends it: the others are to hear of it now.
        if (!won.IsCompletedSuccessfully || !(won.Result.IsWell || won.Result.Refused))
        {
            await Task.WhenAny(lost).ConfigureAwait(false);
            if (lost.IsCompletedSuccessfully && lost.Result.IsWell)
                (winner, won, loser, lost) = (loser, lost, winner, won);
        }
        exchange.Last = winner;
        // One that has not left yet would be sent for nobody.
        if (!loser.GiveUpUnsent())
            exchange.Attempts++;
        engine.Leave(EndAsync(loser, lost));
        return await won.ConfigureAwait(false);
    }

    private async Task<bool> IsOverAsync(Task<Outcome> attempt, TimeSpan wait, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var done = await Task.WhenAny(attempt, Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, engine.Clock.Provider, over.Token)).ConfigureAwait(false) == attempt;
        await over.CancelAsync().ConfigureAwait(false);
        return done || cancellation.IsCancellationRequested;
    }

    /// <summary>A permit, if it comes before the first attempt is over.</summary>
    private async Task<LinePermit?> PermitAsync(Attempt first, Task<Outcome> running, CancellationToken cancellation)
    {
        if (!api.HasBudget(engine.Clock.Now))
            return null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var lane = first.Permit.Lane;
        try
        {
            var permit = new LinePermit(first.Exchange, first.Permit.Cost, Limits.LimitState.Never);
            engine.Dispatcher.Acquire(permit, lane.Gate, lane.Key with { Cost = permit.Cost, Priority = RequestPriority.Critical }, over.Token);
            var waiting = permit.Task.AsTask();
            if (await Task.WhenAny(running, waiting).ConfigureAwait(false) == running)
                await over.CancelAsync().ConfigureAwait(false);
            await waiting.ConfigureAwait(false);
            // Paid for only now: most that wait for a permit are never sent, since the first comes back before.
            if (!running.IsCompleted && api.BudgetUntil(engine.Clock.Now) is null)
                return permit;
            engine.Dispatcher.Return(permit);
        }
        catch (Exception refused) when (refused is OperationCanceledException or RefusedException)
        {
            // Nothing was spent.
        }
        return null;
    }

    /// <summary>The one that lost counts like any other, and nobody waits for it.</summary>
    private async Task EndAsync(Attempt loser, Task<Outcome> running)
    {
        await Task.WhenAny(running).ConfigureAwait(false);
        // One whose intent could not be written has given everything back already.
        if (!running.IsCompletedSuccessfully)
            return;
        var outcome = running.Result;
        loser.Settle(outcome);
        try
        {
            api.Learning.From(loser, outcome);
            if (outcome.Refused)
                api.Learning.Hold(loser.Permit, engine.Clock.Now + Clock.Nanoseconds(outcome.RetryAfter ?? TimeSpan.FromSeconds(1)));
        }
        catch (Exception failure) when (failure is Ledgers.LedgerException or ObjectDisposedException)
        {
            // The ledger cannot be written, or everything was disposed: whoever sends next hears of it.
        }
        var isWhole = loser.Answer is not null;
        loser.Answer?.Dispose();
        loser.End(isWhole);
        // Everything may have been disposed meanwhile, and nobody is there to be told.
        loser.TryWriteEnd();
        loser.LetGo();
    }
}
