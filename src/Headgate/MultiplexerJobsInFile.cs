using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate;

/// <summary>Jobs that outlive the process: what it leaves, the next one goes on with.</summary>
internal sealed class MultiplexerJobsInFile : MultiplexerJobs
{
    /// <summary>So many requests are kept in one go; whoever submits more waits for the disk once for each.</summary>
    private const int Together = 1000;

    private static readonly TimeSpan ForgetsEvery = TimeSpan.FromMinutes(1);

    private readonly JobFile _file;
    private readonly JobLedgers _ledgers;
    private readonly MultiplexerOptions _options;
    private readonly Action<JobEvent, Job> _tell;
    private readonly DurableJobs _jobs;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _forgetting;
    private int _isStopping;

    /// <summary>Requests that are being kept.</summary>
    private long _coming;
    private volatile bool _isClosed;
    private volatile bool _isStopped;

    /// <param name="engine">What sends; it writes to the ledgers.</param>
    /// <param name="file">Where they are kept. Owned from when it was started.</param>
    /// <param name="ledgers">What earlier processes have sent.</param>
    /// <param name="room">How much is at hand.</param>
    /// <param name="options">How many are taken, and kept.</param>
    /// <param name="tell">Told of every event of a job; must not throw.</param>
    public MultiplexerJobsInFile(Engine engine, JobFile file, JobLedgers ledgers, JobRoom room, MultiplexerOptions options, Action<JobEvent, Job> tell) : base(engine)
    {
        (_file, _ledgers, _options, _tell) = (file, ledgers, options, tell);
        _jobs = new DurableJobs(engine, file.Store, file.Queue, new DurableJobsOptions { Room = room, MayHaveArrived = ledgers.MayHaveArrived, Tell = Tell });
    }

    public override JobCounts Counts => _jobs.Counts;

    public override long Submitted => _jobs.Submitted;

    public override long Queued => Math.Max(0, _jobs.Open - Counts[JobStatus.Processing] - Counts[JobStatus.Retrying] - Counts[JobStatus.RateLimited]);

    private TimeProvider Provider => Engine.Clock.Provider;

    public override async Task StartAsync()
    {
        try
        {
            await _jobs.StartAsync().ConfigureAwait(false);
            await _ledgers.ForgetEndedAsync(_file.Store).ConfigureAwait(false);
            _forgetting = Provider.CreateTimer(_ => _ = ForgetAsync(), null, ForgetsEvery, ForgetsEvery);
        }
        catch (JobStoreException failure)
        {
            throw Told(failure);
        }
        finally
        {
            _started.TrySetResult();
        }
    }

    public override async Task<string> SubmitAsync(JobRequest request)
    {
        var verdict = (await SubmitAsync([request]).ConfigureAwait(false))[0];
        return verdict.Id ?? throw verdict.Error!;
    }

    public override async Task<IReadOnlyList<JobVerdict>> SubmitManyAsync(IEnumerable<JobRequest> requests, CancellationToken cancellation)
    {
        var verdicts = new List<JobVerdict>();
        foreach (var some in requests.Chunk(Together))
        {
            if (cancellation.IsCancellationRequested)
                break;
            try
            {
                verdicts.AddRange(await SubmitAsync(some).ConfigureAwait(false));
            }
            catch (Exception late) when (verdicts.Count > 0 && late is InvalidOperationException or IOException)
            {
                // What was taken before is known by the verdicts, so none of them may get lost.
                var why = new HeadgateException(late is IOException ? FailureClass.Invalid : FailureClass.Cancelled, late.Message, late);
                verdicts.AddRange(some.Select(_ => new JobVerdict(null, why)));
            }
        }
        return verdicts;
    }

    public override async Task<Job?> FindAsync(string id) => (await FindAsync([id]).ConfigureAwait(false))[0];

