using Headgate.Gates;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// Jobs before they come to their gate: where there are a million of them, only the first few of every lane wait there, since each costs
/// kilobytes once it is a request on the line. A lane is what the gate calls one (API, priority, tenant), so that whoever is next in the gate
/// is next of all: nothing urgent stands behind what is not. Pure; owned by the lock of its scheduler.
/// </summary>
/// <param name="lookAhead">So many of a lane wait in the gate at most.</param>
/// <param name="mostBegun">So many are begun and not ended altogether; beyond, one of each lane.</param>
internal sealed class JobQueue(int lookAhead, int mostBegun)
{
    private readonly Dictionary<JobLaneKey, JobLane> _lanes = [];
    private readonly PriorityQueue<JobLane, (RequestPriority, long Order)> _ready = new();
    private readonly PriorityQueue<JobLane, (RequestPriority, long Order)> _parked = new();
    private readonly IndexedHeap<JobEntry, ByDue> _times = new();
    private long _order;

    /// <summary>Jobs that were not begun.</summary>
    public int Waiting { get; private set; }

    /// <summary>Jobs that were begun and have not ended.</summary>
    public int Begun { get; private set; }

    public int Lanes => _lanes.Count;

    /// <summary>When a job has to be looked at next; <see cref="Clock.Never"/> if none has.</summary>
    public long NextDue => _times.First?.Due ?? Clock.Never;

    /// <summary>Whether <see cref="TakeNext"/> may have one.</summary>
    public bool HasNext => _ready.Count > 0;

    /// <summary>Takes a job in; says whether it stands in its lane, rather than wait for its time.</summary>
    public bool Add(JobEntry entry, JobLaneKey key, long now)
    {
        Waiting++;
        if (!_lanes.TryGetValue(key, out var lane))
            _lanes.Add(key, lane = new JobLane(key));
        entry.Lane = lane;
        entry.Due = Math.Min(entry.NotBefore > now ? entry.NotBefore : Clock.Never, entry.Expires);
        if (entry.Due != Clock.Never)
            _times.Add(entry);
        if (entry.NotBefore > now)
        {
            lane.Later++;
            return false;
        }
        Enter(entry);
        return true;
    }

    /// <summary>Takes a job out that was not begun; false if it was, or is not here any more.</summary>
    public bool Remove(JobEntry entry)
    {
        if (entry.Lane is not { } lane || entry.Run is not null || (!entry.IsInLane && entry.Place < 0))
            return false;
        Waiting--;
        if (entry.Place >= 0)
            _times.Remove(entry);
        if (entry.IsInLane)
            lane.Remove(entry);
        else
            lane.Later--;
        ForgetEmpty(lane);
        return true;
    }

    /// <summary>The next job whose time has come: to go into its lane, which is done, or too late. Null if there is none.</summary>
    public JobEntry? TakeDue(long now, out bool isExpired)
    {
        isExpired = false;
        if (_times.First is not { } entry || entry.Due > now)
            return null;
        isExpired = entry.Expires <= now;
        if (isExpired)
        {
            Remove(entry);
            return entry;
        }
        _times.Remove(entry);
        if ((entry.Due = entry.Expires) != Clock.Never)
            _times.Add(entry);
        entry.Lane!.Later--;
        Enter(entry);
        return entry;
    }

    /// <summary>The next job to begin; null if none may.</summary>
    public JobEntry? TakeNext()
    {
        while (_ready.TryDequeue(out var lane, out var place))
        {
            lane.State = LaneState.Idle;
            if (lane.First is not { } entry || lane.Ahead >= lookAhead)
            {
                // It may have been given a place that it has no use for any more.
                Unpark();
                continue;
            }
            if (Begun >= mostBegun && lane.Begun > 0)
            {
                lane.State = LaneState.Parked;
                _parked.Enqueue(lane, place);
                continue;
            }
            lane.Remove(entry);
            if (entry.Place >= 0)
                _times.Remove(entry);
            Waiting--;
            Begun++;
            lane.Begun++;
            lane.Ahead++;
            MakeReady(lane);
            return entry;
        }
        return null;
    }

    /// <summary>A job that was begun has its permit, so that the next of its lane may come to the gate. Counts once for each.</summary>
    public void Leave(JobEntry entry)
    {
        if (entry.HasLeft)
            return;
        entry.HasLeft = true;
        entry.Lane!.Ahead--;
        MakeReady(entry.Lane);
    }

    /// <summary>A job that was begun has ended.</summary>
    public void End(JobEntry entry)
    {
        Leave(entry);
        Begun--;
        var lane = entry.Lane!;
        lane.Begun--;
        // What it made room for is one, of whichever lane was parked first; its own goes on in any case.
        if (lane is { State: LaneState.Parked, Begun: 0 })
            lane.State = LaneState.Idle;
        MakeReady(lane);
        Unpark();
        ForgetEmpty(lane);
    }

    /// <summary>A free place is for the first parked lane that has a use for it: one may be empty by now.</summary>
    private void Unpark()
    {
        while (Begun < mostBegun && _parked.TryDequeue(out var parked, out _))
            if (parked.State == LaneState.Parked)
            {
                parked.State = LaneState.Idle;
                MakeReady(parked);
                if (parked.State == LaneState.Ready)
                    break;
            }
    }

    private void Enter(JobEntry entry)
    {
        entry.Lane!.Add(entry);
        MakeReady(entry.Lane);
    }

    private void MakeReady(JobLane lane)
    {
        if (lane.State != LaneState.Idle || lane.First is null || lane.Ahead >= lookAhead)
            return;
        lane.State = LaneState.Ready;
        _ready.Enqueue(lane, (lane.Key.Priority, _order++));
    }

    private void ForgetEmpty(JobLane lane)
    {
        if (lane.IsEmpty)
            _lanes.Remove(lane.Key);
    }
}
