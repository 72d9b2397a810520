using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.Gates;

/// <summary>The waiting room of one API: who goes next, and when. Its limits are those of its scopes, all taken together. Owned by the lock of its dispatcher.</summary>
internal sealed class Gate
{
    /// <summary>So many lanes that have emptied are remembered, so that a tenant who comes back at once has not lost its place in the order of turns.</summary>
    private const int IdleLanes = 64;

    private readonly Scope[] _scopes;
    private readonly Dictionary<LaneKey, Lane> _lanes = new(LaneKey.OfLanes);
    private readonly Queue<Lane> _idle = new();
    private readonly IReadOnlyDictionary<RequestPriority, decimal> _shares;
    private readonly bool _countsOpenOnly;
    private Lane? _usual;
    private long[] _queued;

    public Gate(string name, IEnumerable<Scope> scopes, KeyPool? keys = null, IReadOnlyDictionary<RequestPriority, decimal>? shares = null, long weight = 1, bool sendsAtGrant = false, bool countsOpenOnly = false)
    {
        (Name, _scopes, Keys, Weight, SendsAtGrant, _countsOpenOnly) = (name, [.. scopes], keys, weight, sendsAtGrant, countsOpenOnly);
        _shares = shares ?? new Dictionary<RequestPriority, decimal>();
        Checkpoints = FindCheckpoints();
        _queued = new long[Checkpoints.Length];
    }

    public string Name { get; }

    /// <summary>The parts of the API that it is for, with a space between: <c>route:search geo:DE</c>; null for the rest of it.</summary>
    public string? Parts { get; init; }

    /// <summary>The key that whoever waits here brings itself, whose limits are among those of the gate; null for none.</summary>
    public OwnKey? Own { get; init; }

    /// <summary>Only what counts connections that are open holds its permits.</summary>
    public bool CountsOpenOnly => _countsOpenOnly;

    /// <summary>That of the named queue that its requests come from; null where that has no limits of its own, or there is none.</summary>
    public Scope? Queue { get; init; }
    /// <summary>Its permits whose attempts have not ended, with those of the other gates of the API; null where nobody wants to know.</summary>
    public UnderWay? UnderWay { get; init; }

    /// <summary>Another one has taken its place: whoever waits or comes is sent there.</summary>
    public bool IsLeft { get; set; }

    /// <summary>From here on others have its place; what it did is added to what those did that have gone.</summary>
    public (long Granted, long Refused) Leave((long Granted, long Refused) gone)
    {
        IsLeft = true;
        var all = (gone.Granted + Granted, gone.Refused + Refused);
        ResetCounts();
        return all;
    }

    /// <summary>How many may wait at once; whoever comes then and cannot go at once is refused.</summary>
    public int QueueLimit { get; init; } = int.MaxValue;

    /// <summary>Of a limiter: how much later than the disposal of a lease something may still arrive, in nanoseconds.</summary>
    public long Straggle { get; init; }

    /// <summary>Of a limiter: by when a lease has ended whatever happens, counted from the grant, in nanoseconds.</summary>
    public long MaxHold { get; init; } = LimitState.Never / 2;

    /// <summary>When something was last taken or given back.</summary>
    public long LastUsed
    {
        get;
        set => (field, IdleSince) = (value, LimitState.Never);
    }

    /// <summary>Since when nothing that was taken before makes a difference any more; never while that is not known.</summary>
    public long IdleSince { get; set; } = LimitState.Never;

    /// <summary>Of the gate of one key: that of all keys together, which counts along with it.</summary>
    public Gate? Whole { get; init; }

    /// <summary>How many leases are out that can be given back.</summary>
    public int Leases { get; set; }

    /// <summary>How many were let go, since the counts began.</summary>
    public long Granted { get; set; }

    /// <summary>How many were refused, since the counts began.</summary>
    public long Refused { get; set; }

    /// <summary>How long those who were let go had waited, all together, in nanoseconds.</summary>
    public long Waited { get; set; }

    public KeyPool? Keys { get; }

    /// <summary>The ways to the API through proxies; null where it is reached without.</summary>
    public ProxyOutlets? Proxies { get; init; }

    /// <summary>Its part of a limit shared with other gates, relative to theirs.</summary>
    public long Weight { get; }

    /// <summary>There is no separate send: what was granted counts as sent, and nobody overtakes within a lane (limiters).</summary>
    public bool SendsAtGrant { get; }

    public IReadOnlyList<Scope> Scopes => _scopes;

    /// <summary>Every limit of every scope; replaced whole when limits change, so that a permit keeps the ones it took.</summary>
    public Checkpoint[] Checkpoints { get; private set; }

    /// <summary>By when at the latest something arrives that was given up, counted from then.</summary>
    public long LongestStraggle => _scopes.Max(scope => scope.Terms.Straggle);

