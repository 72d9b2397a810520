using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>Random gates under random limits, with everything that can happen to those who wait and to what is sent; servers of our own count what arrives.</summary>
internal sealed class GateWorld
{
    private const long Start = 1_000 * Clock.Second;
    private const long Offset = 1_767_225_600L * Clock.Second;

    private static readonly string[] Limits =
        ["10/s", "30/s", "3/s", "100/10s", "7/2s", "5 bucket 10/s", "20 bucket 5/s", "10/s spaced", "4 concurrent", "10 concurrent", "50/10s fixed skew=0", "300 tokens/s", "2000 tokens/10s"];

    private static readonly string[] KeyLimits = ["5/s", "20/10s", "10/s", "200 tokens/s", "3 concurrent", "4 bucket 4/s"];

    private readonly Random _random;
    private readonly ArrivalTerms _terms;
    private readonly WallTime _ours = new(Offset, 0, isKnown: true);
    private readonly Dictionary<Checkpoint, ModelServer> _servers = [];
    private readonly Dictionary<Checkpoint, List<long>> _grants = [];
    private readonly List<Scope> _scopes = [];
    private readonly List<Gate> _gates = [];
    private readonly List<KeyPool> _pools = [];
    private readonly PriorityQueue<Action, long> _events = new();
    private readonly Dictionary<Permit, Story> _stories = [];
    private readonly int _seed;

    public GateWorld(int seed, LimitTiming timing, bool changes)
    {
        (_seed, _random, Changes) = (seed, new Random(seed), changes);
        _terms = timing == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(timing, 250 * Clock.Millisecond, Clock.Second);
        for (var count = _random.Next(1, 4); count > 0; count--)
            _scopes.Add(Watch(new Scope($"scope{count}", Some(Limits, 1, 3), _terms, _ours)));
        for (var count = _random.Next(1, 4); count > 0; count--)
            _gates.Add(MakeGate($"gate{count}"));
    }

    public Scheduler Scheduler { get; } = new();

    public long Now { get; private set; } = Start;

    public bool Changes { get; }

    public int Asked => _stories.Count;

    public int Granted => _stories.Values.Count(story => story.Granted);

    /// <summary>Whether the keys of some gate were all rejected, so that whoever came there was refused.</summary>
    public bool LostAllKeys => _pools.Exists(pool => pool.AllDead);

    private LimitTiming Timing => _terms.Timing;

    /// <summary>Lets so many be asked for within about half a minute, then everything run out.</summary>
    public void Live(int asks)
    {
        for (var count = 0; count < asks; count++)
            At(Start + _random.NextInt64(30 * Clock.Second), Ask);
        if (Changes)
            for (var count = 0; count < 12; count++)
                At(Start + _random.NextInt64(30 * Clock.Second), Disturb);
        Run(Start + 20_000 * Clock.Second);
        Check(Scheduler.Waiting == 0, $"{Scheduler.Waiting} still wait after hours: {Explain()}");
        Check(Scheduler.NextWake == LimitState.Never, "wakes although nobody waits");
        foreach (var (permit, story) in _stories)
            Check(story.Outcomes == 1, $"told {story.Outcomes} times, state {permit.State}");
        foreach (var (limit, server) in _servers)
        {
            Check(server.Verdict(_grants[limit]) is var wrong && wrong is null, wrong ?? "");
            Check(limit.State.IsIdle(Now), $"{server.Name} {limit.State.Limit} is not as new: something was not given back");
        }
    }

    private Gate MakeGate(string name)
    {
        KeyPool? pool = null;
        if (_random.Next(3) == 0)
        {
            var limits = Some(KeyLimits, 1, 2);
            var keys = Enumerable.Range(1, _random.Next(1, 5)).Select(number =>
                new PoolKey(new KeySecret($"{name}-key{number}", $"secret-{name}-{number}"), Watch(new Scope($"{name} key{number}", limits, _terms, _ours))));
            _pools.Add(pool = new KeyPool(name, keys));
        }
        var shares = _random.Next(4) == 0 ? new Dictionary<RequestPriority, decimal> { [RequestPriority.Low] = 0.6m, [RequestPriority.Background] = 0.3m } : null;
        return new Gate(name, _scopes.Where(_ => _random.Next(3) > 0).DefaultIfEmpty(_scopes[0]), pool, shares, _random.Next(1, 4));
    }

