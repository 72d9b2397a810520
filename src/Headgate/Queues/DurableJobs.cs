using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// Jobs that outlive the process: accepted when they are in the store, leased from the queue when it is their turn, and ended when what became
/// of them is in the store as well. Thread-safe.
/// </summary>
internal sealed class DurableJobs : IAsyncDisposable
{
    /// <summary>How long whoever could not keep a result waits before the next try; nothing new is sent in its place meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>What is said of a key that comes again with another request.</summary>
    public const string OtherRequest = "the Idempotency-Key was used for another request";

    private readonly Engine _engine;
    private readonly IJobStore _store;
    private readonly IJobQueue _queue;
    private readonly Action<JobEvent, Job> _tell;
    private readonly Func<StoredJob, bool> _mayHaveArrived;
    private readonly JobScheduler _scheduler;
    private readonly JobFeed _feed;

    /// <summary>Leases by job, of those that are at hand.</summary>
    private readonly ConcurrentDictionary<string, JobLease> _leases = new();

    /// <summary>Jobs that are being cancelled, each as often as that was asked for at once; its own lock.</summary>
    private readonly CancelledIds _cancelling = new();

    private readonly JobWaiters _waiters = new();
    private readonly CancellationTokenSource _stop = new();
    private long _submitted;
    private long _open;

    /// <summary>It was told that nothing can be kept.</summary>
    private bool _isTold;
    private volatile bool _isClosed;

    /// <param name="engine">What sends. It must outlive this.</param>
    /// <param name="store">Keeps the jobs. Not owned.</param>
    /// <param name="queue">Says who is next. Not owned.</param>
    /// <param name="room">How much is at hand.</param>
    /// <param name="mayHaveArrived">Whether an earlier process may have sent a job that has not ended.</param>
    /// <param name="tell">Told of every event of a job; must not throw.</param>
    public DurableJobs(Engine engine, IJobStore store, IJobQueue queue, JobRoom room, Func<StoredJob, bool> mayHaveArrived, Action<JobEvent, Job> tell)
    {
        (_engine, _store, _queue, _mayHaveArrived, _tell) = (engine, store, queue, mayHaveArrived, tell);
        // What has ended is asked of the store.
        _scheduler = new JobScheduler(engine, room, new FinishedJobs(0, 0, 0), tell, KeepAsync, job => _ = GiveBackAsync(job));
        _feed = new JobFeed(queue, engine.Clock, BeginAsync, failure => engine.Notice($"jobs cannot be taken from the queue: {failure.Message}"));
    }

    /// <summary>What was done since the start by those that were at hand.</summary>
    public JobCounts Counts => _scheduler.Counts;

    /// <summary>Accepted since the start.</summary>
    public long Submitted => Interlocked.Read(ref _submitted);

    /// <summary>Accepted, and not ended, whenever that was.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Goes on with what an earlier process has left.</summary>
    /// <returns>How many jobs have not ended.</returns>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task<long> StartAsync()
    {
        _open = await _store.CountOpenAsync().ConfigureAwait(false);
        await QueueAgainAsync().ConfigureAwait(false);
        foreach (var lane in await _queue.CountAsync().ConfigureAwait(false))
            _feed.Signal(lane.Lane);
        return Open;
    }

