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
    private readonly bool _withDurations;
    private readonly Scheduler _scheduler = new();
    private readonly WallTime _ours;
    private readonly Scope _total;
    private readonly Dictionary<Upstream, Gate> _gates = [];
    private readonly Dictionary<Scope, (Scope Copy, KeyPool? Pool, PoolKey? Key)> _copies = [];
    private readonly Dictionary<Permit, int> _asked = [];

    /// <summary>The later attempts of lines that had several.</summary>
    private readonly Dictionary<uint, Queue<int>> _followers = [];
    private readonly PriorityQueue<Due, (long At, long Order)> _events = new();
    private List<SentOnce> _sent = [];
    private long _order;

    public Replay(Engine engine, long startedAt, bool withDurations)
    {
        (_engine, _startedAt, _withDurations, _ours) = (engine, startedAt, withDurations, WallTime.Ours(engine.Clock));
        _total = Copy(engine.Total, engine.Total.Terms);
    }

    private enum Step
    {
        Answer,
        End,
        Ask,
        Hold,
    }

    /// <summary>The span from the start to the end of the last attempt, in nanoseconds.</summary>
    /// <param name="sent">The attempts in the order in which they were sent.</param>
    /// <param name="holds">The pauses the server asked for.</param>
    public long Run(List<SentOnce> sent, IEnumerable<(Scope Scope, long At, long Until)> holds)
    {
        _sent = sent;
        Prepare(holds);
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
            if (wake == LimitState.Never || (next == sent.Count && _asked.Count == 0 && _followers.Count == 0))
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

    private void Prepare(IEnumerable<(Scope Scope, long At, long Until)> holds)
    {
        for (var index = 0; index < _sent.Count; index++)
        {
            var sent = _sent[index];
            GateOf(sent.Api);
            if (sent.AfterUs >= 0)
            {
                if (!_followers.TryGetValue(sent.Line, out var queue))
                    _followers.Add(sent.Line, queue = new Queue<int>());
                queue.Enqueue(index);
            }
            else if (sent.Earliest > _startedAt)
                At(sent.Earliest, new Due(Step.Ask, null, index));
        }
        foreach (var (scope, at, until) in holds)
            if (_copies.ContainsKey(scope))
                At(at, new Due(Step.Hold, null, 0, scope, until));
    }

    /// <summary>Nothing but limits kept it back.</summary>
    private bool IsFree(in SentOnce sent) => sent.AfterUs < 0 && sent.Earliest <= _startedAt;

    private void Ask(int index, long now)
    {
        var sent = _sent[index];
        _asked[_scheduler.Enqueue(GateOf(sent.Api), new LaneKey(sent.Cost, RequestPriority.Medium, null, null), now, LimitState.Never)] = index;
    }

    private bool TakeGranted(long now)
    {
        if (_scheduler.Told.Granted.Count == 0)
            return false;
        foreach (var permit in _scheduler.Told.Granted.ToList())
        {
            var sent = _sent[_asked[permit]];
            _scheduler.Sent(permit, now);
            At(now + (_withDurations ? sent.AnswerUs * Clock.Microsecond : 0), new Due(Step.Answer, permit, 0));
            At(now + (_withDurations ? sent.EndUs * Clock.Microsecond : 0), new Due(Step.End, permit, 0));
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
            case Step.Hold:
                var (copy, pool, key) = _copies[due.Scope!];
                copy.Hold!.Set(due.Until, copy.ReleaseGap(), copy.ReleaseTime());
                pool?.Touch(key!, now);
                break;
            case Step.Answer when _withDurations && _sent[_asked[due.Permit!]].IsLost:
                _scheduler.Lost(due.Permit!, now);
                break;
            case Step.Answer:
                _scheduler.Answered(due.Permit!, now);
                break;
            default:
                _scheduler.Ended(due.Permit!, null, now);
                _asked.Remove(due.Permit!, out var index);
                Follow(_sent[index].Line, now);
                break;
        }
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

    private Gate GateOf(Upstream api)
    {
        if (_gates.TryGetValue(api, out var gate))
            return gate;
        var terms = _withDurations ? new ArrivalTerms(api.Terms.Timing, api.Terms.Bound, api.Terms.Straggle) : ArrivalTerms.Nominal;
        var scope = Copy(api.Scope, terms);
        scope.Add(new ConcurrencyCap(_engine.Concurrency, slowStart: false));
        KeyPool? pool = null;
        if (api.Keys is { } keys)
        {
            var copies = keys.Keys.Select(key => (Key: key, Copy: new PoolKey(key.Secret, Copy(key.Scope, terms)))).ToList();
            pool = new KeyPool(api.Name, copies.Select(key => key.Copy));
            foreach (var (key, copy) in copies)
                _copies[key.Scope] = (copy.Scope, pool, copy);
        }
        gate = new Gate(api.Name, [_total, scope], pool);
        _gates.Add(api, gate);
        return gate;
    }

    private Scope Copy(Scope scope, ArrivalTerms terms)
    {
        var copy = new Scope(scope.Name, scope.Limits, terms, _ours, scope.Server);
        SendJournal.Restore(copy, _engine.Journal.PastOf(scope), _startedAt);
        _copies[scope] = (copy, null, null);
        return copy;
    }

    /// <param name="Step">What happens.</param>
    /// <param name="Permit">To whom, for an answer and an end.</param>
    /// <param name="Index">Which attempt asks.</param>
    /// <param name="Scope">Which scope is held.</param>
    /// <param name="Until">And until when.</param>
    private readonly record struct Due(Step Step, Permit? Permit, int Index, Scope? Scope = null, long Until = 0);
}
