using Headgate.Gates;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// Jobs before they come to their gate: where there are a million of them, only the first few of every lane wait there, since each costs
/// kilobytes once it is a request on the line. A lane is what the gate calls one (API, priority, tenant), so that whoever is next in the gate
/// is next of all: nothing urgent stands behind what is not. Pure; owned by the lock of its scheduler.
/// </summary>
/// <remarks>
/// An API may begin another while it has begun less than <see cref="Alpha"/> times what there is room for still: one alone has four fifths of
/// all, n of them 4/(4n + 1) each, and there is always room for the first jobs of one more. (Choudhury and Hahne, Dynamic queue length
/// thresholds, 1998, for buffers that are shared.)
/// </remarks>
/// <param name="lookAhead">So many of a lane wait in the gate at most.</param>
/// <param name="mostBegun">So many are begun and not ended altogether; beyond, one of each lane.</param>
internal sealed class JobQueue(int lookAhead, int mostBegun)
{
    private const int Alpha = 4;

    private readonly Dictionary<JobLaneKey, JobLane> _lanes = [];
    private readonly Dictionary<string, JobShare> _apis = [];
    private readonly Dictionary<string, JobShare> _queues = [];
    private readonly PriorityQueue<JobLane, (RequestPriority, long Order)> _ready = new();

    /// <summary>APIs with lanes that wait for room.</summary>
    private readonly IndexedHeap<JobShare, ByBegun> _crowded = new();
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
            _lanes.Add(key, lane = NewLane(key));
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
        while (_ready.TryDequeue(out var lane, out _))
        {
            lane.State = LaneState.Idle;
            if (lane.First is not { } entry || lane.Ahead >= lookAhead)
            {
                // It may have been given a place that it has no use for any more.
                UnparkQueue(lane.Queue);
                UnparkApis();
                continue;
            }
            if (lane.Queue.IsFull)
            {
                lane.Queue.Park(lane);
                // Its API may have a place that another lane has a use for, and the other way round.
                UnparkApis();
                continue;
            }
            if (IsCrowded(lane.Api) && lane.Begun > 0)
            {
                lane.Api.Park(lane);
                if (lane.Api.Place < 0)
                    _crowded.Add(lane.Api);
                UnparkQueue(lane.Queue);
                continue;
            }
            lane.Remove(entry);
            if (entry.Place >= 0)
                _times.Remove(entry);
            Waiting--;
            CountBegun(lane, 1);
            lane.Ahead++;
            MakeReady(lane);
            return entry;
        }
        return null;
    }

    /// <summary>Bounds a named queue.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="most">At most so many of it are under way.</param>
    /// <param name="isPaused">Whether nothing of it is begun.</param>
    public void Bound(string name, int most, bool isPaused)
    {
        var queue = ShareOf(_queues, name);
        (queue.Most, queue.IsPaused) = (most, isPaused);
        // Each is looked at again: those for which there is no room are parked once more.
        while (queue.TryUnpark(out var lane))
            Unpark(lane);
        if (queue.IsForgettable)
            _queues.Remove(name);
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
        var lane = entry.Lane!;
        CountBegun(lane, -1);
        // A lane of which nothing is under way goes on, however crowded its API is.
        if (lane is { State: LaneState.Parked, Begun: 0 })
            lane.State = LaneState.Idle;
        MakeReady(lane);
        UnparkQueue(lane.Queue);
        UnparkApis();
        ForgetEmpty(lane);
    }

    private void CountBegun(JobLane lane, int change)
    {
        Begun += change;
        lane.Begun += change;
        lane.Queue.Begun += change;
        lane.Api.Begun += change;
        if (lane.Api.Place >= 0)
            _crowded.Update(lane.Api);
    }

    private bool IsCrowded(JobShare api) => Begun >= mostBegun || api.Begun >= Alpha * (long)(mostBegun - Begun);

    /// <summary>A free place of a named queue is for the first of its lanes that has a use for it.</summary>
    private void UnparkQueue(JobShare queue)
    {
        while (!queue.IsFull && queue.TryUnpark(out var lane))
            if (Unpark(lane))
                break;
    }

    /// <summary>A free place is for the API that has the fewest, and there for the first lane that has a use for it: one may be empty by now.</summary>
    private void UnparkApis()
    {
        while (_crowded.First is { } api && !IsCrowded(api))
        {
            var isUsed = api.TryUnpark(out var lane) && Unpark(lane);
            if (!api.HasParked)
                _crowded.Remove(api);
            if (isUsed)
                break;
        }
    }

    private bool Unpark(JobLane lane)
    {
        if (lane.State != LaneState.Parked)
            return false;
        lane.State = LaneState.Idle;
        MakeReady(lane);
        return lane.State == LaneState.Ready;
    }

    private JobLane NewLane(JobLaneKey key)
    {
        var (api, queue) = (ShareOf(_apis, key.Upstream), ShareOf(_queues, key.Queue ?? JobQueues.Default));
        api.Lanes++;
        queue.Lanes++;
        return new JobLane(key, api, queue);
    }

    private static JobShare ShareOf(Dictionary<string, JobShare> shares, string name)
    {
        if (!shares.TryGetValue(name, out var share))
            shares.Add(name, share = new JobShare(name));
        return share;
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
        if (!lane.IsEmpty || !_lanes.Remove(lane.Key))
            return;
        // Where it is parked it is passed over.
        lane.State = LaneState.Gone;
        Forget(_apis, lane.Api);
        Forget(_queues, lane.Queue);
    }

    private static void Forget(Dictionary<string, JobShare> shares, JobShare share)
    {
        share.Lanes--;
        if (share.IsForgettable)
            shares.Remove(share.Name);
    }
}
