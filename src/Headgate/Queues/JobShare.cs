using System.Diagnostics.CodeAnalysis;
using Headgate.Gates;

namespace Headgate.Queues;

/// <summary>How many jobs of one API, or of one named queue, are under way, and the lanes that wait until they are fewer. Owned by the lock of its queue.</summary>
internal sealed class JobShare(string name)
{
    private readonly Queue<JobLane> _parked = new();

    /// <summary>Lanes in <see cref="_parked"/>: each stands there once, also one that went on meanwhile and came back.</summary>
    private readonly HashSet<JobLane> _isParked = [];

    /// <summary>Its place among those that have waiting lanes; -1 while it is not one of them.</summary>
    public int Place = -1;

    public string Name => name;

    /// <summary>Begun and not ended.</summary>
    public int Begun { get; set; }

    /// <summary>At most so many, whatever else there is room for.</summary>
    public int Most { get; set; } = int.MaxValue;

    /// <summary>Nothing of it is begun.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Lanes that are there.</summary>
    public int Lanes { get; set; }

    public bool HasParked => _parked.Count > 0;

    public bool IsFull => IsPaused || Begun >= Most;

    /// <summary>Nobody has said anything of it, and there is nothing of it.</summary>
    public bool IsForgettable => Lanes == 0 && Most == int.MaxValue && !IsPaused;

    /// <summary>A lane waits for room.</summary>
    public void Park(JobLane lane)
    {
        lane.State = LaneState.Parked;
        if (_isParked.Add(lane))
            _parked.Enqueue(lane);
    }

    /// <summary>The lane that has waited longest, which may have gone on meanwhile.</summary>
    public bool TryUnpark([NotNullWhen(true)] out JobLane? lane)
    {
        if (!_parked.TryDequeue(out lane))
            return false;
        _isParked.Remove(lane);
        return true;
    }
}

/// <summary>The share of which the fewest are under way comes first.</summary>
internal readonly struct ByBegun : IHeapOrder<JobShare>
{
    public int Compare(JobShare? x, JobShare? y) => x!.Begun.CompareTo(y!.Begun);

    public static ref int PlaceOf(JobShare item) => ref item.Place;
}