    /// <summary>Accepts requests, each by itself; when it comes back they outlive a power failure.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="key">By what a caller knows this submission: told again, the same requests are the same jobs. Null for new ones in any case.</param>
    /// <returns>A verdict for each, in their order.</returns>
    /// <exception cref="JobStoreException">None of them was accepted, or nothing is any more.</exception>
    public async Task<IReadOnlyList<JobVerdict>> SubmitAsync(IReadOnlyList<JobRequest> requests, string? key = null)
    {
        if (_isClosed)
            throw new JobStoreException("it is being stopped: no job is taken any more");
        var now = _engine.Clock.Provider.GetUtcNow();
        var verdicts = new JobVerdict[requests.Count];
        var (jobs, places) = (new List<StoredJob>(requests.Count), new List<QueuedJob>(requests.Count));
        var indexes = new List<int>(requests.Count);
        for (var index = 0; index < verdicts.Length; index++)
            try
            {
                var job = new StoredJob(key is null ? _scheduler.NewId() : StoredJob.NameOf(key, index), requests[index], now);
                places.Add(new QueuedJob(job.Id, LaneOf(job), job.Due));
                jobs.Add(job);
                indexes.Add(index);
            }
            catch (HeadgateException wrong)
            {
                verdicts[index] = new JobVerdict(null, wrong);
            }
        var isNew = await _store.AddAsync(jobs).ConfigureAwait(false);
        List<QueuedJob> queued = [.. places.Where((_, at) => isNew[at])];
        for (var at = 0; at < jobs.Count; at++)
            verdicts[indexes[at]] = isNew[at] || await IsSameAsync(jobs[at]).ConfigureAwait(false) ? new JobVerdict(jobs[at].Id, null) : new JobVerdict(null, new HeadgateException(FailureClass.Invalid, OtherRequest));
        // Told before the first of them can end.
        foreach (var job in jobs.Where((_, at) => isNew[at]))
            _tell(JobEvent.Submitted, LiveOf(job, isResent: false));
        Interlocked.Add(ref _submitted, queued.Count);
        Interlocked.Add(ref _open, queued.Count);
        await EnqueueAsync(queued).ConfigureAwait(false);
        return verdicts;
    }

    /// <summary>Puts accepted jobs into their lanes. They are in the store: where the queue takes nothing now, they are answered for all the same, and come into it later.</summary>
    private async Task EnqueueAsync(List<QueuedJob> queued)
    {
        try
        {
            await _queue.EnqueueAsync(queued).ConfigureAwait(false);
            foreach (var lane in queued.Select(job => job.Lane).Distinct())
                _feed.Signal(lane);
        }
        catch (JobStoreException failure)
        {
            _engine.Notice($"{queued.Count} accepted jobs wait to be queued: {failure.Message}");
            // The next start finds those that are in the store only.
            _ = LaterAsync(() => EnqueueAsync(queued));
        }
    }

    private async Task LaterAsync(Func<Task> what)
    {
        await Task.Delay(Patience, _engine.Clock.Provider, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stop.IsCancellationRequested)
            await what().ConfigureAwait(false);
    }

    /// <summary>Jobs as they stand; null for those that are not known.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task<IReadOnlyList<JobView?>> FindAsync(IReadOnlyList<string> ids)
    {
        // How far it has come is looked at first: when it has ended meanwhile, the store knows.
        List<Job?> live = [.. ids.Select(_scheduler.Find)];
        var stored = await _store.FindAsync(ids).ConfigureAwait(false);
        return [.. stored.Select((job, at) => job is null ? null : new JobView(job, live[at]))];
    }

    /// <summary>Jobs in the order they were accepted.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task<(IReadOnlyList<JobView> Jobs, long? Next)> SearchAsync(JobSearch search)
    {
        var page = await _store.SearchAsync(search).ConfigureAwait(false);
        return ([.. page.Jobs.Select(job => new JobView(job, _scheduler.Find(job.Id)))], page.Next);
    }

    /// <summary>Forgets jobs that ended before a time.</summary>
    /// <exception cref="JobStoreException">Some of them were not forgotten.</exception>
    public async Task ForgetAsync(DateTimeOffset endedBefore)
    {
        for (var count = JobSearch.LargestPage; count == JobSearch.LargestPage;)
            count = await _store.ForgetAsync(endedBefore, JobSearch.LargestPage).ConfigureAwait(false);
    }

