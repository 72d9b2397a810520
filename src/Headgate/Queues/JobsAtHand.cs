using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>The jobs that are leased from the queue and not done: they wait in the gate, are in flight, or their results are on the way to the store. Thread-safe.</summary>
internal sealed class JobsAtHand : IDisposable
{
    /// <summary>How long whoever could not keep a result waits before the next try; nothing new is sent in its place meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Engine _engine;
    private readonly IJobStore _store;
    private readonly IJobQueue _queue;
    private readonly JobEnds _ends;
    private readonly DurableJobsOptions _options;
    private readonly JobScheduler _scheduler;
    private readonly JobFeed _feed;
    private readonly CancellationToken _stop;

    /// <summary>Leases by job.</summary>
    private readonly ConcurrentDictionary<string, JobLease> _leases = new();

    /// <summary>Jobs that are being ended where they wait, each as often as that was asked for at once; its own lock.</summary>
    private readonly CancelledIds _ending = new();

    /// <summary>It was told that nothing can be kept.</summary>
    private bool _isTold;

    /// <param name="engine">What sends. It must outlive this.</param>
    /// <param name="store">Knows the jobs. Not owned.</param>
    /// <param name="queue">Says who is next. Not owned.</param>
    /// <param name="feed">Leases them.</param>
    /// <param name="ends">Keeps their ends.</param>
    /// <param name="options">What is done beside.</param>
    /// <param name="stop">What cannot be kept is not tried again from then on.</param>
    public JobsAtHand(Engine engine, IJobStore store, IJobQueue queue, JobFeed feed, JobEnds ends, DurableJobsOptions options, CancellationToken stop)
    {
        (_engine, _store, _queue, _feed, _ends, _options, _stop) = (engine, store, queue, feed, ends, options, stop);
        // What has ended is asked of the store.
        _scheduler = new JobScheduler(engine, options.Room, new FinishedJobs(0, 0, 0), options.Tell, KeepAsync, job => _ = GiveBackAsync(job));
    }

    /// <summary>What was done since the start by those that were at hand.</summary>
    public JobCounts Counts => _scheduler.Counts;

    /// <summary>How many jobs of each named queue are under way.</summary>
    public Dictionary<string, int> UnderWay() =>
        _leases.Keys.Select(Find).Where(job => job?.Status == JobStatus.Processing).GroupBy(job => job!.Queue ?? JobQueues.Default).ToDictionary(queue => queue.Key, queue => queue.Count());

    /// <summary>A name for a job; later ones come after earlier ones.</summary>
    public string NewId() => _scheduler.NewId();

    /// <summary>A job that is at hand; null for any other.</summary>
    public Job? Find(string id) => _scheduler.Find(id);

    /// <summary>Bounds a named queue (<see cref="JobQueue.Bound"/>).</summary>
    public void Bound(string queue, int most, bool isPaused) => _scheduler.Bound(queue, most, isPaused);

    /// <summary>The same job on this process's clock.</summary>
    public Job LiveOf(StoredJob job, bool isResent = false) =>
        new(job.Id, job.Request, job.CreatedAt, _engine.Clock.Now - Clock.Nanoseconds(_engine.Clock.Provider.GetUtcNow() - job.CreatedAt), isResent)
        {
            Queue = job.Queue,
            Place = (job.Api, job.Batch),
            Sign = _options.SignerOf(job),
        };

    /// <summary>Leased jobs go on the line, less those that have ended or must not be sent again.</summary>
    /// <exception cref="JobStoreException">Those that were not begun went back.</exception>
    public async Task BeginAsync(IReadOnlyList<JobLease> leases)
    {
        var begun = 0;
        lock (_ending.Lock)
            _ending.Take(leases.Select(static lease => lease.Id));
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
        finally
        {
            lock (_ending.Lock)
                _ending.Release(leases.Select(static lease => lease.Id));
        }
    }

