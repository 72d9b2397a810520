using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// The one shell around the queue of jobs: its lock, its timer, and the work item that takes jobs out of it and puts them on the line. Jobs are
/// told of, and end, outside the lock. Thread-safe.
/// </summary>
internal sealed class JobScheduler : IThreadPoolWorkItem, IDisposable
{
    /// <summary>What is said of a request that names one.</summary>
    public const string NoCallbacks = "callback works in the service only: here events tell how a job ended";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, JobEntry> _jobs = [];
    private readonly JobRoom _room;
    private readonly JobQueue _queue;
    private readonly FinishedJobs _finished;
    private readonly TimerAlarm _alarm;
    private readonly Action<JobEvent, Job> _tell;
    private readonly Func<Job, ResultRecord, Task> _keep;
    private readonly Action<Job> _giveBack;
    private readonly CancellationTokenSource _draining = new();
    private long _alarmAt = Clock.Never;
    private int _unfinished;
    private bool _isTaking;
    private bool _isStopping;
    private bool _isDraining;
    private TaskCompletionSource? _idle;

    /// <param name="engine">What sends. It must outlive the last job.</param>
    /// <param name="room">How much it takes.</param>
    /// <param name="finished">What it keeps; empty, and nobody else's.</param>
    /// <param name="tell">Told of every event of a job, outside the lock; must not throw.</param>
    /// <param name="keep">Keeps what became of a job, before it is told; must not throw. Null where nothing outlives the process.</param>
    /// <param name="giveBack">Told of a job that could not be sent and has not ended; must not throw.</param>
    public JobScheduler(Engine engine, JobRoom room, FinishedJobs finished, Action<JobEvent, Job> tell, Func<Job, ResultRecord, Task>? keep = null, Action<Job>? giveBack = null)
    {
        (Engine, Line, _room, _finished, _tell, IsKept) = (engine, new StraightLine(engine), room, finished, tell, keep is not null);
        (_keep, _giveBack) = (keep ?? (static (_, _) => Task.CompletedTask), giveBack ?? (static _ => { }));
        _queue = new JobQueue(room.LookAhead, room.MostBegun);
        _alarm = new TimerAlarm(engine.Clock, OnDue);
    }

    public Engine Engine { get; }

    public StraightLine Line { get; }

    public JobCounts Counts { get; } = new();

    /// <summary>Whether what becomes of jobs outlives the process.</summary>
    public bool IsKept { get; }

    /// <summary>Cancelled when what was not sent is left for another process.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Takes a request.</summary>
    /// <exception cref="HeadgateException">It cannot be sent as it is, its id is known already, or there is no room.</exception>
    /// <exception cref="InvalidOperationException">Nothing is taken any more.</exception>
    public Job Add(JobRequest request)
    {
        if (request.Callback is not null)
            throw Rejected(FailureClass.Invalid, NoCallbacks);
        var clock = Engine.Clock;
        var job = new Job(request.Id ?? NewId(), request, clock.Provider.GetUtcNow(), clock.Now);
        Take(job, isNew: true);
        return job;
    }

    /// <summary>A name for a request that has none; later ones come after earlier ones.</summary>
    public string NewId() => Guid.CreateVersion7(Engine.Clock.Provider.GetUtcNow()).ToString();

    /// <summary>Takes a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="isNew">Whether its submission is told, and it needs room: it was not accepted before.</param>
    /// <inheritdoc cref="Add"/>
    public void Take(Job job, bool isNew)
    {
        var (key, clock, accepted, request) = (LaneOf(job, out var api), Engine.Clock, job.Accepted, job.Request);
        var patience = api.Policy.QueueTimeout is { } queue ? accepted.Mono + Clock.Nanoseconds(queue) : Clock.Never;
        var entry = new JobEntry(job)
        {
            NotBefore = accepted.MonoOf(request.NotBefore) ?? 0,
            Expires = Math.Min(patience, Math.Min(accepted.MonoOf(request.Deadline) ?? Clock.Never, accepted.MonoOf(request.StartBy) ?? Clock.Never)),
        };
        lock (_lock)
            AcceptNeedsLock(entry, isNew);
        if (isNew)
            _tell(JobEvent.Submitted, job);
        var isCancelled = false;
        lock (_lock)
            if (entry.IsCancelled)
                isCancelled = true;
            else
            {
                if (_queue.Add(entry, key, clock.Now))
                    Counts.Move(job, JobStatus.Queued);
                WakeNeedsLock();
            }
        if (isCancelled)
            _ = KeepAndFinishAsync(entry, CancelledRecord(job));
    }

