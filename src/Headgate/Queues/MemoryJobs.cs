using Headgate.Time;

namespace Headgate.Queues;

/// <summary>Jobs in memory, store and queue in one: as fast as it gets, and gone with the process. Thread-safe.</summary>
/// <param name="time">Says when a job is due.</param>
/// <param name="mostBytes">What is told of jobs that have ended may be so large together; beyond, the oldest are forgotten.</param>
internal sealed class MemoryJobs(TimeProvider time, long mostBytes = 256L << 20) : IJobStore, IJobQueue
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _places = [];
    private readonly SortedDictionary<long, StoredJob> _jobs = [];
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly HashSet<string> _queued = [];
    private readonly Dictionary<long, Waiting> _leased = [];
    private readonly Queue<JobEnd> _ended = new();
    private long _bytes;
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
            _jobs[place] = _jobs[place] with { End = end };
            _ended.Enqueue(end);
            for (_bytes += end.Record.Length; _bytes > mostBytes && _ended.Count > 1;)
                ForgetNeedsLock(_ended.Peek().Id);
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<StoredJob?>>([.. ids.Select(id => _places.TryGetValue(id, out var place) ? _jobs[place] : null)]);
    }

    public Task<JobPage> SearchAsync(JobSearch search)
    {
        lock (_lock)
        {
            var found = _jobs.Where(job => job.Key > (search.After ?? 0) && Fits(job.Value, search)).Take(search.Limit + 1).ToList();
            var page = found.Take(search.Limit).ToList();
            return Task.FromResult(new JobPage([.. page.Select(job => job.Value)], found.Count > search.Limit ? page[^1].Key : null));
        }
    }

    public Task<int> ForgetAsync(DateTimeOffset endedBefore, int most)
    {
        lock (_lock)
        {
            var old = _ended.Where(end => end.At < endedBefore).Take(most).ToList();
            foreach (var end in old)
                ForgetNeedsLock(end.Id);
            return Task.FromResult(old.Count);
        }
    }

    public Task<long> CountOpenAsync()
    {
        lock (_lock)
            return Task.FromResult(_jobs.Values.LongCount(job => job.End is null));
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

    private static bool Fits(StoredJob job, JobSearch search) =>
        (search.HasEnded is not { } ended || ended == job.End is not null) && (search.Status is not { } status || job.End?.Status == status)
        && (search.Tenant is not { } tenant || job.Request.Tenant == tenant);

    private void ForgetNeedsLock(string id)
    {
        if (!_places.Remove(id, out var place))
            return;
        _jobs.Remove(place, out var job);
        _bytes -= job!.End!.Record.Length;
        while (_ended.TryPeek(out var first) && !_places.ContainsKey(first.Id))
            _ended.Dequeue();
    }

    private bool AddNeedsLock(StoredJob job)
    {
        if (!_places.TryAdd(job.Id, _order + 1))
            return false;
        _jobs.Add(++_order, job);
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
