using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>A gate under load whose limits become others at any moment, and servers of our own that count what arrives under each set of them.</summary>
internal sealed class ChangingWorld
{
    private const long Start = 1_000 * Clock.Second;
    private const long Bound = 250 * Clock.Millisecond;

    private static readonly string[] Limits =
    [
        "10/s", "30/s", "3/s", "100/10s", "7/2s", "5 bucket 10/s", "20 bucket 5/s", "10/s spaced", "4 concurrent", "10 concurrent", "40/s counter",
        "50/10s fixed", "300 tokens/s", "2000 tokens/10s",
    ];

    private readonly Random _random;
    private readonly LimitTiming _timing;
    private readonly bool _isRecorded;
    private readonly ArrivalTerms _terms;
    private readonly Scheduler _scheduler = new();
    private readonly UnderWay _underWay = new(new LimitEras(new Clock(TimeProvider.System)), 0);
    private readonly Gate _gate;
    private readonly List<Scope> _scopes;
    private readonly List<Epoch> _epochs = [];
    private readonly PriorityQueue<Action, long> _events = new();
    private readonly Dictionary<Permit, Story> _stories = [];
    private long _now = Start;

    public ChangingWorld(Random random, LimitTiming timing, bool isRecorded)
    {
        (_random, _timing, _isRecorded) = (random, timing, isRecorded);
        _terms = timing == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(timing, Bound, Clock.Second);
        _scopes = [.. ((string[])["total", "api"]).Select(name => new Scope(name, Some(), _terms, new WallTime(0, 0, isKnown: true)))];
        _gate = new Gate("gate", _scopes) { UnderWay = _underWay };
        foreach (var scope in _scopes)
            _epochs.Add(new Epoch(scope, long.MinValue, [.. scope.Limits], [.. scope.Limits]));
    }

    public int Granted => _stories.Values.Count(story => story.GrantedAt > 0);

    /// <summary>Half a minute in which much is asked for and limits are changed again and again; then everything runs out.</summary>
    public void Live()
    {
        for (var count = 0; count < 300; count++)
            At(Start + _random.NextInt64(30 * Clock.Second), Ask);
        for (var count = 0; count < 8; count++)
            At(Start + _random.NextInt64(30 * Clock.Second), Change);
        while (Math.Min(_scheduler.NextWake, _events.TryPeek(out _, out var at) ? at : LimitState.Never) is var next && next < Start + 20_000 * Clock.Second)
        {
            Assert.True(next >= _now, $"woken {_now - next} ns in the past");
            _now = next;
            while (_events.TryPeek(out var action, out at) && at <= _now)
                _events.Dequeue().Invoke();
            Settle();
        }
        Assert.True(_scheduler.Waiting == 0, $"{_scheduler.Waiting} wait for ever");
        Assert.Empty(_underWay.All);
        foreach (var checkpoint in _scopes.SelectMany(scope => scope.Checkpoints))
            Assert.True(checkpoint.State.IsIdle(Start + 20_000 * Clock.Second), $"{checkpoint.Describe()} holds something for ever");
        foreach (var epoch in _epochs)
            foreach (var limit in epoch.Limits)
                Judge(epoch, limit);
    }

    private void Change()
    {
        var scope = _scopes[_random.Next(_scopes.Count)];
        var before = _epochs.FindLast(epoch => epoch.Scope == scope)!;
        // Often only some of them, as people do.
        var limits = _random.Chance(0.5) && before.Limits.Count > 0 ? [.. before.Limits.Skip(1), .. Some().Take(1)] : Some();
        var added = scope.Declare(limits, _terms, _now, _isRecorded ? state => ScopeMemory.Restore(state, Recorded(), _now) : null);
        foreach (var limit in added)
            limit.Join(_underWay, _ => true, _now);
        _scheduler.Changed(_gate, _now);
        // Without a record a limit knows what came before only from one that counted the same.
        var known = _isRecorded ? limits : limits.Where(limit => before.Known.Any(old => IsAlike(old, limit)));
        _epochs.Add(new Epoch(scope, _now, limits, [.. known]));

        static bool IsAlike(Limit one, Limit other) => one.Unit == other.Unit && (one.Algorithm == LimitAlgorithm.Concurrent) == (other.Algorithm == LimitAlgorithm.Concurrent);
    }

    /// <summary>What a file would say of those that have ended.</summary>
    private ScopePast Recorded() => new()
    {
        Sends = [.. _stories.Where(pair => pair.Value.HasEnded && pair.Value.SentAt > 0).Select(pair => new PastSend
        {
            SentNs = pair.Value.SentAt,
            LateNs = pair.Value.Late,
            WallSentNs = pair.Value.SentAt,
            WallLateNs = pair.Value.Late,
            Costs = [new UnitCost(Limit.Requests, pair.Value.Actual.Requests), new UnitCost("tokens", pair.Value.Actual.In("tokens"))],
        }).OrderBy(send => send.LateNs)],
    };

    private void Ask()
    {
        var tokens = _random.Chance(0.3) ? new Dictionary<string, long> { ["tokens"] = _random.Next(1, 200) } : null;
        var permit = new Permit(Cost.Of(_random.Chance(0.1) ? 2 : 1, tokens), LimitState.Never);
        _stories.Add(permit, new Story());
        _scheduler.Enqueue(permit, _gate, new LaneKey(permit.Cost, (RequestPriority)_random.Next(1, 6), null, null), _now);
    }