    /// <summary>A job by its id, ended or not; null if there is none, or it was forgotten.</summary>
    public Job? Find(string id)
    {
        lock (_lock)
        {
            ForgetNeedsLock();
            return _jobs.GetValueOrDefault(id)?.Job;
        }
    }

    /// <summary>Gives a job up wherever it stands; says whether that is how it ended.</summary>
    public async Task<bool> CancelAsync(string id)
    {
        JobEntry? entry;
        lock (_lock)
            if (!_jobs.TryGetValue(id, out entry) || entry.Job.HasEnded)
                return false;
        Cancel(entry);
        await entry.Job.Ended.ConfigureAwait(false);
        return entry.Job.Status == JobStatus.Cancelled;
    }

    /// <summary>Bounds a named queue (<see cref="JobQueue.Bound"/>).</summary>
    public void Bound(string queue, int most, bool isPaused)
    {
        lock (_lock)
        {
            _queue.Bound(queue, most, isPaused);
            WakeNeedsLock();
        }
    }

    /// <summary>Takes nothing more.</summary>
    public void Close()
    {
        lock (_lock)
            _isStopping = true;
    }

    /// <summary>Waits for the jobs that were taken, once it is closed; those that have not ended then are cancelled and returned.</summary>
    public async Task<IReadOnlyList<Job>> StopAsync(TimeSpan drain, CancellationToken cancellation)
    {
        Task idle;
        lock (_lock)
            idle = IdleNeedsLock(_unfinished == 0);
        try
        {
            if (drain != TimeSpan.Zero)
                await idle.WaitAsync(drain, Engine.Clock.Provider, cancellation).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // What is left is cancelled below.
        }
        List<JobEntry> left;
        lock (_lock)
            left = [.. _jobs.Values.Where(entry => !entry.Job.HasEnded)];
        foreach (var entry in left)
            Cancel(entry);
        await idle.ConfigureAwait(false);
        return [.. left.Select(entry => entry.Job).Where(job => job.Status == JobStatus.Cancelled)];
    }

    /// <summary>A job has a permit: it is under way, and the next of its lane may come to the gate.</summary>
    public void Permitted(JobEntry entry)
    {
        Move(entry.Job, JobStatus.Processing);
        lock (_lock)
        {
            _queue.Leave(entry);
            WakeNeedsLock();
        }
    }

