using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>A key as it stands now: in its own gate, or laid on the bench of its plan.</summary>
/// <param name="Keys">Its gate, or the bench.</param>
/// <param name="Index">Where it is remembered; -1 if it is not.</param>
/// <param name="Rest">What lies on the bench; null if it has a gate of its own.</param>
internal readonly record struct OpenKey(KeyGate Keys, int Index, long[]? Rest)
{
    public Gate Gate => Keys.Gate;
}

/// <summary>
/// The keys of a limiter. Most are at rest: a few integers each, laid on a bench shared by all to be looked at. A key gets a gate of its own
/// when somebody waits or gets something that can be given back, and is laid down again later; one that is as never used is forgotten.
/// Each operation looks at one or a few others for that, so that there is neither a timer nor a pause. Owned by the lock of its dispatcher.
/// </summary>
internal sealed class KeyedGates<TKey>
    where TKey : notnull
{
    /// <summary>A key that nothing is left of is forgotten this much later, so that one that is used now and then need not come anew each time.</summary>
    private const long Patience = Clock.Second;

    private readonly KeyMap<TKey> _map;
    private readonly Func<KeyPlan, KeyGate> _create;
    private readonly bool _asks;

    /// <summary>By their numbers; null where there is none any more.</summary>
    private readonly List<KeyPlan?> _plans = [];
    private readonly Dictionary<string, KeyPlan> _alike = [];

    /// <summary>The keys that were given limits of their own.</summary>
    private readonly Dictionary<TKey, KeyPlan> _given;
    private readonly Stack<int> _freePlans = new();
    private KeyPlan _usual;
    private int _cursor;

    /// <summary>How many entries the next operation looks at: more where many are added.</summary>
    private int _steps;

    /// <param name="limits">The limits of a key that has none of its own.</param>
    /// <param name="asks">Whether a key that is not remembered must be introduced with its limits first.</param>
    /// <param name="comparer">Which keys are the same.</param>
    /// <param name="create">Makes a gate for a key, never used.</param>
    public KeyedGates(Limit[] limits, bool asks, IEqualityComparer<TKey> comparer, Func<KeyPlan, KeyGate> create)
    {
        (_map, _given, _create, _asks) = (new KeyMap<TKey>(comparer), new Dictionary<TKey, KeyPlan>(comparer), create, asks);
        _usual = NewPlan("", limits);
    }

    /// <summary>How many keys are remembered.</summary>
    public int Count => _map.Count;

    /// <summary>What is known of a key; null if it must be introduced first.</summary>
    public OpenKey? Open(Scheduler scheduler, TKey key, long now)
    {
        if (_map.IndexOf(key) is var index and >= 0)
            return OpenAt(scheduler, index, now);
        var plan = _given.Count > 0 && _given.TryGetValue(key, out var given) ? given : _asks ? null : _usual;
        if (plan is null)
            return null;
        plan.Bench.Load(plan.Unused);
        return new OpenKey(plan.Bench, -1, plan.Unused);
    }

    /// <summary>Remembers a key as it has become on the bench.</summary>
    public void Keep(TKey key, in OpenKey open, long now)
    {
        if (open.Rest is null)
            return;
        if (open.Keys.Save(open.Index < 0 ? null : open.Rest, open.Keys.Plan) is not { } rest)
            Wake(key, open, now);
        else if (open.Index < 0)
            Add(key, rest, open.Keys.Plan);
        else if (rest != open.Rest)
            _map[open.Index] = rest;
    }

    /// <summary>A gate of the key's own, with all that is known of it.</summary>
    public Gate Wake(TKey key, in OpenKey open, long now)
    {
        open.Keys.NeededAt = now;
        if (open.Rest is null)
            return open.Gate;
        var own = open.Keys.Plan.GiveBench();
        if (open.Index < 0)
            Add(key, own, own.Plan);
        else
            _map[open.Index] = own;
        return own.Gate;
    }

    /// <summary>Says which limits a key has that is not remembered; null for those of the limiter.</summary>
    public void Introduce(TKey key, Limit[]? limits)
    {
        // It may have been introduced, or given limits for good, while whoever asks here looked for them.
        if (_map.IndexOf(key) >= 0 || _given.ContainsKey(key))
            return;
        var plan = limits is null ? _usual : PlanLike(limits);
        Add(key, plan.Unused.Clone(), plan);
    }

    /// <summary>Gives a key limits of its own for good.</summary>
    public void Give(Scheduler scheduler, TKey key, Limit[] limits, long now)
    {
        var plan = PlanLike(limits);
        plan.Keys++;
        if (_given.Remove(key, out var before))
            Leave(before);
        _given.Add(key, plan);
        if (_map.IndexOf(key) is not (var index and >= 0))
            return;
        var open = OpenAt(scheduler, index, now);
        var (keys, old) = (open.Keys, open.Keys.Plan);
        if (open.Rest is null)
        {
            MoveAwake(scheduler, keys, plan, now);
            return;
        }
        old.GiveBench().MoveTo(plan, now);
        LayDown(index, keys, old);
    }

    /// <summary>Other limits for all keys that have none of their own. Those that are awake must be seen to by <see cref="FollowFrom"/>.</summary>
    public void Replace(Limit[] limits, long now)
    {
        var before = _usual;
        _usual = NewPlan("", limits);
        before.Replaced = (_usual, now);
        before.Keys++;
        Leave(before);
    }

    /// <summary>Brings a few of those that are awake to their new limits; says where to go on, or -1.</summary>
    public int FollowFrom(Scheduler scheduler, int index, long now)
    {
        for (var end = Math.Min(_map.End, index + 256); index < end; index++)
            if (_map[index] is KeyGate own)
                Follow(scheduler, own, now);
        return index < _map.End ? index : -1;
    }

    /// <summary>Whether nobody may come any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Closes it, once the first is asked for; gives the gates of all keys that are awake.</summary>
    public IEnumerable<Gate> Close()
    {
        IsClosed = true;
        for (var index = 0; index < _map.End; index++)
            if (_map[index] is KeyGate own)
                yield return own.Gate;
    }

    /// <summary>Looks at a few keys, in turn: those that are as never used are forgotten, those that need no gate any more are laid down.</summary>
    public void Sweep(Scheduler scheduler, long now)
    {
        for (_steps++; _steps > 0; _steps--)
        {
            if (_cursor >= _map.End)
                _cursor = 0;
            if (_map.Count > 0)
                LookAfter(scheduler, _cursor++, now);
        }
    }

    private void LookAfter(Scheduler scheduler, int index, long now)
    {
        if (_map[index] is long[] laid)
        {
            if (KeyGate.IdleAt(laid) > now - Patience && !KeyGate.IsLoose(laid) && _plans[KeyGate.PlanOf(laid)]!.Replaced is null)
                return;
        }
        else if (_map[index] is null)
            return;
        var open = OpenAt(scheduler, index, now);
        if (open.Rest is null && !open.Keys.CanRest(now))
            return;
        if (open.Keys.IsIdle(now) && (open.Rest is null || KeyGate.IdleAt(open.Rest) <= now - Patience))
        {
            _map.RemoveAt(index);
            Leave(open.Keys.Plan);
        }
        else if ((open.Rest is null || KeyGate.IsLoose(open.Rest)) && open.Keys.Save(null, open.Keys.Plan) is { } rest)
            _map[index] = rest;
    }

    private OpenKey OpenAt(Scheduler scheduler, int index, long now)
    {
        if (_map[index] is long[] laid && _plans[KeyGate.PlanOf(laid)] is { Replaced: not null } old)
        {
            var keys = old.GiveBench();
            keys.Load(laid);
            while (keys.Plan.Replaced is var (next, at))
                keys.MoveTo(next, at);
            LayDown(index, keys, old);
        }
        if (_map[index] is KeyGate own)
        {
            Follow(scheduler, own, now);
            return new OpenKey(own, index, null);
        }
        var rest = (long[])_map[index]!;
        var bench = _plans[KeyGate.PlanOf(rest)]!.Bench;
        bench.Load(rest);
        return new OpenKey(bench, index, rest);
    }

    private void Follow(Scheduler scheduler, KeyGate own, long now)
    {
        if (own.Plan.Replaced is null)
            return;
        var last = own.Plan;
        while (last.Replaced is var (next, _))
            last = next;
        MoveAwake(scheduler, own, last, now);
    }

    private void MoveAwake(Scheduler scheduler, KeyGate own, KeyPlan plan, long now)
    {
        var before = own.Plan;
        own.MoveTo(plan, now);
        Moved(before, plan);
        scheduler.Changed(own.Gate, now);
    }

    /// <summary>Lays down a key that has moved from another plan; one that is too large stays awake.</summary>
    private void LayDown(int index, KeyGate keys, KeyPlan before)
    {
        Moved(before, keys.Plan);
        if (keys.Save(null, keys.Plan) is { } rest)
        {
            _map[index] = rest;
            return;
        }
        keys.Gate.Refresh();
        _map[index] = keys;
    }

    private void Moved(KeyPlan before, KeyPlan after)
    {
        after.Keys++;
        Leave(before);
    }

    private void Add(TKey key, object value, KeyPlan plan)
    {
        _map.Add(key, value);
        plan.Keys++;
        _steps += 2;
    }

    private KeyPlan PlanLike(Limit[] limits)
    {
        var text = string.Join("; ", (object[])limits);
        return _alike.TryGetValue(text, out var plan) ? plan : _alike[text] = NewPlan(text, limits);
    }

    private KeyPlan NewPlan(string text, Limit[] limits)
    {
        if (!_freePlans.TryPop(out var id))
        {
            id = _plans.Count;
            _plans.Add(null);
        }
        return _plans[id] = new KeyPlan(id, text, limits, _create);
    }

    private void Leave(KeyPlan plan)
    {
        if (--plan.Keys > 0 || plan == _usual)
            return;
        _plans[plan.Id] = null;
        _freePlans.Push(plan.Id);
        _alike.Remove(plan.Text);
    }
}
