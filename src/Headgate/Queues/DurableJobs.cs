using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// Jobs that outlive the process: accepted when they are in the store, leased from the queue when it is their turn, and ended when what became
/// of them is in the store as well. Thread-safe.
/// </summary>
internal sealed class DurableJobs : IAsyncDisposable
{
    /// <summary>What is said of a key that comes again with another request.</summary>
    public const string OtherRequest = "the Idempotency-Key was used for another request, or in another batch";

    private readonly Engine _engine;
    private readonly IJobStore _store;
    private readonly IJobQueue _queue;
    private readonly DurableJobsOptions _options;
    private readonly JobLanes _lanes;
    private readonly JobEnds _ends;
    private readonly JobsAtHand _atHand;
    private readonly JobFeed _feed;
    private readonly JobExpiry _expiry;
    private readonly CancellationTokenSource _stop = new();
    private long _submitted;
    private volatile bool _isClosed;

    /// <param name="engine">What sends. It must outlive this.</param>
    /// <param name="store">Keeps the jobs. Not owned.</param>
    /// <param name="queue">Says who is next. Not owned.</param>
    /// <param name="options">What it does beside.</param>
    public DurableJobs(Engine engine, IJobStore store, IJobQueue queue, DurableJobsOptions options)
    {
        (_engine, _store, _queue, _options) = (engine, store, queue, options);
        _feed = new JobFeed(queue, engine.Clock, options.Room.AtHand, leases => _atHand!.BeginAsync(leases), failure => engine.Notice($"jobs cannot be taken from the queue: {failure.Message}"));
        _lanes = new JobLanes(engine, queue, _feed.Signal, _stop.Token);
        _ends = new JobEnds(store, _lanes, options.Follow, Told);
        _atHand = new JobsAtHand(engine, store, queue, _feed, _ends, options, _stop.Token);
        _expiry = new JobExpiry(store, engine.Clock, ExpireAsync, failure => engine.Notice($"jobs that are too late cannot be ended: {failure.Message}"));
    }

    /// <summary>What was done since the start by those that were at hand.</summary>
    public JobCounts Counts => _atHand.Counts;

    /// <summary>Accepted since the start.</summary>
    public long Submitted => Interlocked.Read(ref _submitted);

    /// <summary>Accepted, and not ended, whenever that was.</summary>
    public long Open => _ends.Open;

    /// <summary>What an earlier process has left, lane by lane.</summary>
    public IReadOnlyList<LaneCount> LanesAtStart { get; private set; } = [];

    /// <summary>Goes on with what an earlier process has left.</summary>
    /// <returns>How many jobs have not ended.</returns>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task<long> StartAsync()
    {
        _ends.Accepted((await _store.CountAsync(new JobSearch { HasEnded = false }).ConfigureAwait(false)).Open);
        await QueueAgainAsync().ConfigureAwait(false);
        LanesAtStart = await _queue.CountAsync().ConfigureAwait(false);
        foreach (var lane in LanesAtStart)
            _feed.Signal(lane.Lane);
        await _expiry.SweepAsync().ConfigureAwait(false);
        return Open;
    }

    /// <summary>Accepts requests, each by itself; when it comes back they outlive a power failure.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="key">By what a caller knows this submission: told again, the same requests are the same jobs. Null for new ones in any case.</param>
    /// <param name="batch">The name under which they can be asked for together; null for none.</param>
    /// <param name="pressure">What is done with another one, after so many of these; null for nothing but to accept it.</param>
    /// <param name="places">Where each stands in a submission of which these are a part; null where they are all of it.</param>
    /// <returns>A verdict for each, in their order.</returns>
    /// <exception cref="JobStoreException">None of them was accepted, or nothing is any more.</exception>
    public async Task<IReadOnlyList<JobVerdict>> SubmitAsync(IReadOnlyList<JobRequest> requests, string? key = null, string? batch = null, Func<int, BackpressureAct>? pressure = null, IReadOnlyList<int>? places = null)
    {
        var now = _engine.Clock.Provider.GetUtcNow();
        var verdicts = new JobVerdict[requests.Count];
        var jobs = new List<StoredJob>(requests.Count);
        var indexes = new List<int>(requests.Count);
        for (var index = 0; index < verdicts.Length; index++)
            try
            {
                var act = pressure?.Invoke(jobs.Count) ?? BackpressureAct.None;
                if (Backpressure.Refuses(act, requests[index].Priority))
                    throw new HeadgateException(FailureClass.RateLimit, Backpressure.RefusalOf(act));
                var id = key is null ? _atHand.NewId() : StoredJob.NameOf(key, places?[index] ?? index);
                jobs.Add(Prepared(new StoredJob(id, requests[index], now) { Batch = batch, RestsUntil = now + Backpressure.DelayOf(act) }));
                indexes.Add(index);
            }
            catch (HeadgateException wrong)
            {
                verdicts[index] = new JobVerdict(null, wrong);
            }
        var isNew = await AcceptAsync(jobs).ConfigureAwait(false);
        for (var at = 0; at < jobs.Count; at++)
            verdicts[indexes[at]] = isNew[at] || await IsSameAsync(jobs[at]).ConfigureAwait(false) ? new JobVerdict(jobs[at].Id, null) : new JobVerdict(null, new HeadgateException(FailureClass.Invalid, OtherRequest));
        return verdicts;
    }

