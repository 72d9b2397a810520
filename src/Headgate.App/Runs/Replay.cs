using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>Gates like those of a run, with the time in our hand: the same attempts again, each asked for as soon as it could be.</summary>
internal sealed class Replay
{
    /// <summary>So many attempts wait at once for each API: lanes need no more than their first waiter.</summary>
    private const int LookAhead = 64;

    private readonly Engine _engine;
    private readonly long _startedAt;
    private readonly BoundKind _kind;
    private readonly IReadOnlyList<Lesson> _lessons;
    private readonly Scheduler _scheduler = new();
    private readonly WallTime _ours;
    private readonly Scope _total;

    /// <summary>Each attempt goes through the exit that it went through: for each there is a gate of its own.</summary>
    private readonly Dictionary<(Gate Gate, Scope? Exit), Gate> _gates = [];
    private readonly Dictionary<Upstream, Rebuilt> _apis = [];
    private readonly Dictionary<Scope, Copied> _copies = [];
    private readonly Dictionary<Permit, int> _asked = [];

    /// <summary>The later attempts of lines that had several.</summary>
    private readonly Dictionary<uint, Queue<int>> _followers = [];
    private readonly PriorityQueue<Due, (long At, long Order)> _events = new();
    private List<SentOnce> _sent = [];
    private long _order;

    /// <summary>Attempts that have not ended.</summary>
    private int _left;

    public Replay(Engine engine, long startedAt, BoundKind kind, IReadOnlyList<Lesson> lessons)
    {
        (_engine, _startedAt, _kind, _lessons, _ours) = (engine, startedAt, kind, lessons, WallTime.Ours(engine.Clock));
        _total = Copy(engine.Total, engine.Total.Terms);
    }

    private bool HasDurations => _kind != BoundKind.Nominal;

    private enum Step
    {
        Answer,
        End,
        Ask,
        Learn,
    }

    /// <summary>The span from the start to the end of the last attempt, in nanoseconds.</summary>
    /// <param name="sent">The attempts in the order in which they were sent.</param>
    public long Run(List<SentOnce> sent)
    {
        (_sent, _left) = (sent, sent.Count);
        Prepare();
        var (now, next, last) = (_startedAt, 0, _startedAt);
        while (true)
        {
            for (; next < sent.Count && _scheduler.Waiting < LookAhead * Math.Max(1, _gates.Count); next++)
                if (IsFree(sent[next]))
                    Ask(next, now);
            _scheduler.Run(now);
            if (TakeGranted(now))
                continue;
            var wake = Math.Min(_scheduler.NextWake, _events.TryPeek(out _, out var soonest) ? soonest.At : LimitState.Never);
            if (_left == 0 || wake == LimitState.Never)
                return last - _startedAt;
            now = Math.Max(now, wake);
            while (_events.TryPeek(out var due, out var at) && at.At <= now)
            {
                _events.Dequeue();
                Happen(due, now);
                if (due.Step == Step.End)
                    last = now;
            }
        }
    }

    private void Prepare()
    {
        for (var index = 0; index < _sent.Count; index++)
        {
            var sent = _sent[index];
            GateOf(sent);
            if (sent.AfterUs >= 0)
            {
                if (!_followers.TryGetValue(sent.Line, out var queue))
                    _followers.Add(sent.Line, queue = new Queue<int>());
                queue.Enqueue(index);
            }
            else if (sent.Earliest > _startedAt)
                At(sent.Earliest, new Due(Step.Ask, null, index));
        }
        foreach (var lesson in _lessons)
            if (_copies.ContainsKey(lesson.Scope))
                At(lesson.At, new Due(Step.Learn, null, 0, lesson));
    }

    /// <summary>Nothing but limits kept it back.</summary>
    private bool IsFree(in SentOnce sent) => sent.AfterUs < 0 && sent.Earliest <= _startedAt;

    private void Ask(int index, long now)
    {
        var sent = _sent[index];
        _asked[_scheduler.Enqueue(GateOf(sent), new LaneKey(sent.Cost, RequestPriority.Medium, null, null), now, LimitState.Never)] = index;
    }

    private bool TakeGranted(long now)
    {
        if (_scheduler.Told.Granted.Count == 0)
            return false;
        foreach (var permit in _scheduler.Told.Granted.ToList())
        {
            var sent = _sent[_asked[permit]];
            _scheduler.Sent(permit, now);
            At(now + (HasDurations ? sent.AnswerUs * Clock.Microsecond : 0), new Due(Step.Answer, permit, 0));
            At(now + (HasDurations ? sent.EndUs * Clock.Microsecond : 0), new Due(Step.End, permit, 0));
        }
        _scheduler.Told.Granted.Clear();
        return true;
    }

