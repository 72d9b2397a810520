namespace Headgate.Queues;

/// <summary>What jobs of one lane have in common: they stand in one line, in the gate too.</summary>
/// <param name="Upstream">The name of the API.</param>
/// <param name="Priority">How urgent they are.</param>
/// <param name="Tenant">On whose behalf; null for the default tenant.</param>
/// <param name="Queue">The named queue they stand in; null for the default one.</param>
internal readonly record struct JobLaneKey(string Upstream, RequestPriority Priority, string? Tenant, string? Queue = null);

/// <summary>Whether a lane is to be looked at.</summary>
internal enum LaneState : byte
{
    /// <summary>Nothing of it can begin now.</summary>
    Idle,

    /// <summary>It stands among those that are looked at next.</summary>
    Ready,

    /// <summary>Too many have begun that it shares a bound with; it is looked at when one of those ends.</summary>
    Parked,

    /// <summary>It is empty, and forgotten.</summary>
    Gone,
}

/// <summary>Jobs in the order they came, of which the first few stand in the gate. Owned by the lock of its queue.</summary>
internal sealed class JobLane(JobLaneKey key, JobShare api, JobShare queue)
{
    private JobEntry? _last;

    public JobLaneKey Key => key;

    /// <summary>What all lanes of its API have begun.</summary>
    public JobShare Api => api;

    /// <summary>What all lanes of its named queue have begun.</summary>
    public JobShare Queue => queue;

    public JobEntry? First { get; private set; }

    /// <summary>Begun, and in the gate without a permit so far.</summary>
    public int Ahead { get; set; }

    /// <summary>Begun and not ended.</summary>
    public int Begun { get; set; }

    /// <summary>Not in their line yet: their time has not come.</summary>
    public int Later { get; set; }

    public LaneState State { get; set; }

    public bool IsEmpty => First is null && Begun == 0 && Later == 0;

    public void Add(JobEntry entry)
    {
        entry.Previous = _last;
        if (_last is null)
            First = entry;
        else
            _last.Next = entry;
        _last = entry;
        entry.IsInLane = true;
    }

    public void Remove(JobEntry entry)
    {
        if (entry.Previous is { } previous)
            previous.Next = entry.Next;
        else
            First = entry.Next;
        if (entry.Next is { } next)
            next.Previous = entry.Previous;
        else
            _last = entry.Previous;
        (entry.Next, entry.Previous, entry.IsInLane) = (null, null, false);
    }
}