    public override async Task<IReadOnlyList<Job>> WaitAsync(IReadOnlyList<string> ids, TimeSpan timeout, CancellationToken cancellation)
    {
        var found = await FindAsync(ids).ConfigureAwait(false);
        if (found.IndexOf(null) is var missing and >= 0)
            throw Unknown(ids[missing]);
        List<string> open = [.. found.Where(job => !job!.HasEnded).Select(job => job!.Id).Distinct()];
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ends = WaitForAsync(open, timeout < TimeSpan.Zero ? Clock.LongestTimer : timeout, either.Token);
        if (await Task.WhenAny(ends, _stopped.Task).ConfigureAwait(false) == ends)
            await ends.ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await ends.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var now = (await FindAsync(open).ConfigureAwait(false)).Zip(open).ToDictionary(pair => pair.Second, pair => pair.First);
        // What was forgotten since is told as it was found.
        return [.. found.Select(job => now.GetValueOrDefault(job!.Id) ?? job)];
    }

    public override async Task<bool> CancelAsync(string id)
    {
        try
        {
            return await _jobs.CancelAsync(id).ConfigureAwait(false);
        }
        catch (JobStoreException failure)
        {
            throw Told(failure);
        }
    }

    public override void Close() => _isClosed = true;

    public override async Task<IReadOnlyList<Job>> StopAsync(TimeSpan drain, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _isStopping, 1) != 0)
        {
            await _stopped.Task.ConfigureAwait(false);
            return [];
        }
        try
        {
            // Else what is begun after it would never end.
            await _started.Task.ConfigureAwait(false);
            if (_jobs.Open == 0)
                _idle.TrySetResult();
            if (drain != TimeSpan.Zero)
                await _idle.Task.WaitAsync(drain, Provider, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _jobs.StopAsync(TimeSpan.Zero).ConfigureAwait(false);
            await DisposeAsync().ConfigureAwait(false);
            return [];
        }
        finally
        {
            _stopped.TrySetResult();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_forgetting is not null)
            await _forgetting.DisposeAsync().ConfigureAwait(false);
        // In this order: what is cut off below is not kept as if that were its end, nor told.
        _isStopped = true;
        _file.Close();
        Engine.Dispose();
        await _jobs.DisposeAsync().ConfigureAwait(false);
        // Last: whoever has it next reads what was sent, and nothing may be sent after that.
        _file.Release();
        _stopped.TrySetResult();
    }

    private async Task<IReadOnlyList<JobVerdict>> SubmitAsync(IReadOnlyList<JobRequest> requests)
    {
        if (_isClosed)
            throw new InvalidOperationException("it is being stopped: no job is taken any more");
        var verdicts = new JobVerdict[requests.Count];
        var (jobs, places) = (new List<StoredJob>(requests.Count), new List<int>(requests.Count));
        try
        {
            for (var at = 0; at < verdicts.Length; at++)
                if (Refusal(requests[at]) is { } refusal)
                    verdicts[at] = refusal;
                else if (Prepare(requests[at], out var job) is { } wrong)
                    (verdicts[at], _) = (Rejected(wrong), Interlocked.Decrement(ref _coming));
                else
                {
                    jobs.Add(job!);
                    places.Add(at);
                }
            var isNew = jobs.Count == 0 ? [] : await _jobs.AcceptAsync(jobs).ConfigureAwait(false);
            for (var at = 0; at < jobs.Count; at++)
                verdicts[places[at]] = isNew[at] ? new JobVerdict(jobs[at].Id, null) : Rejected(new HeadgateException(FailureClass.Invalid, $"there is a job \"{jobs[at].Id}\" already"));
            return verdicts;
        }
        catch (JobStoreException failure)
        {
            throw _isClosed ? new InvalidOperationException(failure.Message, failure) : Told(failure);
        }
        finally
        {
            Interlocked.Add(ref _coming, -jobs.Count);
        }
    }

    /// <summary>Why a request is not taken, whatever it is; null if it may be, and its room is held for it.</summary>
    private JobVerdict? Refusal(JobRequest? request)
    {
        if (request is null)
            return Missing();
        if (request.Callback is not null)
            return Rejected(new HeadgateException(FailureClass.Invalid, JobScheduler.NoCallbacks));
        if (Interlocked.Increment(ref _coming) + _jobs.Open - Counts[JobStatus.Processing] <= _options.MaxQueueSize)
            return null;
        Interlocked.Decrement(ref _coming);
        return Rejected(new HeadgateException(FailureClass.RateLimit, $"{_options.MaxQueueSize} jobs wait already, which is all that there is room for"));
    }

    private HeadgateException? Prepare(JobRequest request, out StoredJob? job)
    {
        job = null;
        try
        {
            var now = Provider.GetUtcNow();
            job = _jobs.Prepared(new StoredJob(request.Id ?? Guid.CreateVersion7(now).ToString(), request, now));
            return null;
        }
        catch (HeadgateException wrong)
        {
            return wrong;
        }
    }

    private JobVerdict Rejected(HeadgateException why)
    {
        Counts.CountRejected();
        return new JobVerdict(null, why);
    }

    private async Task<List<Job?>> FindAsync(IReadOnlyList<string> ids)
    {
        try
        {
            var jobs = new List<Job?>(ids.Count);
            foreach (var some in ids.Chunk(Together))
                jobs.AddRange((await _jobs.FindAsync(some).ConfigureAwait(false)).Select(view => view is null ? null : JobOf(view)));
            return jobs;
        }
        catch (JobStoreException failure)
        {
            throw Told(failure);
        }
    }

    /// <summary>The job that is at hand, or one that stands as it is kept.</summary>
    private Job JobOf(JobView view)
    {
        if (view.Live is { } live)
            return live;
        var (stored, now) = (view.Stored, Provider.GetUtcNow());
        var job = new Job(stored.Id, stored.Request, stored.CreatedAt, Engine.Clock.Now - Clock.Nanoseconds(now - stored.CreatedAt));
        if (stored.End is { } end)
        {
            job.End(ResultRecordReader.Read(end.Record.Span, out var fault) ?? throw new IOException($"job {stored.Id}: what became of it cannot be read: {fault}"));
            job.Release();
        }
        else if (stored.Due <= now)
            job.Move(JobStatus.Queued);
        return job;
    }

    private async Task WaitForAsync(List<string> open, TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            await _jobs.WaitAsync(open, timeout, cancellation).ConfigureAwait(false);
            // Those whose end is kept, and was not told yet.
            foreach (var view in await _jobs.FindAsync(open).ConfigureAwait(false))
                if (view is { HasEnded: true, Live: { } live })
                    await live.Ended.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (JobStoreException failure)
        {
            throw Told(failure);
        }
    }

    private void Tell(JobEvent what, Job job)
    {
        // What was cut off goes on in the next process.
        if (_isStopped)
            return;
        _tell(what, job);
        if (_isClosed && _jobs.Open == 0)
            _idle.TrySetResult();
    }

    private async Task ForgetAsync()
    {
        try
        {
            await _jobs.ForgetAsync(Provider.GetUtcNow() - _options.KeepFinishedFor, _options.KeepFinishedBytes).ConfigureAwait(false);
            var surplus = (await _jobs.CountAsync(new JobSearch { HasEnded = true }).ConfigureAwait(false)).Ended - _options.KeepFinished;
            while (surplus > 0)
            {
                var (oldest, _) = await _jobs.SearchAsync(new JobSearch { HasEnded = true, Limit = (int)Math.Min(surplus, JobSearch.LargestPage) }).ConfigureAwait(false);
                var deleted = await _jobs.DeleteAsync([.. oldest.Select(job => job.Stored.Id)]).ConfigureAwait(false);
                surplus = deleted == 0 ? 0 : surplus - deleted;
            }
        }
        catch (JobStoreException failure)
        {
            if (!_isClosed)
                Engine.Notice($"jobs that have ended cannot be forgotten: {failure.Message}");
        }
    }

    private static IOException Told(JobStoreException failure) => new(failure.Message, failure);
}