    private void Happen(in Due due, long now)
    {
        switch (due.Step)
        {
            case Step.Ask:
                Ask(due.Index, now);
                break;
            case Step.Learn:
                Learn(due.Lesson!, now);
                break;
            case Step.Answer when HasDurations && _sent[_asked[due.Permit!]].IsLost:
                _scheduler.Lost(due.Permit!, now);
                break;
            case Step.Answer:
                _scheduler.Answered(due.Permit!, now);
                break;
            default:
                _scheduler.Ended(due.Permit!, null, now);
                _asked.Remove(due.Permit!, out var index);
                _left--;
                Follow(_sent[index].Line, now);
                break;
        }
    }

    /// <summary>What the run knew from then on, the replay knows too.</summary>
    private void Learn(Lesson lesson, long now)
    {
        var (scope, terms, pool, key) = _copies[lesson.Scope];
        if (lesson.HeldUntil is { } until)
            scope.Hold!.Set(until, scope.ReleaseGap(), scope.ReleaseTime());
        if (lesson.Bound is { } bound && terms.Timing == LimitTiming.Bounded)
            terms.Learn(bound.After / 4);
        if (lesson.Limits is { } limits)
        {
            scope.Change(limits.After, now);
            foreach (var gate in _gates.Values.Where(gate => gate.Scopes.Contains(scope) || (key is not null && gate.Keys == pool)))
                _scheduler.Changed(gate, now);
        }
        if (key is not null)
            pool!.Touch(key, now);
    }

    private void Follow(uint line, long now)
    {
        if (!_followers.TryGetValue(line, out var queue))
            return;
        var index = queue.Dequeue();
        if (queue.Count == 0)
            _followers.Remove(line);
        At(now + _sent[index].AfterUs * Clock.Microsecond, new Due(Step.Ask, null, index));
    }

    private void At(long at, Due due) => _events.Enqueue(due, (at, _order++));

    private Gate GateOf(in SentOnce sent)
    {
        if (_gates.TryGetValue((sent.Gate, sent.Exit), out var gate))
            return gate;
        var (api, original) = (ApiOf(sent.Api), sent.Gate);
        IEnumerable<Scope> all = sent.Exit is { } exit ? [.. original.Scopes, exit] : original.Scopes;
        var scopes = all.Select(scope => scope == _engine.Total ? _total : _copies.TryGetValue(scope, out var known) ? known.Scope : Copy(scope, api.Terms));
        return _gates[(original, sent.Exit)] = new Gate(original.Name, scopes, api.Keys);
    }

    /// <summary>What all gates of an API have in common.</summary>
    private Rebuilt ApiOf(Upstream api)
    {
        if (_apis.TryGetValue(api, out var known))
            return known;
        var before = _lessons.FirstOrDefault(lesson => lesson.Scope == api.Scope && lesson.Bound is not null)?.Bound?.Before;
        var terms = _kind == BoundKind.Real ? new ArrivalTerms(api.Terms.Timing, before ?? api.Terms.Bound, api.Terms.Straggle) : ArrivalTerms.Nominal;
        var scope = Copy(api.Scope, terms);
        scope.Add(new ConcurrencyCap(_engine.Concurrency, slowStart: false));
        if (api.Configuration.Connections.Cap() is { } connections)
            scope.Add(connections);
        var keys = api.Keys?.Keys.Select(key => (Original: key.Scope, Copy: new PoolKey(key.Secret, Copy(key.Scope, terms), key.Weight))).ToList();
        var pool = keys is null ? null : new KeyPool(api.Name, keys.Select(key => key.Copy));
        foreach (var (original, copy) in keys ?? [])
            _copies[original] = new Copied(copy.Scope, terms, pool, copy);
        return _apis[api] = new Rebuilt(terms, pool);
    }

    private Scope Copy(Scope scope, ArrivalTerms terms)
    {
        // What was not known before its first lesson counts as known from the start: else all would have gone at once before it.
        var limits = _lessons.FirstOrDefault(lesson => lesson.Scope == scope && lesson.Limits is not null)?.Limits is { } first
            ? (first.Before.Count > 0 ? first.Before : first.After)
            : scope.Limits;
        var copy = new Scope(scope.Name, limits, terms, _ours, scope.Server);
        ScopeMemory.Restore(copy, _engine.Journal.PastOf(scope), _startedAt);
        _copies[scope] = new Copied(copy, terms, null, null);
        return copy;
    }

    private sealed record Rebuilt(ArrivalTerms Terms, KeyPool? Keys);

    private sealed record Copied(Scope Scope, ArrivalTerms Terms, KeyPool? Pool, PoolKey? Key);

    /// <param name="Step">What happens.</param>
    /// <param name="Permit">To whom, for an answer and an end.</param>
    /// <param name="Index">Which attempt asks.</param>
    /// <param name="Lesson">What is learned.</param>
    private readonly record struct Due(Step Step, Permit? Permit, int Index, Lesson? Lesson = null);
}
