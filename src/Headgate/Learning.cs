using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>What the answers of one API teach: its clock, its limits, how much at once it takes. Thread-safe; what the dispatcher owns is changed under its lock.</summary>
internal sealed class Learning(Upstream api, Engine engine)
{
    /// <summary>Shorter pauses are seen in the summary only.</summary>
    private static readonly TimeSpan WorthAWord = TimeSpan.FromSeconds(10);

    private readonly Dispatcher _dispatcher = engine.Dispatcher;
    private readonly QuotaLearning _quotas = new(api, engine);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Scope, bool> _isPaceTold = new();
    private (int Version, long Skew) _notedClock;
    private long _pauseTold = long.MinValue / 2;

    /// <summary>How the API, the base it went to and the proxy it went through are by an attempt; told before the permit is settled, so that a probe that failed lets nobody into its place.</summary>
    public void Judge(Attempt attempt, in Outcome outcome)
    {
        engine.Learn(attempt, outcome);
        // Where another base is up, what one of them does says nothing of the API.
        // One never reached is given up after a few tries, and needs no breaker.
        if (api.Bases?.From(attempt, outcome) is not true && !(engine.GivesUpUnreached && !api.WasReached && !attempt.WasSent))
            api.Watch?.From(attempt, outcome);
    }

    /// <summary>Learns from an answer, or from its absence.</summary>
    public void From(Attempt attempt, in Outcome outcome)
    {
        if (outcome.IsAnswer && !outcome.Refused && outcome.Status < 500 && api.Cap.IsGrowing)
            _dispatcher.Change(api, static (scheduler, api, now) => CapGrows(scheduler, api, now));
        if (attempt.WasSent && !api.Adaptation.IsAwake && api.Adaptation.Searches)
            api.Adaptation.Count(attempt.AnsweredAt);
        else if (attempt.WasSent && api.Adaptation.IsAwake)
            _dispatcher.Change((api, attempt, outcome, scope: ScopeOfRefusal(attempt.Permit)), static (scheduler, it, now) => it.api.Adaptation.AnsweredNeedsLock(scheduler, it.scope, it.attempt, it.outcome, now));
        if (attempt.Answer is { } answer && (IsAligned(attempt.Permit.Taken) || IsAligned(attempt.Permit.TakenOfKey) || IsAligned(attempt.Permit.TakenOfProxy)) && OutcomeReader.ReadDate(answer.Headers, engine.Clock.Provider.GetUtcNow()) is { } date)
            LearnDate(attempt.SentAt, Clock.Nanoseconds(date - DateTimeOffset.UnixEpoch));
        var isTold = attempt.Told.Quotas.Count > 0 && _quotas.From(attempt, attempt.Told);
        if (outcome.Refused)
            LearnRefusal(attempt, outcome, isTold);
    }

    /// <summary>The body of an answer broke off: as bad as no answer.</summary>
    public void Broke(Attempt attempt, in Outcome outcome)
    {
        Judge(attempt, outcome);
        if (attempt.WasSent && outcome.IsFailing && api.Adaptation.IsAwake)
            _dispatcher.Change((api, attempt, outcome, scope: ScopeOfRefusal(attempt.Permit)), static (scheduler, it, now) => it.api.Adaptation.BrokeNeedsLock(scheduler, it.scope, it.attempt, it.outcome, now));
    }

    /// <summary>Nothing is sent in a scope any more.</summary>
    public void Forget(Scope scope)
    {
        _isPaceTold.TryRemove(scope, out _);
        _quotas.Forget(scope);
    }

    /// <summary>Other limits were declared for a scope: what its answers tell is learned anew.</summary>
    public void Redeclared(Scope scope) => _quotas.Forget(scope);

    /// <summary>What the server asked of one it asked of all who share the limit, whether that one goes on or gives up.</summary>
    /// <param name="permit">Of the attempt that was refused.</param>
    /// <param name="until">Monotonic nanoseconds.</param>
    public void Hold(Permit permit, long until)
    {
        var scope = ScopeOfRefusal(permit);
        Hold(permit, scope, until);
        // Whether the server counts by the key or by the address it sees nobody knows: neither goes on before.
        if (permit is { Key: not null, Proxy.Scope: var exit } && exit != scope)
            Hold(permit, exit, until);
        TellPause(scope, until);
    }

