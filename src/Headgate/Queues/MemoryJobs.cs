using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>Jobs in memory, store and queue in one: as fast as it gets, and gone with the process. Thread-safe.</summary>
/// <param name="time">Says when a job is due.</param>
/// <param name="mostBytes">Jobs that have ended may be so large together; beyond, the oldest are forgotten at once.</param>
internal sealed class MemoryJobs(TimeProvider time, long mostBytes = 256L << 20) : IJobStore, IJobQueue
{
    /// <summary>What a job takes beside its body and its result.</summary>
    private const int Overhead = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _places = [];
    private readonly Dictionary<long, StoredJob> _jobs = [];
    private readonly SortedSet<long> _inOrder = [];
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly HashSet<string> _queued = [];
    private readonly Dictionary<long, Waiting> _leased = [];
    private readonly Queue<JobEnd> _ended = new();

    /// <summary>Of jobs that have not ended and whose time is over some day, in the order of that time.</summary>
    private readonly SortedSet<(DateTimeOffset Expires, long Place)> _expiring = [];
    private long _bytes;
    private int _kept;
    private long _order;

    public Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<StoredJob> jobs)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<bool>>([.. jobs.Select(AddNeedsLock)]);
    }

    public Task<bool> EndAsync(JobEnd end)
    {
        lock (_lock)
        {
            if (!_places.TryGetValue(end.Id, out var place) || _jobs[place].End is not null)
                return Task.FromResult(false);
            if (_jobs[place].Expires is { } expires)
                _expiring.Remove((expires, place));
            _jobs[place] = _jobs[place] with { End = end with { Then = null } };
            if (end.Then is { } then)
                AddNeedsLock(then);
            _ended.Enqueue(end);
            _bytes += SizeOf(_jobs[place]);
            for (_kept++; _bytes > mostBytes && _kept > 1;)
                ForgetNeedsLock(_ended.Peek().Id);
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<StoredJob?>>([.. ids.Select(id => _places.TryGetValue(id, out var place) ? _jobs[place] : null)]);
    }

    public Task<IReadOnlyList<bool>> AreOpenAsync(IReadOnlyList<string> ids)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<bool>>([.. ids.Select(id => _places.TryGetValue(id, out var place) && _jobs[place].End is null)]);
    }

    public Task<JobPage> SearchAsync(JobSearch search)
    {
        lock (_lock)
        {
            var places = search.IsNewestFirst
                ? _inOrder.GetViewBetween(0, (search.After ?? long.MaxValue) - 1).Reverse()
                : _inOrder.GetViewBetween(Math.Min(search.After ?? 0, long.MaxValue - 1) + 1, long.MaxValue);
            var before = BeforeNeedsLock(search);
            var found = places.Where(place => place < before && search.Fits(_jobs[place])).Take(search.Limit + 1).ToList();
            var page = found.Take(search.Limit).ToList();
            return Task.FromResult(new JobPage([.. page.Select(place => _jobs[place])], found.Count > search.Limit ? page[^1] : null));
        }
    }

    public Task<int> ForgetAsync(DateTimeOffset endedBefore, long mostBytes, int most)
    {
        lock (_lock)
        {
            var old = _ended.Where(end => end.At < endedBefore).Take(most).ToList();
            foreach (var end in old)
                ForgetNeedsLock(end.Id);
            var count = old.Count;
            while (count < most && _bytes > mostBytes && _kept > 1)
            {
                ForgetNeedsLock(_ended.Peek().Id);
                count++;
            }
            return Task.FromResult(count);
        }
    }

    public Task<JobTally> CountAsync(JobSearch search)
    {
        lock (_lock)
        {
            var counts = new long[Enum.GetValues<JobStatus>().Length];
            long ok = 0;
            var before = BeforeNeedsLock(search);
            foreach (var (_, job) in _jobs.Where(placed => placed.Key < before && search.Fits(placed.Value)))
            {
                counts[(int)(job.End?.Status ?? JobStatus.Pending)]++;
                ok += job.End is { Status: JobStatus.Completed, Class: FailureClass.None } ? 1 : 0;
            }
            return Task.FromResult(new JobTally(
                counts[(int)JobStatus.Pending], ok, counts[(int)JobStatus.Completed], counts[(int)JobStatus.Failed], counts[(int)JobStatus.Timeout], counts[(int)JobStatus.Cancelled]));
        }
    }

    public Task<IReadOnlyList<StoredJob>> FindExpiringAsync(int skip, int most)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<StoredJob>>([.. _expiring.Skip(skip).Take(most).Select(expiring => _jobs[expiring.Place])]);
    }

    public Task<int> DeleteAsync(IReadOnlyList<string> ids)
    {
        lock (_lock)
        {
            var ended = ids.Where(id => _places.TryGetValue(id, out var place) && _jobs[place].End is not null).Distinct().ToList();
            ended.ForEach(ForgetNeedsLock);
            return Task.FromResult(ended.Count);
        }
    }

    public Task EnqueueAsync(IReadOnlyList<QueuedJob> jobs)
    {
        lock (_lock)
            foreach (var job in jobs)
            {
                if (!_queued.Add(job.Id))
                    continue;
                if (!_lanes.TryGetValue(job.Lane, out var lane))
                    _lanes.Add(job.Lane, lane = new Lane());
                lane.Waiting.Add(new Waiting(job.Due, ++_order, job.Id));
            }
        return Task.CompletedTask;
    }

    public Task<LeasedJobs> LeaseAsync(string lane, int most)
    {
        lock (_lock)
        {
            var leases = new List<JobLease>();
            if (!_lanes.TryGetValue(lane, out var jobs))
                return Task.FromResult(new LeasedJobs(leases, null));
            for (var now = time.GetUtcNow(); leases.Count < most && jobs.Waiting.Count > 0 && jobs.Waiting.Min is var first && first.Due <= now; jobs.Leased++)
            {
                jobs.Waiting.Remove(first);
                _leased.Add(++_order, first);
                leases.Add(new JobLease(first.Id, lane, _order));
            }
            return Task.FromResult(new LeasedJobs(leases, leases.Count < most && jobs.Waiting.Count > 0 ? jobs.Waiting.Min.Due : null));
        }
    }

    public Task<int> SettleAsync(IReadOnlyList<JobLease> leases, bool isDone)
    {
        var settled = 0;
        lock (_lock)
            foreach (var lease in leases)
            {
                if (!_leased.Remove(lease.Place, out var job))
                    continue;
                settled++;
                var lane = _lanes[lease.Lane];
                lane.Leased--;
                if (!isDone)
                {
                    lane.Waiting.Add(job);
                    continue;
                }
                _queued.Remove(job.Id);
                if (lane.Count == 0)
                    _lanes.Remove(lease.Lane);
            }
        return Task.FromResult(settled);
    }

    public Task<IReadOnlyList<LaneCount>> CountAsync()
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<LaneCount>>([.. _lanes.Select(lane => new LaneCount(lane.Key, lane.Value.Count))]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private long BeforeNeedsLock(JobSearch search) => search.Before is { } id ? _places.GetValueOrDefault(id) : long.MaxValue;

    private static long SizeOf(StoredJob ended) => Overhead + (ended.Request.Body?.Length ?? 0) + ended.End!.Record.Length;

    private void ForgetNeedsLock(string id)
    {
        if (!_places.Remove(id, out var place))
            return;
        _jobs.Remove(place, out var job);
        _inOrder.Remove(place);
        _bytes -= SizeOf(job!);
        _kept--;
        while (_ended.TryPeek(out var first) && !_places.ContainsKey(first.Id))
            _ended.Dequeue();
    }

    private bool AddNeedsLock(StoredJob job)
    {
        if (_places.ContainsKey(job.Id))
            return false;
        if (job.Replaces is { } replaced)
        {
            if (!_places.TryGetValue(replaced, out var place) || _jobs[place] is not { End: not null, ReplacedBy: null })
                return false;
            _jobs[place] = _jobs[place] with { ReplacedBy = job.Id };
        }
        _places.Add(job.Id, ++_order);
        _jobs.Add(_order, job);
        _inOrder.Add(_order);
        if (job.Expires is { } expires)
            _expiring.Add((expires, _order));
        return true;
    }

    private sealed class Lane
    {
        public SortedSet<Waiting> Waiting { get; } = new(Comparer<Waiting>.Create(static (x, y) => (x.Due, x.Order).CompareTo((y.Due, y.Order))));

        public int Leased { get; set; }

        public int Count => Waiting.Count + Leased;
    }

    /// <summary>Who is due first comes first, and of those of one time whoever came first.</summary>
    private readonly record struct Waiting(DateTimeOffset Due, long Order, string Id);
}