    /// <summary>Begins nothing more, and waits for what was sent; all others are left as they are, for another process.</summary>
    /// <param name="longest">How long at most.</param>
    public async Task DrainAsync(TimeSpan longest)
    {
        Task idle;
        lock (_lock)
        {
            (_isStopping, _isDraining) = (true, true);
            idle = IdleNeedsLock(_queue.Begun == 0);
        }
        await _draining.CancelAsync().ConfigureAwait(false);
        try
        {
            await idle.WaitAsync(longest, Engine.Clock.Provider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nobody knows what became of those: the next process goes by what was recorded of them.
        }
    }

    /// <summary>What became of a job is kept before anybody is told of it.</summary>
    public Task KeepAsync(Job job, ResultRecord record) => _keep(job, record);

    public void Move(Job job, JobStatus to) => Counts.Move(job, to);

    public void Tell(JobEvent what, Job job) => _tell(what, job);

    /// <summary>A job that was begun has come to its end.</summary>
    public void Ended(JobEntry entry, ResultRecord record)
    {
        Leave(entry);
        Finish(entry, record);
    }

    /// <summary>A job that was begun cannot be sent now: whoever keeps it may give it again.</summary>
    public void GiveBack(JobEntry entry)
    {
        Leave(entry);
        lock (_lock)
        {
            _jobs.Remove(entry.Job.Id);
            _unfinished--;
        }
        _giveBack(entry.Job);
    }

    /// <summary>A job that was begun does not go on here.</summary>
    public void Leave(JobEntry entry)
    {
        lock (_lock)
        {
            _queue.End(entry);
            if (_isDraining && _queue.Begun == 0)
                _idle!.TrySetResult();
            WakeNeedsLock();
        }
        entry.Run!.Dispose();
    }

    /// <summary>Puts jobs on the line, one after another, for as long as any may begin. Not on the thread of whoever made room: that one has a request of its own to send.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            JobRun run;
            lock (_lock)
            {
                if (_isDraining || _queue.TakeNext() is not { } entry)
                {
                    _isTaking = false;
                    WakeNeedsLock();
                    return;
                }
                run = entry.Run = new JobRun(this, entry);
            }
            _ = run.RunAsync();
        }
    }

    public void Dispose()
    {
        _alarm.Dispose();
        _draining.Dispose();
    }

    /// <summary>An API that nobody configured is opened only when a job of it begins: there may be a million of them. One that is, and cannot be used, is told at once.</summary>
    private JobLaneKey LaneOf(Job job, out UpstreamConfiguration api)
    {
        try
        {
            var url = JobMessage.Target(job.Request);
            api = Engine.ConfigurationOf(url);
            if (api.IsConfigured)
                Engine.UpstreamOf(url);
            return new JobLaneKey(api.Name, job.Request.Priority, job.Request.Tenant, job.Queue);
        }
        catch (Exception wrong) when (wrong is ArgumentException or Ledgers.LedgerException or Ledgers.ScopeHeldException or ConfigurationException)
        {
            throw Rejected(FailureClass.Invalid, wrong.Message, wrong);
        }
    }

    private void AcceptNeedsLock(JobEntry entry, bool isNew)
    {
        var id = entry.Job.Id;
        ForgetNeedsLock();
        if (_isStopping)
            throw new InvalidOperationException("it is being stopped: no job is taken any more");
        if (isNew && _unfinished - _queue.Begun >= _room.MostWaiting)
            throw Rejected(FailureClass.RateLimit, $"{_room.MostWaiting} jobs wait already, which is all that there is room for");
        if (!_jobs.TryAdd(id, entry))
            throw Rejected(FailureClass.Invalid, $"there is a job \"{id}\" already");
        _unfinished++;
        Counts.CountSubmitted();
    }

    private HeadgateException Rejected(FailureClass failure, string detail, Exception? cause = null)
    {
        Counts.CountRejected();
        return new HeadgateException(failure, detail, cause);
    }

    private void Cancel(JobEntry entry)
    {
        JobRun? run;
        bool wasQueued;
        lock (_lock)
        {
            entry.IsCancelled = true;
            run = entry.Run;
            wasQueued = _queue.Remove(entry);
            SetAlarmNeedsLock();
        }
        run?.Cancel();
        if (wasQueued)
            _ = KeepAndFinishAsync(entry, CancelledRecord(entry.Job));
    }

    private ResultRecord CancelledRecord(Job job) => job.Accepted.Failed(FailureClass.Cancelled, "its caller cancelled it before it was sent", null, Engine.Clock.Now);

    private async Task KeepAndFinishAsync(JobEntry entry, ResultRecord record)
    {
        await KeepAsync(entry.Job, record).ConfigureAwait(false);
        Finish(entry, record);
    }

    /// <summary>The end of a job, told before those who wait for it go on.</summary>
    private void Finish(JobEntry entry, ResultRecord record)
    {
        var job = entry.Job;
        job.End(record);
        Counts.Move(job, record.Outcome.Status);
        Counts.CountEnd(record);
        if (record.Outcome.Class == FailureClass.CircuitOpen && entry.IsBreakerNews())
            _tell(JobEvent.CircuitOpen, job);
        _tell(record.Outcome.Status.Event(), job);
        lock (_lock)
        {
            _finished.Add(job, Engine.Clock.Now);
            ForgetNeedsLock();
            if (--_unfinished == 0)
                _idle?.TrySetResult();
        }
        job.Release();
    }

    /// <summary>Ends when nothing is left to wait for: at once, or when whoever ends the last says so.</summary>
    private Task IdleNeedsLock(bool isIdle)
    {
        _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (isIdle)
            _idle.TrySetResult();
        return _idle.Task;
    }

    private void ForgetNeedsLock()
    {
        while (_finished.Forget(Engine.Clock.Now) is { } job)
            _jobs.Remove(job.Id);
    }

    private void WakeNeedsLock()
    {
        SetAlarmNeedsLock();
        if (_isTaking || _isDraining || !_queue.HasNext)
            return;
        _isTaking = true;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void SetAlarmNeedsLock()
    {
        if (_queue.NextDue != _alarmAt)
            _alarm.Set(_alarmAt = _queue.NextDue);
    }

    private void OnDue()
    {
        while (true)
        {
            JobEntry? entry;
            bool isExpired;
            lock (_lock)
            {
                entry = _queue.TakeDue(Engine.Clock.Now, out isExpired);
                if (entry is not null && !isExpired)
                    Counts.Move(entry.Job, JobStatus.Queued);
                if (entry is null)
                {
                    // Timers can fire early: it is set again even for the same time.
                    _alarmAt = Clock.Never;
                    WakeNeedsLock();
                    return;
                }
            }
            if (isExpired)
                _ = KeepAndFinishAsync(entry, entry.Job.Accepted.Failed(FailureClass.Deadline, "its time was over before it was its turn", null, Engine.Clock.Now));
        }
    }
}