    /// <summary>Waits until jobs have ended, but no longer than a given time.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token; the jobs go on.</exception>
    public async Task WaitAsync(IReadOnlyList<string> ids, TimeSpan timeout, CancellationToken cancellation)
    {
        // Whoever ends from here on is heard of; whoever has ended before is found.
        var ends = ids.Select(_waiters.Of).ToList();
        try
        {
            foreach (var some in ids.Chunk(100))
            {
                var found = await _store.FindAsync(some).ConfigureAwait(false);
                for (var at = 0; at < some.Length; at++)
                    if (found[at] is not { End: null })
                        _waiters.Release(some[at]);
            }
            await Task.WhenAll(ends).WaitAsync(timeout < Clock.LongestTimer ? timeout : Clock.LongestTimer, _engine.Clock.Provider, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // How far they have come is for the caller to see.
        }
    }

    /// <summary>Waits for one job, and gives it as it stands then; null if it is not known.</summary>
    /// <inheritdoc cref="WaitAsync"/>
    public async Task<JobView?> EndAsync(string id, TimeSpan timeout, CancellationToken cancellation)
    {
        await WaitAsync([id], timeout, cancellation).ConfigureAwait(false);
        return (await FindAsync([id]).ConfigureAwait(false))[0];
    }

    /// <summary>Gives a job up wherever it stands; says whether that is how it ended.</summary>
    /// <exception cref="JobStoreException">It goes on: that it was cancelled cannot be kept.</exception>
    public async Task<bool> CancelAsync(string id)
    {
        Task<bool> atHand;
        lock (_cancelling.Lock)
        {
            // From here on nobody begins it.
            _cancelling.Add(id);
            atHand = _scheduler.CancelAsync(id);
        }
        StoredJob? job = null;
        try
        {
            if (await atHand.ConfigureAwait(false))
                return true;
            job = (await _store.FindAsync([id]).ConfigureAwait(false))[0];
            if (job is not { End: null })
                return false;
            var live = LiveOf(job, isResent: false);
            if (!await _store.EndAsync(JobEnd.Of(id, live.Accepted.Failed(FailureClass.Cancelled, "its caller cancelled it before it was sent", null, _engine.Clock.Now))).ConfigureAwait(false))
                return false;
            Interlocked.Decrement(ref _open);
            Counts.CountEndAside(JobStatus.Cancelled);
            _tell(JobEvent.Cancelled, live);
            _waiters.Release(id);
            return true;
        }
        finally
        {
            lock (_cancelling.Lock)
                _cancelling.Remove(id);
            // Whoever had it at hand has put it back: it leaves the queue if it has ended, and goes on if it has not.
            if (job is not null)
                _feed.Signal(LaneOf(job));
        }
    }

    /// <summary>Accepts and begins nothing more, and waits for what is in flight; the rest is for the next process.</summary>
    /// <param name="drain">How long to wait at most.</param>
    public async Task StopAsync(TimeSpan drain)
    {
        _isClosed = true;
        _feed.Dispose();
        await _scheduler.DrainAsync(drain).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _feed.Dispose();
        _scheduler.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> IsSameAsync(StoredJob job) =>
        (await _store.FindAsync([job.Id]).ConfigureAwait(false))[0] is { } known && JobRequestWriter.ToBytes(known.Request).AsSpan().SequenceEqual(JobRequestWriter.ToBytes(job.Request));

    /// <summary>Submitted just before a death: in the store, and not in the queue.</summary>
    private async Task QueueAgainAsync()
    {
        for (long? after = 0; after is not null;)
        {
            var page = await _store.SearchAsync(new JobSearch { HasEnded = false, After = after, Limit = JobSearch.LargestPage }).ConfigureAwait(false);
            var places = new List<QueuedJob>(page.Jobs.Count);
            foreach (var job in page.Jobs)
                places.Add(new QueuedJob(job.Id, LaneOf(job), job.Due));
            await _queue.EnqueueAsync(places).ConfigureAwait(false);
            after = page.Next;
        }
    }

    /// <summary>Leased jobs go on the line, less those that have ended or must not be sent again.</summary>
    private async Task BeginAsync(IReadOnlyList<JobLease> leases)
    {
        var begun = 0;
        try
        {
            var jobs = await _store.FindAsync([.. leases.Select(lease => lease.Id)]).ConfigureAwait(false);
            for (; begun < leases.Count; begun++)
                if (jobs[begun] is not { End: null } job || !_leases.TryAdd(job.Id, leases[begun]))
                    await SettleAsync(leases[begun], isDone: true).ConfigureAwait(false);
                else
                    await BeginAsync(job).ConfigureAwait(false);
        }
        catch
        {
            foreach (var lease in leases.Skip(begun))
            {
                _leases.TryRemove(KeyValuePair.Create(lease.Id, lease));
                await SettleAsync(lease, isDone: false).ConfigureAwait(false);
            }
            throw;
        }
    }

    private async Task BeginAsync(StoredJob stored)
    {
        var isResent = _mayHaveArrived(stored);
        var job = LiveOf(stored, isResent);
        if (isResent && !stored.Request.IsRepeatable)
        {
            await EndAsync(job, FailureClass.MaybeSent, "an earlier process sent it, and what came of it is not known; to send it twice could do harm").ConfigureAwait(false);
            return;
        }
        try
        {
            lock (_cancelling.Lock)
                if (!_cancelling.Contains(stored.Id))
                {
                    _scheduler.Take(job, isNew: false);
                    return;
                }
            if (_leases.TryRemove(stored.Id, out var lease))
                await SettleAsync(lease, isDone: false).ConfigureAwait(false);
        }
        catch (HeadgateException wrong) when (wrong.InnerException is ArgumentException)
        {
            // The configuration is another one than when it was accepted.
            await EndAsync(job, FailureClass.Invalid, wrong.Message).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(Job job, FailureClass failure, string detail)
    {
        var record = job.Accepted.Failed(failure, detail, null, _engine.Clock.Now);
        await KeepAsync(job, record).ConfigureAwait(false);
        Counts.CountEndAside(record.Outcome.Status);
        job.End(record);
        _tell(JobEvent.Failed, job);
        job.Release();
    }

    /// <summary>Keeps what became of a job, however long it takes to get there: without it the job would be done again.</summary>
    private async Task KeepAsync(Job job, ResultRecord record)
    {
        var end = JobEnd.Of(job.Id, record);
        while (true)
            try
            {
                if (await _store.EndAsync(end).ConfigureAwait(false))
                    Interlocked.Decrement(ref _open);
                _isTold = false;
                break;
            }
            catch (JobStoreException failure)
            {
                if (!Interlocked.Exchange(ref _isTold, true))
                    _engine.Notice($"results wait to be kept: {failure.Message}");
                await Task.Delay(Patience, _engine.Clock.Provider, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_stop.IsCancellationRequested)
                    return;
            }
        _waiters.Release(job.Id);
        if (_leases.TryRemove(job.Id, out var lease))
            await SettleAsync(lease, isDone: true).ConfigureAwait(false);
    }

    /// <summary>It could not be sent: it goes back to its lane, which rests for a while.</summary>
    private async Task GiveBackAsync(Job job)
    {
        if (!_leases.TryRemove(job.Id, out var lease))
            return;
        await SettleAsync(lease, isDone: false).ConfigureAwait(false);
        await Task.Delay(Patience, _engine.Clock.Provider, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _feed.Signal(lease.Lane);
    }

    private async Task SettleAsync(JobLease lease, bool isDone)
    {
        try
        {
            await _queue.SettleAsync([lease], isDone).ConfigureAwait(false);
        }
        catch (JobStoreException)
        {
            // It is leased once more after a restart, and found to have ended.
        }
        _feed.Ended(lease.Lane);
    }

    private string LaneOf(StoredJob job)
    {
        try
        {
            return $"{_engine.NameOf(JobMessage.Target(job.Request))}\n{(int)job.Request.Priority}\n{job.Request.Tenant}";
        }
        catch (ArgumentException wrong)
        {
            throw new HeadgateException(FailureClass.Invalid, wrong.Message, wrong);
        }
    }

    /// <summary>The same job on this process's clock.</summary>
    private Job LiveOf(StoredJob job, bool isResent) =>
        new(job.Id, job.Request, job.CreatedAt, _engine.Clock.Now - Clock.Nanoseconds(_engine.Clock.Provider.GetUtcNow() - job.CreatedAt), isResent);
}
