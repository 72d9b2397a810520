using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// The best possible: when the same attempts, each as long as it was, would have ended through the same arithmetic with no time lost in
/// between. Thread-safe while it collects.
/// </summary>
internal sealed class Bound(Clock clock)
{
    /// <summary>An attempt in a replay asks when the one so many before it was granted: lanes need no more than their first waiter.</summary>
    private const int LookAhead = 64;

    private readonly Lock _lock = new();
    private readonly List<Sent> _sent = [];

    public void Add(Attempt attempt)
    {
        if (!attempt.WasSent)
            return;
        var sent = new Sent(attempt.Upstream, attempt.Permit.Key, attempt.Permit.Cost, attempt.SentAt, (int)((attempt.AnsweredAt - attempt.SentAt) / Clock.Microsecond), (int)((attempt.EndedAt - attempt.SentAt) / Clock.Microsecond), attempt.IsLost);
        lock (_lock)
            _sent.Add(sent);
    }

    /// <summary>The span from the first permit asked for to the end of the last attempt, at best, in nanoseconds; null if no limit of rate was in the way.</summary>
    /// <param name="engine">Its APIs, with the limits they have now.</param>
    /// <param name="startedAt">When the first permit was asked for.</param>
    /// <param name="withDurations">As they were, or (nominal) none.</param>
    public long? Of(Engine engine, long startedAt, bool withDurations)
    {
        var apis = engine.Upstreams.Where(api => api.Scope.Limits.Any() || engine.Total.Limits.Any() || (api.Keys?.Keys.Any(key => key.Scope.Limits.Any()) ?? false)).ToList();
        if (apis.Count == 0)
            return null;
        var replay = new Replay(engine, clock, withDurations);
        lock (_lock)
            return replay.Run([.. _sent.Where(sent => apis.Contains(sent.Api)).OrderBy(sent => sent.SentAt)], startedAt);
    }

    private readonly record struct Sent(Upstream Api, PoolKey? Key, Cost Cost, long SentAt, int AnswerUs, int EndUs, bool IsLost);

    /// <summary>Gates like those of the run, with the time in our hand.</summary>
    private sealed class Replay
    {
        private readonly Engine _engine;
        private readonly bool _withDurations;
        private readonly Scheduler _scheduler = new();
        private readonly WallTime _ours;
        private readonly Scope _total;
        private readonly Dictionary<Upstream, Gate> _gates = [];
        private readonly Dictionary<Permit, Sent> _asked = [];
        private readonly PriorityQueue<(Permit Permit, bool IsEnd), (long At, bool IsEnd)> _events = new();

        public Replay(Engine engine, Clock clock, bool withDurations)
        {
            (_engine, _withDurations, _ours) = (engine, withDurations, WallTime.Ours(clock));
            _total = Copy(engine.Total, engine.Total.Terms, 0);
        }

        public long Run(List<Sent> sent, long startedAt)
        {
            var (now, next, last) = (startedAt, 0, startedAt);
            while (true)
            {
                for (; next < sent.Count && _scheduler.Waiting < LookAhead * Math.Max(1, _gates.Count); next++)
                    _asked[_scheduler.Enqueue(GateOf(sent[next].Api, startedAt), new LaneKey(sent[next].Cost, RequestPriority.Medium, null, null), now, LimitState.Never)] = sent[next];
                _scheduler.Run(now);
                if (TakeGranted(now))
                    continue;
                var wake = Math.Min(_scheduler.NextWake, _events.TryPeek(out _, out var soonest) ? soonest.At : LimitState.Never);
                if (wake == LimitState.Never)
                    return last - startedAt;
                now = Math.Max(now, wake);
                while (_events.TryPeek(out var due, out var at) && at.At <= now)
                {
                    _events.Dequeue();
                    last = Math.Max(last, at.At);
                    Happen(due.Permit, due.IsEnd, now);
                }
            }
        }

        private bool TakeGranted(long now)
        {
            if (_scheduler.Told.Granted.Count == 0)
                return false;
            foreach (var permit in _scheduler.Told.Granted.ToList())
            {
                _asked.TryGetValue(permit, out var sent);
                _scheduler.Sent(permit, now);
                _events.Enqueue((permit, false), (now + (_withDurations ? sent.AnswerUs * Clock.Microsecond : 0), false));
                _events.Enqueue((permit, true), (now + (_withDurations ? sent.EndUs * Clock.Microsecond : 0), true));
            }
            _scheduler.Told.Granted.Clear();
            return true;
        }

        private void Happen(Permit permit, bool isEnd, long now)
        {
            var isLost = _asked[permit].IsLost && _withDurations;
            if (isLost && !isEnd)
                _scheduler.Lost(permit, now);
            else if (!isEnd)
                _scheduler.Answered(permit, now);
            else
            {
                _scheduler.Ended(permit, null, now);
                _asked.Remove(permit);
            }
        }

        private Gate GateOf(Upstream api, long startedAt)
        {
            if (_gates.TryGetValue(api, out var gate))
                return gate;
            var terms = _withDurations ? new ArrivalTerms(api.Terms.Timing, api.Terms.Bound, api.Terms.Straggle) : ArrivalTerms.Nominal;
            var scope = Copy(api.Scope, terms, startedAt);
            scope.Add(new ConcurrencyCap(_engine.Concurrency, slowStart: false));
            var keys = api.Keys is { } pool ? new KeyPool(api.Name, pool.Keys.Where(key => key.DeadReason is null || _engine.Upstreams.Any()).Select(key => new PoolKey(key.Secret, Copy(key.Scope, terms, startedAt)))) : null;
            gate = new Gate(api.Name, [_total, scope], keys);
            _gates.Add(api, gate);
            return gate;
        }

        private Scope Copy(Scope scope, ArrivalTerms terms, long startedAt)
        {
            var copy = new Scope(scope.Name, scope.Limits, terms, _ours, scope.Server, canBeHeld: false);
            SendJournal.Restore(copy, _engine.Journal.PastOf(scope), startedAt);
            return copy;
        }
    }
}