    /// <summary>Does jobs once more that have ended: each by a new one, which stands for it from then on.</summary>
    /// <param name="jobs">Jobs that have ended.</param>
    /// <param name="requestOf">What is to be sent this time, by the place of a job among them: a copy.</param>
    /// <returns>The ids of the new ones; null for those that were done once more before.</returns>
    /// <exception cref="HeadgateException">A request cannot be sent as it is; none was accepted.</exception>
    /// <exception cref="JobStoreException">None of them was accepted.</exception>
    public async Task<IReadOnlyList<string?>> ReplayAsync(IReadOnlyList<StoredJob> jobs, Func<int, JobRequest> requestOf)
    {
        var now = _engine.Clock.Provider.GetUtcNow();
        // What is signed stays where that is done; any other stands where a new one would.
        List<StoredJob> again = [.. jobs.Select((job, at) => Prepared(new StoredJob(_atHand.NewId(), requestOf(at), now) { Replaces = job.Id, Batch = job.Batch, Queue = _options.SignerOf(job) is null ? null : job.Queue }))];
        var isNew = await AcceptAsync(again).ConfigureAwait(false);
        return [.. again.Select((job, at) => isNew[at] ? job.Id : null)];
    }

    /// <summary>Accepts a job that somebody made up, by its own id.</summary>
    /// <returns>Whether it is new.</returns>
    /// <exception cref="HeadgateException">It cannot be sent as it is.</exception>
    /// <exception cref="JobStoreException">It was not accepted.</exception>
    public async Task<bool> AcceptAsync(StoredJob job) => (await AcceptAsync([Prepared(job)]).ConfigureAwait(false))[0];

    /// <summary>A job with all that is known when it is accepted.</summary>
    /// <exception cref="HeadgateException">It cannot be sent as it is.</exception>
    public StoredJob Prepared(StoredJob job)
    {
        var request = job.Request;
        var api = _lanes.ApiOf(request);
        DateTimeOffset? expires = null;
        foreach (var at in (DateTimeOffset?[])[request.Deadline?.From(job.CreatedAt), request.StartBy?.From(job.CreatedAt), job.CreatedAt + api.Policy.QueueTimeout])
            expires = at < (expires ?? DateTimeOffset.MaxValue) ? at : expires;
        return job with { Api = api.Name, Expires = expires, Queue = job.Queue ?? _options.QueueOf(request, api.Name) };
    }

    /// <summary>Accepts jobs by their own ids.</summary>
    /// <param name="jobs">Such as <see cref="Prepared"/> gives; not to be changed any more.</param>
    /// <returns>For each whether it is new.</returns>
    /// <exception cref="JobStoreException">None of them was accepted.</exception>
    public async Task<IReadOnlyList<bool>> AcceptAsync(List<StoredJob> jobs)
    {
        if (_isClosed)
            throw new JobStoreException("it is being stopped: no job is taken any more");
        var isNew = await _store.AddAsync(jobs).ConfigureAwait(false);
        List<StoredJob> queued = [.. jobs.Where((_, at) => isNew[at])];
        // Told before the first of them can end.
        queued.ForEach(Told);
        _ends.Accepted(queued.Count);
        await _lanes.EnqueueAsync(queued).ConfigureAwait(false);
        if (queued.Min(job => job.Expires) is { } expires)
            _expiry.Expect(expires);
        return isNew;
    }

    /// <summary>A job was accepted, or follows from one that has ended.</summary>
    private void Told(StoredJob job)
    {
        _options.Tell(JobEvent.Submitted, _atHand.LiveOf(job));
        Interlocked.Increment(ref _submitted);
    }

    /// <summary>Jobs as they stand; null for those that are not known.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task<IReadOnlyList<JobView?>> FindAsync(IReadOnlyList<string> ids)
    {
        // How far it has come is looked at first: when it has ended meanwhile, the store knows.
        List<Job?> live = [.. ids.Select(_atHand.Find)];
        var stored = await _store.FindAsync(ids).ConfigureAwait(false);
        return [.. stored.Select((job, at) => job is null ? null : new JobView(job, live[at]))];
    }

