namespace Headgate.Time;

/// <summary>
/// A <see cref="TimeProvider"/> whose time stands still until it is advanced: for tests and for rehearsing a run in seconds.
/// Its wall clock can be stepped without touching the monotonic one.
/// </summary>
/// <remarks>Thread-safe. Timers fire on the thread that advances the time, in order of their due time.</remarks>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<VirtualTimer, (long Due, long Order)> _timers = new();
    private DateTimeOffset _wall;
    private long _now;
    private long _order;

    /// <summary>A time that begins at the given wall clock.</summary>
    /// <param name="start">The wall clock at the start; 2026-01-01 00:00 UTC by default.</param>
    public VirtualTime(DateTimeOffset? start = null) => _wall = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => Clock.Second;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>The time that has passed since the start.</summary>
    public TimeSpan Elapsed => new(GetTimestamp() / 100);

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock)
            return _now;
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _wall.AddTicks(_now / 100);
    }

    /// <summary>Steps the wall clock, as an administrator or a time daemon would. The monotonic clock goes on unmoved.</summary>
    /// <param name="by">How far, to either side.</param>
    public void StepWall(TimeSpan by)
    {
        lock (_lock)
            _wall += by;
    }

    /// <summary>Lets time pass, firing on the way every timer that falls due, each at its own time.</summary>
    /// <param name="by">How long; not negative.</param>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = After(by);
        while (FireNext(end)) { }
        lock (_lock)
            _now = Math.Max(_now, end);
    }

    /// <summary>Jumps to the next timer and fires it; says whether there was one within the given time.</summary>
    /// <param name="within">How far to jump at most.</param>
    public bool AdvanceToNextTimer(TimeSpan within) => FireNext(After(within));

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>A time from now, which may be beyond what a number can hold.</summary>
    private long After(TimeSpan span)
    {
        var now = GetTimestamp();
        return now + Math.Min(Clock.Nanoseconds(span), long.MaxValue - now);
    }

    private bool FireNext(long end)
    {
        VirtualTimer? timer;
        lock (_lock)
        {
            while (true)
            {
                if (!_timers.TryPeek(out timer, out var next) || next.Due > end)
                    return false;
                _timers.Dequeue();
                if (timer.Due != next.Due)
                    continue;
                _now = Math.Max(_now, next.Due);
                timer.Due = timer.Period == long.MaxValue ? null : _now + timer.Period;
                Enqueue(timer);
                break;
            }
        }
        timer.Fire();
        return true;
    }

    private void Enqueue(VirtualTimer timer)
    {
        if (timer.Due is { } due)
            _timers.Enqueue(timer, (due, _order++));
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        public long? Due { get; set; }

        public long Period { get; private set; } = long.MaxValue;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                if (_isDisposed)
                    return false;
                Period = period <= TimeSpan.Zero ? long.MaxValue : Clock.Nanoseconds(period);
                Due = dueTime < TimeSpan.Zero ? null : time.After(dueTime);
                time.Enqueue(this);
            }
            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
                (_isDisposed, Due) = (true, null);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