    /// <summary>How many may wait, where so many do already.</summary>
    public int? FullAt => Waiting >= QueueLimit ? QueueLimit : Whole?.FullAt;

    /// <summary>Whether anybody waits for one of its limits, here or in another gate that shares it.</summary>
    public bool IsContended
    {
        get
        {
            foreach (var limit in Checkpoints)
                if (limit.FirstClaim is not null)
                    return true;
            return false;
        }
    }

    /// <summary>Every lane, as of now: those that empty meanwhile may be forgotten.</summary>
    public IReadOnlyList<Lane> Lanes => [.. _lanes.Values];

    public int Waiting { get; private set; }

    /// <summary>The requests of all who wait.</summary>
    public long QueuedRequests { get; private set; }

    /// <summary>What all who wait will take of a limit, by its place in <see cref="Checkpoints"/>; of one shared by all keys, in the gates of all of them.</summary>
    public long QueuedAt(int index)
    {
        var shared = Whole is null ? -1 : index - (Checkpoints.Length - Whole.Checkpoints.Length);
        return shared >= 0 ? Whole!._queued[shared] : _queued[index];
    }

    /// <summary>The dispatcher it was first used with, so that a waiter that is cancelled finds it.</summary>
    public Dispatcher? Dispatcher { get; set; }

    /// <summary>What a priority with a share must leave free in a limit for higher ones, beside its own cost.</summary>
    public long ReserveOf(Checkpoint checkpoint, RequestPriority priority, long units)
    {
        if (_shares.Count == 0 || checkpoint.State.CountsAttempts || !_shares.TryGetValue(priority, out var share))
            return 0;
        var room = checkpoint.State.Whole;
        return Math.Max(0, Math.Min(room - Math.Max(1, (long)(room * share)), room - units));
    }

    /// <summary>The lane for what is asked, made when it is not there.</summary>
    public Lane LaneOf(in LaneKey key, ref long order)
    {
        if (_usual is { } usual && usual.Key.IsOfSameLane(key))
            return usual;
        if (!_lanes.TryGetValue(key, out var lane))
            _lanes.Add(key, lane = new Lane(this, key, order++));
        return _usual = lane;
    }

    /// <summary>The lane for what is asked, or one that stands for it in no queue.</summary>
    public Lane Visitor(in LaneKey key)
    {
        if (_usual is { } usual && usual.Key.IsOfSameLane(key))
            return usual;
        return _lanes.TryGetValue(key, out var lane) ? lane : new Lane(this, key, long.MaxValue);
    }

    /// <summary>Begins the counts anew.</summary>
    public void ResetCounts() => (Granted, Refused, Waited) = (0, 0, 0);

    /// <summary>Counts one that was let go.</summary>
    public void CountGrant(long waited)
    {
        Granted++;
        Waited += waited;
        Whole?.CountGrant(waited);
    }

    /// <summary>Counts one that was refused.</summary>
    public void CountRefusal()
    {
        Refused++;
        Whole?.CountRefusal();
    }

    /// <summary>Somebody entered a lane.</summary>
    public void Entered(Permit permit)
    {
        permit.Lane.Add(permit);
        Count(permit.Cost, 1);
    }

    /// <summary>Somebody left a lane, to go or without.</summary>
    public void Left(Permit permit)
    {
        permit.Lane.Remove(permit);
        Count(permit.Cost, -1);
    }

    /// <summary>A lane has emptied. Those that emptied long ago are forgotten: one for each tenant that ever came would pile up.</summary>
    public void Idle(Lane lane)
    {
        if (lane.IsIdle)
            return;
        lane.IsIdle = true;
        _idle.Enqueue(lane);
        while (_idle.Count > Math.Max(IdleLanes, _lanes.Count / 2))
        {
            var oldest = _idle.Dequeue();
            oldest.IsIdle = false;
            if (!oldest.IsWaiting && _usual != oldest)
                _lanes.Remove(oldest.Key);
        }
    }

    /// <summary>The limits of a scope have changed.</summary>
    public void Refresh()
    {
        Checkpoints = FindCheckpoints();
        _queued = new long[Checkpoints.Length];
        foreach (var lane in _lanes.Values)
            for (var permit = lane.First; permit is not null; permit = permit.Next)
                Add(permit.Cost, 1);
    }

    private Checkpoint[] FindCheckpoints() => [.. _scopes.SelectMany(scope => scope.Checkpoints).Where(checkpoint => !_countsOpenOnly || checkpoint.CountsOpen)];

    private void Count(Cost cost, int by)
    {
        Waiting += by;
        QueuedRequests += by * cost.Requests;
        Add(cost, by);
        Whole?.Count(cost, by);
    }

    private void Add(Cost cost, int sign)
    {
        for (var index = 0; index < _queued.Length; index++)
            _queued[index] += sign * Checkpoints[index].UnitsOf(cost);
    }
}
