using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>The waiting room of one API: who goes next, and when. Its limits are those of its scopes, all taken together. Owned by the lock of its dispatcher.</summary>
internal sealed class Gate
{
    private readonly Scope[] _scopes;
    private readonly Dictionary<LaneKey, Lane> _lanes = [];
    private readonly IReadOnlyDictionary<RequestPriority, decimal> _shares;
    private Lane? _usual;

    public Gate(string name, IEnumerable<Scope> scopes, KeyPool? keys = null, IReadOnlyDictionary<RequestPriority, decimal>? shares = null, long weight = 1, bool sendsAtGrant = false)
    {
        (Name, _scopes, Keys, Weight, SendsAtGrant) = (name, [.. scopes], keys, weight, sendsAtGrant);
        _shares = shares ?? new Dictionary<RequestPriority, decimal>();
        Checkpoints = [.. _scopes.SelectMany(scope => scope.Checkpoints)];
    }

    public string Name { get; }

    public KeyPool? Keys { get; }

    /// <summary>Its part of a limit shared with other gates, relative to theirs.</summary>
    public long Weight { get; }

    /// <summary>There is no separate send: what was granted counts as sent (limiters).</summary>
    public bool SendsAtGrant { get; }

    public IReadOnlyList<Scope> Scopes => _scopes;

    /// <summary>Every limit of every scope; replaced whole when limits change, so that a permit keeps the ones it took.</summary>
    public Checkpoint[] Checkpoints { get; private set; }

    public IEnumerable<Lane> Lanes => _lanes.Values;

    public int Waiting { get; set; }

    /// <summary>What a priority with a share must leave free in a limit for higher ones, beside its own cost.</summary>
    public long ReserveOf(Checkpoint checkpoint, RequestPriority priority, long units)
    {
        if (_shares.Count == 0 || checkpoint.State.CountsAttempts || !_shares.TryGetValue(priority, out var share))
            return 0;
        var limit = checkpoint.State.Limit;
        var room = limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Amount;
        return Math.Min(room - Math.Max(1, (long)(room * share)), room - units);
    }

    public Lane LaneOf(LaneKey key, ref long order)
    {
        if (_usual is { } usual && usual.Key.Equals(key))
            return usual;
        if (!_lanes.TryGetValue(key, out var lane))
            _lanes.Add(key, lane = new Lane(this, key, order++));
        return _usual = lane;
    }

    public void Forget(Lane lane)
    {
        _lanes.Remove(lane.Key);
        if (_usual == lane)
            _usual = null;
    }

    /// <summary>The limits of a scope have changed.</summary>
    public void Refresh() => Checkpoints = [.. _scopes.SelectMany(scope => scope.Checkpoints)];
}