    private Scope Watch(Scope scope)
    {
        foreach (var checkpoint in scope.Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts && !_servers.ContainsKey(checkpoint)))
        {
            _servers.Add(checkpoint, new ModelServer(scope.Name, checkpoint.State.Limit, Offset));
            _grants.Add(checkpoint, []);
        }
        return scope;
    }

    private void Ask()
    {
        var gate = _gates[_random.Next(_gates.Count)];
        var requests = _random.Next(10) switch { 0 => 3, 1 => 2, _ => 1 };
        var tokens = _random.Next(3) == 0 ? new Dictionary<string, long> { ["tokens"] = _random.Next(1, 200) } : null;
        var priority = (RequestPriority)(_random.Next(4) == 0 ? _random.Next(1, 6) : 3);
        var sticky = gate.Keys is { AllDead: false } pool && _random.Next(3) == 0 ? pool.Keys[_random.Next(pool.Keys.Count)] : null;
        var key = new LaneKey(Cost.Of(requests, tokens), priority, _random.Next(3) == 0 ? $"t{_random.Next(3)}" : null, sticky);
        var expires = _random.Next(4) == 0 ? Now + _random.NextInt64(20 * Clock.Second) : LimitState.Never;
        var permit = new Permit(key.Cost, expires);
        _stories.Add(permit, new Story());
        Scheduler.Enqueue(permit, gate, key, Now);
        if (_random.Next(5) == 0)
            At(Now + _random.NextInt64(10 * Clock.Second), () => Cancel(permit));
    }

    private void Cancel(Permit permit)
    {
        if (Scheduler.Cancel(permit))
            _stories[permit].Outcomes++;
    }

    private void Disturb()
    {
        var scope = _scopes[_random.Next(_scopes.Count)];
        switch (_random.Next(3))
        {
            case 0:
                scope.Hold!.Set(Now + _random.NextInt64(5 * Clock.Second), scope.ReleaseGap(), scope.ReleaseTime());
                break;
            case 1 when _pools.Count > 0:
                var pool = _pools[_random.Next(_pools.Count)];
                var key = pool.Keys[_random.Next(pool.Keys.Count)];
                if (_random.Next(2) == 0)
                    Scheduler.Kill([.. _gates.Where(gate => gate.Keys == pool)], pool, key, "rejected", Now);
                else
                {
                    key.Scope.Hold!.Set(Now + _random.NextInt64(5 * Clock.Second), key.Scope.ReleaseGap(), key.Scope.ReleaseTime());
                    pool.Touch(key, Now);
                }
                break;
            default:
                ChangeLimits(scope);
                break;
        }
    }

    /// <summary>Each limit by another of its own kind, twice or half of it.</summary>
    private void ChangeLimits(Scope scope)
    {
        var by = _random.Next(2) == 0 ? 2m : 0.5m;
        var limits = scope.Limits.Select(limit => limit with
        {
            Amount = Math.Max(3, (long)(limit.Amount * by)),
            Burst = limit.Burst == 0 ? 0 : Math.Max(3, (long)(limit.Burst * by)),
        }).ToList();
        scope.Change(limits, Now);
        foreach (var checkpoint in scope.Checkpoints.Where(_servers.ContainsKey))
            _servers[checkpoint].Change(checkpoint.State.Limit, Now);
        foreach (var gate in _gates.Where(gate => gate.Scopes.Contains(scope)))
            Scheduler.Changed(gate, Now);
    }

    private void At(long time, Action action) => _events.Enqueue(action, time);

    private void Run(long end)
    {
        for (var steps = 0; ; steps++)
        {
            var next = Math.Min(Scheduler.NextWake, _events.TryPeek(out _, out var at) ? at : LimitState.Never);
            if (next > end)
                break;
            Check(next >= Now, $"woken {Now - next} ns in the past");
            Check(steps < 200_000, "wakes without end");
            Now = next;
            while (_events.TryPeek(out var action, out at) && at <= Now)
            {
                _events.Dequeue();
                action();
            }
            Settle();
            NobodyIsForgotten();
        }
        Now = end;
    }

    private void Settle()
    {
        do
        {
            Scheduler.Run(Now);
            var told = Scheduler.TakeTold(new Told());
            foreach (var (permit, _) in told.Refused)
                _stories[permit].Outcomes++;
            foreach (var permit in told.Granted)
                Go(permit);
        }
        while (!Scheduler.Told.IsEmpty);
        Scheduler.Run(Now);
    }

    private void Go(Permit permit)
    {
        var story = _stories[permit];
        story.Outcomes++;
        story.Granted = true;
        foreach (var limit in permit.Taken.Concat(permit.TakenOfKey).Where(_servers.ContainsKey))
            if (limit.UnitsOf(permit.Cost) > 0)
                _grants[limit].Add(Now);
        if (_random.Next(20) == 0)
        {
            At(Now + _random.NextInt64(50 * Clock.Millisecond), () => Scheduler.Return(permit, Now));
            return;
        }
        var connect = _random.Next(3) == 0 ? _random.NextInt64(20 * Clock.Millisecond) : 0;
        At(Now + connect, () => Send(permit));
    }

    private void Send(Permit permit)
    {
        Scheduler.Sent(permit, Now);
        var sent = Now;
        var latency = _random.Next(10) == 0 ? _random.NextInt64(3 * Clock.Second) : _random.NextInt64(200 * Clock.Millisecond);
        var isLost = _random.Next(15) == 0;
        var latest = Timing switch
        {
            LimitTiming.Nominal => sent,
            LimitTiming.Bounded => Math.Min(sent + _terms.Bound, sent + latency),
            _ => sent + latency,
        };
        if (isLost && Timing == LimitTiming.Guaranteed)
            latest = sent + latency + _terms.Straggle;
        var arrival = sent + _random.NextInt64(latest - sent + 1);
        var body = isLost ? 0 : _random.NextInt64(100 * Clock.Millisecond);
        // Tokens count when the body ends, at what it came to.
        var actual = Cost.Of(permit.Cost.Requests, permit.Cost.Others.ToArray().ToDictionary(unit => unit.Unit, unit => isLost ? unit.Amount : _random.NextInt64(unit.Amount) + 1));
        var end = sent + latency + body;
        foreach (var limit in permit.Taken.Concat(permit.TakenOfKey))
        {
            if (!_servers.TryGetValue(limit, out var server) || limit.UnitsOf(permit.Cost) is not (var units and > 0))
                continue;
            if (server.Now.Algorithm == LimitAlgorithm.Concurrent)
                server.IsThere(arrival, Timing == LimitTiming.Nominal ? Math.Max(arrival, end) : end, units);
            else
                server.Arrives(server.Now.Unit == Limit.Requests ? arrival : end, limit.UnitsOf(actual));
        }
        At(sent + latency, () =>
        {
            if (isLost)
                Scheduler.Lost(permit, Now);
            else
                Scheduler.Answered(permit, Now);
        });
        if (!isLost)
            At(end, () => Scheduler.Ended(permit, actual, Now));
    }

    /// <summary>Whoever could go now has gone, but for those behind more that cannot than are tried, and rings, which are looked at again within a millisecond: no wake-up was missed.</summary>
    private void NobodyIsForgotten()
    {
        foreach (var lane in _gates.SelectMany(gate => gate.Lanes).Where(lane => lane.IsWaiting))
        {
            var (at, holding) = Scheduler.Forecast(lane, Now);
            Check(at > Now || lane.Parked!.Constraint.WakeAt <= Now + Clock.Millisecond || AheadOf(lane) > Scheduler.BackFill,
                $"{lane.Gate.Name} {lane.Priority} {lane.Key.Tenant} could go and is parked at {lane.Parked?.Constraint.Describe()}; all: {Explain()}");
            Check(at <= Now || holding is not null, "waits for nothing");
        }
    }

    private int AheadOf(Lane lane) => _gates.SelectMany(gate => gate.Lanes)
        .Count(other => other.IsWaiting && other.Parked!.Constraint == lane.Parked!.Constraint && Claim.Compare(other.Parked, lane.Parked) < 0);

    private string Explain() => string.Join("; ", _gates.SelectMany(gate => gate.Lanes).Where(lane => lane.IsWaiting)
        .Select(lane => $"{lane.Gate.Name} {lane.Key.Priority} cost {lane.First!.Cost.Requests}+{lane.First.Cost.In("tokens")} at {lane.Parked?.Constraint.Describe()} (free at {lane.FreeAt - Now}, wakes at {lane.Parked?.Constraint.WakeAt - Now})"));

    private List<Limit> Some(string[] of, int least, int most)
    {
        var some = new List<Limit>();
        for (var count = _random.Next(least, most + 1); count > 0; count--)
            some.Add(Limit.Parse(of[_random.Next(of.Length)]));
        return some;
    }

    private void Check(bool holds, string what) => Assert.True(holds, $"seed {_seed}, {Timing}, {(Now - Start) / 1e9:0.000000} s: {what}");

    private sealed class Story
    {
        public int Outcomes { get; set; }

        public bool Granted { get; set; }
    }
}
