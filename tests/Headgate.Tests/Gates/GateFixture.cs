using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>The scheduler with the time in the test's hand: no clock, no thread.</summary>
internal sealed class GateFixture
{
    private readonly PriorityQueue<Action, long> _later = new();
    private readonly Dictionary<Permit, string> _names = [];
    private readonly WallTime _ours = new(1_767_225_600L * Clock.Second, 0, isKnown: true);

    public Scheduler Scheduler { get; } = new();

    public long Now { get; private set; } = 1_000 * Clock.Second;

    /// <summary>Who went, and when, in nanoseconds since the start.</summary>
    public List<(string Who, long At, Permit Permit)> Grants { get; } = [];

    public List<(string Who, RefusedException Why)> Refusals { get; } = [];

    /// <summary>How long an attempt takes from its grant to its answer.</summary>
    public Func<Permit, long> Latency { get; set; } = _ => 0;

    public Func<Permit, bool> IsLost { get; set; } = _ => false;

    public Scope Scope(string name, params string[] limits) => Scope(name, ArrivalTerms.Nominal, limits);

    public Scope Scope(string name, ArrivalTerms terms, params string[] limits) => new(name, limits.Select(Limit.Parse), terms, _ours);

    public static LaneKey Key(long cost = 1, RequestPriority priority = RequestPriority.Medium, string? tenant = null) => new(Cost.Of(cost), priority, tenant, null);

    public Permit Ask(Gate gate, string who, LaneKey? key = null, long within = 0)
    {
        var permit = Scheduler.Enqueue(gate, key ?? Key(), Now, within > 0 ? Now + within : LimitState.Never);
        _names[permit] = who;
        Collect();
        return permit;
    }

    public void AskMany(Gate gate, string who, int count, LaneKey? key = null)
    {
        for (var index = 0; index < count; index++)
            Ask(gate, who, key);
    }

    public void Later(long after, Action action) => _later.Enqueue(action, Now + after);

    /// <summary>Runs until a time, at every instant at which something is due.</summary>
    public void RunFor(long span)
    {
        var end = Now + span;
        while (true)
        {
            var next = Math.Min(Scheduler.NextWake, _later.TryPeek(out _, out var due) ? due : LimitState.Never);
            if (next > end)
                break;
            Assert.True(next >= Now, $"woken {Now - next} ns in the past");
            Now = next;
            while (_later.TryPeek(out var action, out due) && due <= Now)
            {
                _later.Dequeue();
                action();
            }
            Scheduler.Run(Now);
            Collect();
        }
        Now = end;
    }

    /// <summary>Time passes, and nobody is woken.</summary>
    public void Pass(long span) => Now += span;

    public long Since(long at) => at - 1_000 * Clock.Second;

    public int CountOf(string who) => Grants.Count(grant => grant.Who == who);

    private void Finish(Permit permit, bool lost)
    {
        if (lost)
            Scheduler.Lost(permit, Now);
        else
        {
            Scheduler.Answered(permit, Now);
            Scheduler.Ended(permit, null, Now);
        }
    }

    private void Collect()
    {
        while (!Scheduler.Told.IsEmpty)
        {
            var told = Scheduler.TakeTold(new Told());
            foreach (var (permit, why) in told.Refused)
                Refusals.Add((_names.GetValueOrDefault(permit, "?"), why));
            var granted = told.Granted;
            foreach (var permit in granted)
            {
                Scheduler.Sent(permit, Now);
                Later(Latency(permit), () => Finish(permit, IsLost(permit)));
            }
            // The name is known only once Enqueue has returned, for those that went at once.
            _granted.AddRange(granted.Select(permit => (permit, Now)));
            Scheduler.Run(Now);
        }
        foreach (var (permit, at) in _granted.Where(grant => _names.ContainsKey(grant.Permit)))
            Grants.Add((_names[permit], at, permit));
        _granted.RemoveAll(grant => _names.ContainsKey(grant.Permit));
    }

    private readonly List<(Permit Permit, long At)> _granted = [];
}