    /// <inheritdoc cref="IJobStore.SearchAsync"/>
    public async Task<(IReadOnlyList<JobView> Jobs, long? Next)> SearchAsync(JobSearch search)
    {
        var page = await _store.SearchAsync(search).ConfigureAwait(false);
        return ([.. page.Jobs.Select(job => new JobView(job, _atHand.Find(job.Id)))], page.Next);
    }

    /// <inheritdoc cref="JobsAtHand.UnderWay"/>
    public Dictionary<string, int> UnderWay() => _atHand.UnderWay();

    /// <inheritdoc cref="IJobStore.CountAsync"/>
    public Task<JobTally> CountAsync(JobSearch search) => _store.CountAsync(search);

    /// <inheritdoc cref="IJobStore.DeleteAsync"/>
    public Task<int> DeleteAsync(IReadOnlyList<string> ids) => _store.DeleteAsync(ids);

    /// <summary>Bounds a named queue.</summary>
    /// <param name="queue">Its name.</param>
    /// <param name="most">At most so many of it are under way.</param>
    /// <param name="isPaused">Whether nothing of it is begun.</param>
    public void Bound(string queue, int most, bool isPaused) => _atHand.Bound(queue, most, isPaused);

    /// <inheritdoc cref="IJobStore.ForgetAsync"/>
    public async Task ForgetAsync(DateTimeOffset endedBefore, long mostBytes)
    {
        while (await _store.ForgetAsync(endedBefore, mostBytes, JobSearch.LargestPage).ConfigureAwait(false) > 0)
        {
            // Whoever writes has had a turn in between.
        }
    }

    /// <summary>Waits until jobs have ended, but no longer than a given time.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token; the jobs go on.</exception>
    public async Task WaitAsync(IReadOnlyList<string> ids, TimeSpan timeout, CancellationToken cancellation)
    {
        // Whoever ends from here on is heard of; whoever has ended before is found.
        var ends = ids.Select(_ends.Waiters.Of).ToList();
        try
        {
            foreach (var some in ids.Chunk(100))
            {
                var areOpen = await _store.AreOpenAsync(some).ConfigureAwait(false);
                for (var at = 0; at < some.Length; at++)
                    if (!areOpen[at])
                        _ends.Waiters.Release(some[at]);
            }
            await Task.WhenAll(ends).WaitAsync(timeout < Clock.LongestTimer ? timeout : Clock.LongestTimer, _engine.Clock.Provider, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // How far they have come is for the caller to see.
        }
        catch (JobStoreException)
        {
            // Others who wait for the same ask anew; nobody would ever release those that are not known.
            foreach (var id in ids)
                _ends.Waiters.Release(id);
            throw;
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
    public async Task<bool> CancelAsync(string id) => Passed(await _atHand.CancelAsync(id).ConfigureAwait(false));

    /// <summary>Accepts and begins nothing more, and waits for what is in flight; the rest is for the next process.</summary>
    /// <param name="drain">How long to wait at most.</param>
    public async Task StopAsync(TimeSpan drain)
    {
        _isClosed = true;
        _feed.Dispose();
        _expiry.Dispose();
        await _atHand.DrainAsync(drain).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _feed.Dispose();
        _expiry.Dispose();
        _atHand.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> ExpireAsync(StoredJob job)
    {
        var end = await _atHand.ExpireAsync(job.Id).ConfigureAwait(false);
        return Passed(end) && end.Job is not null;
    }

    /// <summary>Whoever had it at hand meanwhile has put it back: it leaves the queue if it has ended, and goes on if it has not.</summary>
    private bool Passed((bool IsEnded, StoredJob? Job) end)
    {
        if (end.Job is not null)
            _lanes.Signal(end.Job);
        return end.IsEnded;
    }

    private async Task<bool> IsSameAsync(StoredJob job) =>
        (await _store.FindAsync([job.Id]).ConfigureAwait(false))[0] is { } known && known.Batch == job.Batch && JobRequestWriter.ToBytes(known.Request).AsSpan().SequenceEqual(JobRequestWriter.ToBytes(job.Request));

    /// <summary>Submitted just before a death: in the store, and not in the queue.</summary>
    private async Task QueueAgainAsync()
    {
        for (long? after = 0; after is not null;)
        {
            var page = await _store.SearchAsync(new JobSearch { HasEnded = false, After = after, Limit = JobSearch.LargestPage }).ConfigureAwait(false);
            await _queue.EnqueueAsync([.. page.Jobs.Select(job => new QueuedJob(job.Id, _lanes.LaneOf(job), job.Due))]).ConfigureAwait(false);
            after = page.Next;
        }
    }
}