    private void Settle()
    {
        do
        {
            _scheduler.Run(_now);
            var told = _scheduler.TakeTold(new Told());
            foreach (var permit in told.Granted)
                Go(permit, _stories[permit]);
        }
        while (!_scheduler.Told.IsEmpty);
    }

    private void Go(Permit permit, Story story)
    {
        (story.GrantedAt, story.Actual) = (_now, permit.Cost);
        var connect = _random.Chance(0.5) ? _random.NextInt64(100 * Clock.Millisecond) : 0;
        if (_random.Chance(0.05))
            At(_now + connect, () => _scheduler.Return(permit, _now));
        else
            At(_now + connect, () => Send(permit, story));
    }

    private void Send(Permit permit, Story story)
    {
        _scheduler.Sent(permit, _now);
        story.SentAt = _now;
        var latency = _random.Chance(0.2) ? _random.NextInt64(3 * Clock.Second) : _random.NextInt64(200 * Clock.Millisecond);
        var (isLost, body) = (_random.Chance(0.07), _random.NextInt64(300 * Clock.Millisecond));
        var latest = _timing switch
        {
            LimitTiming.Nominal => _now,
            LimitTiming.Bounded => Math.Min(_now + _terms.Bound, _now + latency),
            _ => _now + latency + (isLost ? _terms.Straggle : 0),
        };
        story.Arrival = _now + _random.NextInt64(latest - _now + 1);
        story.End = _now + latency + (isLost ? 0 : body);
        if (!isLost && permit.Cost.In("tokens") is var tokens and > 0)
            story.Actual = Cost.Of(permit.Cost.Requests, new Dictionary<string, long> { ["tokens"] = _random.NextInt64(tokens) + 1 });
        At(_now + latency, () =>
        {
            story.Late = _timing == LimitTiming.Nominal ? story.SentAt : isLost ? _now + _terms.Straggle : _timing == LimitTiming.Bounded ? Math.Min(_now, story.SentAt + _terms.Bound) : _now;
            story.HasEnded = isLost;
            if (isLost)
                _scheduler.Lost(permit, _now);
            else
                _scheduler.Answered(permit, _now);
        });
        if (!isLost)
            At(story.End, () =>
            {
                // What is settled at the end is recorded as of then.
                (story.HasEnded, story.Late) = (true, permit.Cost.Others.Length > 0 ? _now : story.Late);
                _scheduler.Ended(permit, story.Actual, _now);
            });
    }

    private void Judge(Epoch epoch, Limit limit)
    {
        var until = _epochs.SkipWhile(other => other != epoch).Skip(1).FirstOrDefault(other => other.Scope == epoch.Scope)?.From ?? long.MaxValue;
        var counted = _stories.Values.Where(story => story.SentAt > 0 && story.GrantedAt < until && (limit.Unit == Limit.Requests || story.Actual.In(limit.Unit) > 0)).ToList();
        var knows = epoch.From == long.MinValue || epoch.Known.Contains(limit);
        var history = string.Join(" -> ", _epochs.Where(other => other.Scope == epoch.Scope).Select(other => $"[{string.Join(", ", other.Limits)}] at {other.From - Start}"));
        if (limit.Algorithm == LimitAlgorithm.Concurrent)
        {
            foreach (var story in counted.Where(story => story.GrantedAt >= epoch.From))
                Assert.True(counted.Where(other => other.Arrival <= story.Arrival && other.End > story.Arrival).Sum(other => other.Actual.Requests) <= limit.Amount, $"{history}: more than {limit}");
            return;
        }
        var arrivals = counted.Select(story => new Arrival(limit.Unit == Limit.Requests ? story.Arrival : story.End, limit.Unit == Limit.Requests ? story.Actual.Requests : story.Actual.In(limit.Unit), story.SentAt, story.GrantedAt < epoch.From))
            .Where(arrival => knows || arrival.At >= epoch.From).OrderBy(arrival => arrival.At);
        if (ChangeTests.Server(_random, limit).Refuses(arrivals) is { } refusal)
            Assert.Fail($"{history}: {limit} since {epoch.From - Start}, {_timing}{(_isRecorded ? ", recorded" : "")}: {refusal}");
    }

    private List<Limit> Some() => [.. Enumerable.Range(0, _random.Next(0, 4)).Select(_ => Limit.Parse(Limits[_random.Next(Limits.Length)])).DistinctBy(limit => (limit.Unit, limit.Algorithm))];

    private void At(long time, Action action) => _events.Enqueue(action, time);

    private sealed record Epoch(Scope Scope, long From, IReadOnlyList<Limit> Limits, IReadOnlyList<Limit> Known);

    private sealed class Story
    {
        public long GrantedAt { get; set; }

        public long SentAt { get; set; }

        public long Arrival { get; set; }

        /// <summary>When its body was read.</summary>
        public long End { get; set; }

        /// <summary>When it had arrived at the latest, as is recorded.</summary>
        public long Late { get; set; }

        public bool HasEnded { get; set; }

        public Cost Actual { get; set; } = Cost.One;
    }
}
