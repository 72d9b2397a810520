namespace Headgate.Gates;

/// <summary>
/// The lanes that wait and need one limit, wherever they are parked: the first of them has its units reserved. Lanes that moved or left
/// leave an entry behind that is dropped when it comes to the top. A single lane, the usual case, needs no heap.
/// </summary>
internal sealed class Claims
{
    private readonly PriorityQueue<(Lane Lane, long Version), (RequestPriority Level, long Tag, long Order)> _byTurn = new();
    private readonly HashSet<Lane> _lanes = [];

    public Lane? First
    {
        get
        {
            if (_lanes.Count == 1)
                foreach (var only in _lanes)
                    return only;
            while (_byTurn.TryPeek(out var entry, out _))
            {
                if (entry.Version == entry.Lane.Version && _lanes.Contains(entry.Lane))
                    return entry.Lane;
                _byTurn.Dequeue();
            }
            return null;
        }
    }

    public void Add(Lane lane)
    {
        if (!_lanes.Add(lane))
            return;
        if (_lanes.Count == 2)
            foreach (var each in _lanes)
                Enqueue(each);
        else if (_lanes.Count > 2)
            Enqueue(lane);
    }

    public void Remove(Lane lane)
    {
        _lanes.Remove(lane);
        if (_lanes.Count <= 1)
            _byTurn.Clear();
    }

    public void Update(Lane lane)
    {
        if (_lanes.Count > 1)
            Enqueue(lane);
    }

    private void Enqueue(Lane lane)
    {
        // Entries left behind are at most as many as the lanes, or the heap is made anew.
        if (_byTurn.Count > 2 * _lanes.Count + 16)
        {
            _byTurn.Clear();
            foreach (var each in _lanes)
                _byTurn.Enqueue((each, each.Version), (each.Level, each.Tag, each.Order));
            return;
        }
        _byTurn.Enqueue((lane, lane.Version), (lane.Level, lane.Tag, lane.Order));
    }
}
