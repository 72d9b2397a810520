using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Quotas;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// Limits that the answers of one API tell of: learned where none is configured, and what others use of a key charged to the limits that
/// are known. Everything ending in NeedsLock is for whoever holds the dispatcher's lock; the rest is thread-safe.
/// </summary>
internal sealed class QuotaLearning(Upstream api, Engine engine)
{
    /// <summary>No more of a scope are told apart: what a server names is its own choice.</summary>
    private const int MostQuotas = 64;

    private readonly Dictionary<Scope, Dictionary<string, Known>> _known = [];

    /// <summary>Learns from what an answer tells.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="told">What its answer tells.</param>
    /// <returns>Whether a limit is known that speaks of what was refused, so that nobody has to search for one.</returns>
    public bool From(Attempt attempt, QuotaReport told)
    {
        var isKnown = false;
        foreach (var quota in told.Quotas)
        {
            if (ScopeOf(attempt, told) is not { } scope)
                continue;
            var (change, knows, settled) = engine.Dispatcher.Change((Learning: this, attempt, told, quota, scope), static (scheduler, it, now) =>
                it.Learning.FromNeedsLock(scheduler, it.scope, it.attempt, it.told, it.quota, now));
            isKnown |= knows;
            if (change is { } learned)
                Tell(scope, learned.Before, learned.After, learned.IsFirst);
            else if (settled is not null)
                engine.Notice($"learned from its answers: {scope.Name} allows {settled} now");
        }
        return isKnown;
    }

    /// <summary>Nothing is sent in a scope any more.</summary>
    public void Forget(Scope scope) => engine.Dispatcher.Change((_known, scope), static (_, it, _) => it._known.Remove(it.scope));

    /// <summary>
    /// Of whose limits a quota speaks: the key's where there are keys, the exit's where there are proxies, else the API's. A part of the API that the server names
    /// (<c>search</c> at GitHub) has its own; which requests belong to it only the routes of the configuration tell.
    /// </summary>
    private Scope? ScopeOf(Attempt attempt, QuotaReport told)
    {
        var gate = attempt.Permit.Lane.Gate;
        if (told.Resource is { } resource && !told.IsGlobal && IsPart(resource, gate))
            return api.Gates.RouteOf(gate);
        return attempt.Permit.Key?.Scope ?? gate.Own?.Scope ?? attempt.Permit.Proxy?.Scope ?? api.Scope;
    }

    /// <summary>The first part of an API that is named for a request of no route is the usual one.</summary>
    private bool IsPart(string resource, Gate gate) =>
        (gate == api.Gates.Usual ? Interlocked.CompareExchange(ref _usual, resource, null) ?? resource : Volatile.Read(ref _usual)) != resource;

    private string? _usual;

    /// <returns>The limits that have changed; whether one is known; the one that has held for a while and was not told yet.</returns>
    private ((IReadOnlyList<Limit> Before, Limit After, bool IsFirst)? Change, bool IsKnown, Limit? Settled) FromNeedsLock(Scheduler scheduler, Scope scope, Attempt attempt, QuotaReport told, Quota quota, long now)
    {
        if (!_known.TryGetValue(scope, out var quotas))
            _known.Add(scope, quotas = []);
        if (!quotas.TryGetValue(quota.Name, out var known))
        {
            if (quotas.Count >= MostQuotas)
                return (null, false, null);
            quotas.Add(quota.Name, known = new Known());
        }
        var lesson = known.Model.Learn(quota, attempt.SentAt, now);
        if (told.Refused && quota.Remaining is null or 0)
            lesson = known.Model.Refused(quota, told.RetryAfter, attempt.SentAt, now) ?? lesson;
        if (DeclaredNeedsLock(scope, quota) is { } declared)
            known.Place = declared;
        else if (lesson is not null && api.Configuration.Policy.Learns)
        {
            IReadOnlyList<Limit> before = [.. scope.Limits];
            // Beside what was declared, which the server does not overrule.
            known.Place = known.Learned = scope.Learn(known.Learned, lesson.Limit, fresh => lesson.Begin(fresh, UnderWay(attempt, quota.Unit), api.Terms.Bound, now), now);
            scheduler.Changed(api.Gates.All, now);
            known.Forget();
            // What was sent before this was known says nothing of it by being refused.
            scope.RefusalsCountFrom = now;
            known.Changed(lesson, now);
            return ((before, lesson.Limit, lesson.IsFirst), true, null);
        }
        ChargeForeignNeedsLock(known, attempt, quota, now);
        return (null, known.Place is not null, known.Settled(now));
    }

