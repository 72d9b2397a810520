using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Resilience;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Tells the breaker of an API what becomes of its attempts, and those who wait or come what that means for them: jobs wait while it is
/// open, as long as they have patience; whoever waits for the answer itself is told at once. Thread-safe.
/// </summary>
internal sealed class BreakerWatch(Upstream api, Engine engine, BreakerConfiguration configured)
{
    private readonly Breaker _breaker = new(Usual(configured, engine));

    /// <summary>Since when it has not been closed; <see cref="long.MaxValue"/> while it is. Owned by the dispatcher's lock.</summary>
    private long _downSince = long.MaxValue;
    private string _why = "";
    private bool _isThere;

    /// <summary>What holds the gates.</summary>
    public BreakerState State => field ??= new BreakerState(_breaker);

    private bool IsUsual => api.Configuration.Policy.Patience is null;

    private long Patience => Clock.Nanoseconds(api.Configuration.Policy.Patience ?? engine.Patience);

    /// <summary>Another policy from now on; where it stands it stays. Needs the lock.</summary>
    public void ChangeNeedsLock(BreakerConfiguration next) => _breaker.Policy = Usual(next, engine);

    /// <summary>The API has no breaker any more: nobody is held. Needs the lock.</summary>
    public void LeaveNeedsLock() => api.Scope.Remove(State);

    /// <summary>Whether it is closed, and none has failed since the last that did not. Needs the lock.</summary>
    public bool IsCalmNeedsLock(long now) => _breaker.PositionAt(now) == BreakerPosition.Closed && _breaker.Failures == 0;

    /// <summary>How often it opened.</summary>
    public int Opens => _breaker.Opens;

    /// <summary>Where it stands.</summary>
    public BreakerPosition Position => engine.Dispatcher.Read(_breaker, static (_, breaker, now) => breaker.PositionAt(now));

    /// <summary>Whether it may hold whoever comes now.</summary>
    public bool IsHolding => !_breaker.IsSteady && Position != BreakerPosition.Closed;

    /// <summary>Where it stands, how many have failed in a row, and when one did last, monotonic nanoseconds.</summary>
    public (BreakerPosition Position, int Failures, long? FailedAt) Read() =>
        engine.Dispatcher.Read(_breaker, static (_, breaker, now) => (breaker.PositionAt(now), breaker.Failures, breaker.FailedAt));

    /// <summary>Until when it is open, monotonic nanoseconds; some of the past if it is not. Owned by the dispatcher's lock.</summary>
    public long OpenUntil => _breaker.OpenUntil;

    /// <summary>Why a request that comes now is refused; null if it may go, or wait.</summary>
    /// <param name="isDirect">Somebody waits for its answer: unless configured otherwise it does not wait for the breaker.</param>
    public RefusedException? WhyRefused(bool isDirect) => _breaker.IsSteady ? null
        : engine.Dispatcher.Read((Watch: this, isDirect), static (_, it, now) => it.Watch.Refuse(it.isDirect && it.Watch.IsUsual ? 0 : it.Watch.Patience, now));

    /// <summary>Learns from an attempt: a refusal by a limit, or giving up, says nothing of how the API is.</summary>
    public void From(Attempt attempt, in Outcome outcome)
    {
        if (outcome.IsWell && !_breaker.IsSteady)
            Succeeded(attempt.TriedAt);
        else if (outcome.IsFailing)
            Failed(attempt.TriedAt, outcome.Detail ?? $"the server answered {outcome.Status}");
    }

    /// <summary>Nobody reads the answer of an attempt any more: it tells nothing, and keeps no other from trying.</summary>
    public void Forgot(Attempt attempt) => engine.Dispatcher.Change((Watch: this, attempt), static (scheduler, it, now) =>
    {
        it.Watch.State.Lost(1, it.attempt.SentAt, now);
        scheduler.Better(it.Watch.Places());
    });

    /// <summary>
    /// Where nobody said otherwise jobs need as many failures in a row as may be in flight at once: of a hundred that were sent in the same
    /// moment five are no pattern, and lines that fail each for itself must not stop the others for a minute.
    /// </summary>
    private static BreakerConfiguration Usual(BreakerConfiguration policy, Engine engine) =>
        ReferenceEquals(policy, BreakerConfiguration.Default) && engine.Patience > TimeSpan.Zero
            ? policy with { FailureThreshold = Math.Max(policy.FailureThreshold, engine.Concurrency) }
            : policy;

    private void Succeeded(long sentAt)
    {
        var closed = engine.Dispatcher.Change((Watch: this, sentAt), static (scheduler, it, now) =>
        {
            if (!it.Watch.State.Succeeded(it.sentAt, now))
                return false;
            it.Watch._downSince = long.MaxValue;
            scheduler.Better(it.Watch.Places());
            return true;
        });
        if (closed)
            engine.Notice($"{api.Name} answers again: its breaker is closed");
    }

    private void Failed(long sentAt, string why)
    {
        var opened = engine.Dispatcher.Change((Watch: this, sentAt, why), static (scheduler, it, now) => it.Watch.FailedNeedsLock(scheduler, it.sentAt, it.why, now));
        if (opened is not var (end, waiting))
            return;
        engine.Learned(new Lesson(api.Scope, engine.Clock.Now) { HeldUntil = end });
        foreach (var exchange in waiting)
            exchange.Terms.Watch!(exchange, LineStep.Blocked);
        engine.Notice($"{api.Name} fails ({why}): its breaker is open for {Duration.Format(_breaker.Policy.RecoveryTimeout)}, then {_breaker.Policy.SuccessThreshold} requests try");
    }

    /// <returns>Until when it is open now, and who waits for that and wants to know; null if that did not open it.</returns>
    private (long Until, List<Exchange> Waiting)? FailedNeedsLock(Scheduler scheduler, long sentAt, string why, long now)
    {
        if (!State.Failed(sentAt, now))
            return null;
        _why = why;
        if (!_isThere)
        {
            // It joins the limits when it first opens: most never do, and those need not be looked at for each request.
            _isThere = true;
            api.Scope.Add(State);
            scheduler.Changed(api.Gates.All, now);
        }
        _downSince = Math.Min(_downSince, now);
        // Nobody who waits will be let go in time: they are told now, rather than when their patience is over.
        if (Refuse(Patience, now) is { } refusal)
            foreach (var gate in api.Gates.All)
                scheduler.RefuseAll(gate, refusal);
        return (_breaker.OpenUntil, WaitingNeedsLock());
    }

    private List<Exchange> WaitingNeedsLock()
    {
        var waiting = new List<Exchange>();
        foreach (var lane in api.Gates.All.SelectMany(gate => gate.Lanes))
            for (var permit = lane.First; permit is not null; permit = permit.Next)
                if (permit is LinePermit { Exchange: { Terms.Watch: not null } exchange })
                    waiting.Add(exchange);
        return waiting;
    }

    private RefusedException? Refuse(long patience, long now)
    {
        if (_breaker.PositionAt(now) != BreakerPosition.Open || (patience > 0 && _breaker.OpenUntil - _downSince <= patience))
            return null;
        var wait = Clock.Span(_breaker.OpenUntil - now);
        return new RefusedException(RefusalReason.CircuitOpen, $"the breaker of {api.Name} is open for {Duration.Format(TimeSpan.FromSeconds(Math.Ceiling(wait.TotalSeconds)))} more: {_why}", wait);
    }

    private Checkpoint[] Places() => [.. api.Scope.Checkpoints.Where(checkpoint => checkpoint.State == State)];
}