    private void Hold(Permit permit, Scope scope, long until)
    {
        if (permit.Key is { } key && key.Scope == scope)
            _dispatcher.Hold(permit.Lane.Gate.Keys!, key, until);
        else
            _dispatcher.Hold(scope, until);
        if (permit.Proxy?.Scope == scope)
            _dispatcher.Change(permit.Lane.Gate.Proxies!, static (scheduler, proxies, _) => scheduler.Better(proxies));
        engine.Learned(new Lesson(scope, engine.Clock.Now) { HeldUntil = until });
    }

    /// <summary>Whoever waits for long without a word takes it for a hang.</summary>
    private void TellPause(Scope scope, long until)
    {
        var pause = Clock.Span(until - engine.Clock.Now);
        if (pause < WorthAWord || until < Interlocked.Read(ref _pauseTold) + Clock.Nanoseconds(WorthAWord))
            return;
        Interlocked.Exchange(ref _pauseTold, until);
        var resumes = engine.Clock.Provider.GetUtcNow() + pause;
        engine.Notice(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{scope.Name} asked for a pause: nothing is sent there before {resumes:yyyy-MM-dd HH:mm:ss} UTC"));
    }

    /// <summary>Of whose limits a refusal speaks: of the narrowest that has any, a route's before the key's before the API's.</summary>
    public Scope ScopeOfRefusal(Permit permit)
    {
        var key = permit.Key?.Scope ?? permit.Lane.Gate.Own?.Scope;
        if (permit.Lane.Gate != api.Gates.Usual)
            foreach (var scope in permit.Lane.Gate.Scopes)
                if (scope != api.Scope && scope != engine.Total && scope != key && scope != permit.Lane.Gate.Queue && scope.HasRate)
                    return scope;
        // A server that knows no key counts by the address it sees.
        key ??= permit.Proxy?.Scope;
        return key is null || (!key.HasRate && api.Scope.HasRate) ? api.Scope : key;
    }

    /// <summary>Changes D: for the limits, for whoever reads the ledger, and for the best possible.</summary>
    public void ChangeBound(Action<ArrivalTerms> change)
    {
        var before = api.Terms.Bound;
        _dispatcher.Change((api.Terms, engine, change), static (_, it, _) =>
        {
            it.change(it.Terms);
            it.engine.Total.Terms.AtLeast(it.Terms);
            foreach (var (_, queue) in it.engine.Queues.Named)
                queue.Terms.AtLeast(it.Terms);
        });
        engine.Journal.WriteBound(api.Name, api.Terms.Bound);
        engine.Learned(new Lesson(api.Scope, engine.Clock.Now) { Bound = (before, api.Terms.Bound) });
    }

    /// <summary>Whether the server's clock matters to one of these.</summary>
    private static bool IsAligned(Checkpoint[] limits)
    {
        foreach (var limit in limits)
            if (limit.State.Limit.Algorithm == LimitAlgorithm.Fixed)
                return true;
        return false;
    }

    private static void CapGrows(Scheduler scheduler, Upstream api, long now)
    {
        api.Cap.Clean(now);
        scheduler.Better(api.Scope.Checkpoints.First(checkpoint => checkpoint.State == api.Cap));
    }

    /// <summary>The server's clock, for limits that go by it; noted for whoever reads the ledger when more is known of it than was noted last.</summary>
    private void LearnDate(long sentAt, long date)
    {
        var clock = _dispatcher.Change((Learning: this, Api: api, sentAt, date), static (_, it, now) =>
        {
            var (server, known) = (it.Api.Scope.Server, it.Learning._notedClock);
            server.Learn(it.sentAt, now, it.date);
            if (known.Version == server.Version && server.Skew > known.Skew / 10 * 9)
                return null;
            it.Learning._notedClock = (server.Version, server.Skew);
            return new LedgerServerClock(it.Api.Name, (now + server.Offset) / Clock.Microsecond, server.Skew / Clock.Microsecond + 1, now / Clock.Microsecond);
        });
        if (clock is not null)
            engine.Journal.WriteServerClock(clock);
    }

    /// <summary>A refusal although the limits were kept: less at once, once for each pause, however many it met; and what it tells of the limits, see <see cref="Scope.Blame"/>.</summary>
    private void LearnRefusal(Attempt attempt, in Outcome outcome, bool isTold)
    {
        var scope = ScopeOfRefusal(attempt.Permit);
        // One pause counts once, however many were under way when it began.
        var resumes = engine.Clock.Now + Clock.Nanoseconds(outcome.RetryAfter ?? TimeSpan.FromSeconds(1));
        var (blame, before, pace) = _dispatcher.Change((Api: api, scope, attempt, resumes, isTold), static (scheduler, it, now) =>
        {
            if (it.scope.Hold!.Until(now) is not null || it.attempt.SentAt < it.scope.RefusalsCountFrom)
                return default;
            it.scope.RefusalsCountFrom = now;
            it.Api.Cap.Refused(now);
            if (it.scope.HasRate)
                return BlameNeedsLock(scheduler, it.Api, it.scope, it.attempt, now);
            return (default, (List<Limit>)[], it.Api.Adaptation.Searches && !it.isTold ? it.Api.Adaptation.RefusedNeedsLock(scheduler, it.scope, it.attempt.SentAt, it.resumes, now) : null);
        });
        if (pace is { } perMille && _isPaceTold.TryAdd(scope, true))
            engine.Notice($"{scope.Name} refused ({outcome.Status}) and does not say how much it allows: trying {perMille / 1000m:0.#}/s, and more while it goes well");
        if (blame.CameLate && api.Terms.Timing == LimitTiming.Bounded)
        {
            ChangeBound(static terms => terms.Double());
            engine.Notice($"{api.Name} refused ({outcome.Status}) within the allowed rate of {scope.Name}: requests may arrive later than assumed, so the bound is now {Duration.Format(TimeSpan.FromMilliseconds(api.Terms.Bound / Clock.Millisecond))}");
        }
        if (blame.Smoothed is { } counters)
            TellTwoWindows(attempt, scope, before, counters);
    }

    /// <summary>Changes what one refusal says of the limits under the lock in which they were looked at: another answer may change them as well.</summary>
    private static ((bool CameLate, IReadOnlyList<Limit>? Smoothed) Blame, List<Limit> Before, long? Pace) BlameNeedsLock(Scheduler scheduler, Upstream api, Scope scope, Attempt attempt, long now)
    {
        List<Limit> before = [.. scope.Limits];
        var blame = scope.Blame(attempt.SentAt, mayBeBusy: attempt.Status == 503, now);
        if (blame.Smoothed is { } counters)
        {
            scope.Change(counters, now);
            scheduler.Changed(api.Gates.All, now);
        }
        return (blame, before, null);
    }

    private void TellTwoWindows(Attempt attempt, Scope scope, List<Limit> before, IReadOnlyList<Limit> counters)
    {
        // What the server only told nobody has promised, however strictly it is kept.
        var declared = _dispatcher.Read(scope, static (_, scope, _) => (IReadOnlyList<Limit>)[.. scope.Declared]);
        if (declared.Count > 0)
            engine.WriteLimits(api, NameOf(attempt, scope), declared);
        engine.Learned(new Lesson(scope, engine.Clock.Now) { Limits = (before, counters) });
        engine.Notice($"{api.Name} refused again within the allowed rate: it seems to smooth inside the period, so its limits are now kept as {string.Join(", ", counters)}; if you know how it counts, say burst=, spaced or counter");
    }

    /// <summary>What the ledger calls a scope.</summary>
    private string NameOf(Attempt attempt, Scope scope) => scope == api.Scope ? api.Name
        : attempt.Permit.Key is { } key && scope == key.Scope ? $"{api.Name}/key:{key.Name}"
        : attempt.Permit.Lane.Gate.Own is { } own && scope == own.Scope ? $"{api.Name}/key:{own.Name}"
        : attempt.Permit.Proxy is { } way && scope == way.Scope ? api.Exits.NameOf(way.Exit)
        : scope.Name;
}
