using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>Which constraints are to be served, and when: those that became better, and those whose time has come. Owned by the lock of its dispatcher.</summary>
internal sealed class Agenda
{
    private readonly IndexedHeap<Constraint, ByWake> _wakes = new();

    /// <summary>Became better and were not put in order yet.</summary>
    private readonly List<Constraint> _better = [];

    /// <summary>To be served now, whoever's turn comes first first.</summary>
    private readonly PriorityQueue<Constraint, (RequestPriority Level, long Tag, long Order)> _ready = new();

    /// <summary>When the next will be due; never if only an event can tell.</summary>
    public long NextWake => _wakes.First?.WakeAt ?? LimitState.Never;

    /// <summary>Whether something is to be served now.</summary>
    public bool IsBusy => _better.Count > 0 || _ready.Count > 0;

    /// <summary>A constraint may let somebody go sooner than was computed.</summary>
    public void Better(Constraint constraint)
    {
        if (constraint.IsListed || constraint.ParkedCount == 0)
            return;
        constraint.IsListed = true;
        _better.Add(constraint);
    }

    /// <summary>A constraint is to be served at a time at the latest.</summary>
    public void WakeBy(Constraint constraint, long at)
    {
        if (at >= constraint.WakeAt)
            return;
        constraint.WakeAt = at;
        if (constraint.Place < 0)
            _wakes.Add(constraint);
        else
            _wakes.Update(constraint);
    }

    /// <summary>Nobody waits at a constraint any more.</summary>
    public void Forget(Constraint constraint)
    {
        constraint.WakeAt = LimitState.Never;
        if (constraint.Place >= 0)
            _wakes.Remove(constraint);
    }

    /// <summary>The next to be served now, or null.</summary>
    public Constraint? Next(long now)
    {
        foreach (var better in _better)
            PutInOrder(better, now);
        _better.Clear();
        while (_wakes.First is { } due && due.WakeAt <= now)
        {
            Forget(due);
            if (!due.IsListed)
                PutInOrder(due, now);
        }
        if (!_ready.TryDequeue(out var next, out _))
            return null;
        next.IsListed = false;
        return next;
    }

    // One that nobody waits at any more is not listed: else it would never be listed again.
    private void PutInOrder(Constraint constraint, long now)
    {
        var first = constraint.Next(now);
        constraint.IsListed = first is not null;
        if (first is not null)
            _ready.Enqueue(constraint, (first.Level, first.Parked!.Tag, first.Order));
    }

    private readonly struct ByWake : IHeapOrder<Constraint>
    {
        public static ref int PlaceOf(Constraint item) => ref item.Place;

        public int Compare(Constraint? x, Constraint? y) => x!.WakeAt.CompareTo(y!.WakeAt);
    }
}