    /// <summary>The configured limit that a quota is about: of the same unit and amount.</summary>
    private static Checkpoint? DeclaredNeedsLock(Scope scope, Quota quota)
    {
        foreach (var checkpoint in scope.Checkpoints)
            if (!checkpoint.State.CountsAttempts && !checkpoint.IsLearned && checkpoint.State.Limit.Unit == quota.Unit && checkpoint.State.Limit.Amount == quota.Limit)
                return checkpoint;
        return null;
    }

    /// <summary>Others who use the same key leave less for us.</summary>
    private static void ChargeForeignNeedsLock(Known known, Attempt attempt, Quota quota, long now)
    {
        if (known.Place is not { } place || place.State.Limit.Algorithm is LimitAlgorithm.Concurrent or LimitAlgorithm.Spaced)
            return;
        var state = place.State;
        if (known.MostOfOurs(state, attempt.SentAt) is { } ours && known.Model.Foreign(quota, ours) is var foreign && foreign > state.Limit.Amount / 50)
            state.Restore(Math.Min(foreign, state.Whole), known.Model.UsedAt(quota, now), now);
        known.Note(state, now);
    }

    /// <summary>What is in flight and may not be counted yet; of several keys all of it may be this one's.</summary>
    private long UnderWay(Attempt attempt, string unit) => api.Cap.InFlight * Math.Max(1, attempt.Permit.Cost.In(unit));

    private void Tell(Scope scope, IReadOnlyList<Limit> before, Limit after, bool isFirst)
    {
        engine.Learned(new Lesson(scope, engine.Clock.Now) { Limits = (before, engine.Dispatcher.Read(scope, static (_, scope, _) => (IReadOnlyList<Limit>)[.. scope.Limits])) });
        engine.Journal.WriteLearned(scope.Name, after);
        if (isFirst)
            engine.Notice($"learned from its answers: {scope.Name} allows {after}");
    }

    /// <summary>One quota.</summary>
    private sealed class Known
    {
        /// <summary>So many looks at the state are remembered, for attempts that take long.</summary>
        private const int Looks = 64;

        private readonly (long At, long Held, long Taken)[] _looks = new (long, long, long)[Looks];
        private int _next;
        private Limit? _now;
        private Limit? _told;
        private long _since;

        public QuotaModel Model { get; } = new();

        /// <summary>The limit that keeps to it, learned or declared; null while none does.</summary>
        public Checkpoint? Place { get; set; }

        /// <summary>The limit that was learned from it; null for none.</summary>
        public Checkpoint? Learned { get; set; }

        public void Forget() => Array.Clear(_looks);

        /// <summary>Of what changes again within a second people need not hear.</summary>
        public void Changed(QuotaLesson lesson, long now) => (_now, _since, _told) = (lesson.Limit, now, lesson.IsFirst ? lesson.Limit : _told);

        public Limit? Settled(long now)
        {
            if (_now == _told || now - _since < Clock.Second)
                return null;
            return _told = _now;
        }

        public void Note(LimitState state, long now)
        {
            var last = _looks[(_next + Looks - 1) % Looks];
            // Thick enough for quick answers, and far enough back for slow ones.
            if (last.At != 0 && now - last.At < 20 * Clock.Millisecond)
                return;
            _looks[_next] = (now, state.Whole - state.Available(now), state.Taken);
            _next = (_next + 1) % Looks;
        }

        /// <summary>The most of ours that the server can have counted for an attempt: what was held when it was sent, and all that was taken since; null if that is not known.</summary>
        public long? MostOfOurs(LimitState state, long sentAt)
        {
            (long At, long Held, long Taken)? before = null;
            foreach (var look in _looks)
                if (look.At != 0 && look.At <= sentAt && !(before?.At > look.At))
                    before = look;
            return before is { } known ? known.Held + state.Taken - known.Taken : null;
        }
    }
}
