using Headgate.Time;

namespace Headgate.Work;

/// <summary>What a pool has done, and how much of it is open. Thread-safe.</summary>
internal sealed class WorkCounts(Clock clock)
{
    private readonly Lock _lock = new();
    private long _total;
    private long _completed;
    private long _failed;
    private long _cancelled;
    private long _retries;
    private long _active;
    private long _waited;
    private long _firstAt;
    private long _lastAt;
    private TaskCompletionSource? _idle;

    /// <summary>Ends when nothing is open.</summary>
    public Task Idle
    {
        get
        {
            lock (_lock)
                return IsIdle ? Task.CompletedTask : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private bool IsIdle => _total == _completed + _failed + _cancelled;

    public void Submit()
    {
        lock (_lock)
            if (_total++ == 0)
                _firstAt = clock.Now;
    }

    public void Begin() => Interlocked.Increment(ref _active);

    public void Leave() => Interlocked.Decrement(ref _active);

    public void Retry() => Interlocked.Increment(ref _retries);

    public void Complete(long waited) => End(ref _completed, waited);

    public void Fail(long waited) => End(ref _failed, waited);

    public void Cancel(long waited) => End(ref _cancelled, waited);

    public WorkPoolStatistics Read()
    {
        lock (_lock)
            return new WorkPoolStatistics
            {
                Total = _total,
                Completed = _completed,
                Failed = _failed,
                Cancelled = _cancelled,
                Retries = Volatile.Read(ref _retries),
                Active = Volatile.Read(ref _active),
                TotalWait = Clock.Span(_waited),
                Duration = _total == 0 ? TimeSpan.Zero : Clock.Span((IsIdle ? _lastAt : clock.Now) - _firstAt),
            };
    }

    private void End(ref long count, long waited)
    {
        TaskCompletionSource? idle = null;
        lock (_lock)
        {
            count++;
            _waited += waited;
            _lastAt = clock.Now;
            if (IsIdle)
                (idle, _idle) = (_idle, null);
        }
        idle?.SetResult();
    }
}