    /// <summary>Gives a job up wherever it stands.</summary>
    /// <returns>Whether that is how it ended, and what the store has of it where it was not at hand.</returns>
    /// <exception cref="JobStoreException">It goes on: that it was cancelled cannot be kept.</exception>
    public Task<(bool IsEnded, StoredJob? Job)> CancelAsync(string id) =>
        EndWhereItWaitsAsync(id, FailureClass.Cancelled, "its caller cancelled it before it was sent", () => _scheduler.CancelAsync(id));

    /// <summary>Ends a job whose time is over; one that is at hand sees to that itself.</summary>
    /// <inheritdoc cref="CancelAsync"/>
    public Task<(bool IsEnded, StoredJob? Job)> ExpireAsync(string id) =>
        EndWhereItWaitsAsync(id, FailureClass.Deadline, "its time was over before it was its turn", () => Task.FromResult(_leases.ContainsKey(id)));

    /// <summary>Begins nothing more, and waits for what was sent; all others are left as they are.</summary>
    public Task DrainAsync(TimeSpan longest) => _scheduler.DrainAsync(longest);

    public void Dispose() => _scheduler.Dispose();

    private async Task<(bool IsEnded, StoredJob? Job)> EndWhereItWaitsAsync(string id, FailureClass why, string detail, Func<Task<bool>> atHand)
    {
        Task<bool> other;
        lock (_ending.Lock)
        {
            // From here on nobody begins it.
            _ending.Add(id);
            other = atHand();
        }
        try
        {
            if (await other.ConfigureAwait(false))
                return (true, null);
            if ((await _store.FindAsync([id]).ConfigureAwait(false))[0] is not { End: null } job)
                return (false, null);
            var live = LiveOf(job);
            var record = live.Accepted.Failed(why, detail, null, _engine.Clock.Now);
            if (!await _ends.KeepAsync(live, record).ConfigureAwait(false))
                return (false, job);
            Tell(live, record);
            return (true, job);
        }
        finally
        {
            lock (_ending.Lock)
                _ending.Remove(id);
        }
    }

    private async Task BeginAsync(StoredJob stored)
    {
        var isResent = _options.MayHaveArrived(stored);
        var job = LiveOf(stored, isResent);
        if (isResent && !stored.Request.IsRepeatable)
        {
            await EndAsync(job, FailureClass.MaybeSent, "an earlier process sent it, and what came of it is not known; to send it twice could do harm").ConfigureAwait(false);
            return;
        }
        try
        {
            lock (_ending.Lock)
                if (_ending.MayBegin(stored.Id))
                {
                    _scheduler.Take(job, isNew: false);
                    return;
                }
            // When it comes again the store says whether it has ended.
            _ = GiveBackAsync(job);
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
        Tell(job, record);
    }

    private void Tell(Job job, ResultRecord record)
    {
        Counts.CountEndAside(record.Outcome.Status);
        job.End(record);
        _options.Tell(record.Outcome.Status.Event(), job);
        job.Release();
    }

    /// <summary>Keeps what became of a job, however long it takes to get there: without it the job would be done again.</summary>
    private async Task KeepAsync(Job job, ResultRecord record)
    {
        record.History = job.History;
        while (true)
            try
            {
                await _ends.KeepAsync(job, record).ConfigureAwait(false);
                _isTold = false;
                break;
            }
            catch (JobStoreException failure)
            {
                if (!Interlocked.Exchange(ref _isTold, true))
                    _engine.Notice($"results wait to be kept: {failure.Message}");
                await Task.Delay(Patience, _engine.Clock.Provider, _stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_stop.IsCancellationRequested)
                    return;
            }
        if (_leases.TryRemove(job.Id, out var lease))
            await SettleAsync(lease, isDone: true).ConfigureAwait(false);
    }

    /// <summary>It could not be sent, or may not be: it goes back to its lane, which rests for a while.</summary>
    private async Task GiveBackAsync(Job job)
    {
        if (!_leases.TryRemove(job.Id, out var lease))
            return;
        await SettleAsync(lease, isDone: false).ConfigureAwait(false);
        await Task.Delay(Patience, _engine.Clock.Provider, _stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
}
