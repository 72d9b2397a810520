using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>
/// The one shell around the arithmetic: the lock, the clock and the wake-up. Everything that changes limits or queues passes here;
/// whoever is granted or refused is told outside the lock. All members are thread-safe.
/// </summary>
internal sealed class Dispatcher : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Scheduler _scheduler = new();
    private readonly Clock _clock;
    private readonly WallTime _ours;

    /// <summary>Made when it is first needed: a limiter of which nobody waits needs none.</summary>
    private Alarm? _alarm;
    private long _alarmAt = LimitState.Never;

    /// <summary>The time as last seen under the lock, which time read before it must not run behind.</summary>
    private long _now = long.MinValue;
    private long _wallCheckedAt = long.MinValue;
    private Told? _spare;
    private bool _isClosed;

    public Dispatcher(TimeProvider time)
    {
        _clock = new Clock(time);
        _ours = WallTime.Ours(_clock);
    }

    public Clock Clock => _clock;

    /// <summary>Our wall clock, for the scopes made for this dispatcher.</summary>
    public WallTime Ours => _ours;

    public int Waiting => _scheduler.Waiting;

    /// <summary>Waits for every limit and a key at once.</summary>
    /// <exception cref="RefusedException">It could not, or did not, go in time; it costs more than a limit allows; all keys are dead; the gate was closed.</exception>
    /// <exception cref="OperationCanceledException">The caller's token; it leaves the queue at once, with nothing spent.</exception>
    public ValueTask<Permit> AcquireAsync(Gate gate, LaneKey key, long expiresAt, CancellationToken cancellation)
    {
        var permit = new Permit(key.Cost, expiresAt);
        Acquire(permit, gate, key, cancellation);
        return permit.Task;
    }

    /// <summary>Lets a permit enter a gate; it is told when it is granted, refused or cancelled.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before; nothing was done.</exception>
    public void Acquire(Permit permit, Gate gate, in LaneKey key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var read = _clock.Now;
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(read);
            gate.Dispatcher = this;
            if (_isClosed)
                _scheduler.Refuse(permit, gate, key, new RefusedException(RefusalReason.Closed, "the gate is closed"));
            else
                _scheduler.Enqueue(permit, gate, key, now);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
        CancelWith(permit, cancellation);
    }

    /// <summary>Takes everything at once if it is free and nobody's turn comes first; null otherwise.</summary>
    public Permit? TryAcquire(Gate gate, LaneKey key)
    {
        var read = _clock.Now;
        Permit? permit;
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(read);
            permit = _isClosed ? null : Scheduler.TryTake(gate, key, now);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
        return permit;
    }

    /// <summary>As <see cref="TryAcquire"/> for limiters, without a permit; what was taken counts as sent at the time given back.</summary>
    public bool TryTakeAtOnce(Gate gate, Cost cost, out long at)
    {
        var read = _clock.Now;
        Told? told = null;
        bool taken;
        lock (_lock)
        {
            at = EnterNeedsLock(read);
            if (_scheduler.Waiting > 0)
                told = LeaveNeedsLock(at);
            taken = !_isClosed && AtOnce.TryTake(_scheduler, gate, cost, at);
        }
        Tell(told);
        return taken;
    }

    /// <summary>Takes something of what the lock owns, after those who are due: what lets nobody go sooner. Once it is closed nothing is taken.</summary>
    public TResult? Try<T, TResult>(T state, Func<Scheduler, T, long, TResult> take)
    {
        var read = _clock.Now;
        Told? told = null;
        try
        {
            lock (_lock)
            {
                var now = EnterNeedsLock(read);
                if (_scheduler.Waiting > 0)
                    told = LeaveNeedsLock(now);
                return _isClosed ? default : take(_scheduler, state, now);
            }
        }
        finally
        {
            // Keys are compared by the caller's own code, which may throw: those who were let go are told all the same.
            Tell(told);
        }
    }

    /// <summary>The first byte leaves, at a time read before.</summary>
    public void Sent(Permit permit, long at)
    {
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(at);
            _scheduler.Sent(permit, at);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
    }

    /// <summary>The final status line is here, at a time read since.</summary>
    public void Answered(Permit permit, long at)
    {
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(at);
            _scheduler.Answered(permit, now);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
    }

    /// <summary>The body was read to the end or thrown away, at a time read since; the actual cost of units that are settled then, where known.</summary>
    public void Ended(Permit permit, long at, Cost? actual = null)
    {
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(at);
            _scheduler.Ended(permit, actual, now);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
    }

    /// <summary>The places of attempts that have ended are kept no more.</summary>
    public void LetGo(IEnumerable<Permit> permits) => Change(permits, static (scheduler, permits, _) =>
    {
        foreach (var permit in permits)
            scheduler.LetGo(permit);
    });

    /// <summary>Sent and given up, or answered by somebody on the way: it may still arrive.</summary>
    public void Lost(Permit permit) => Change(permit, static (scheduler, permit, now) => scheduler.Lost(permit, now));

    /// <summary>Never sent: the permit goes back whole.</summary>
    public void Return(Permit permit) => Change(permit, static (scheduler, permit, now) => scheduler.Return(permit, now));

    /// <summary>A lease ends, for an actual cost if one is known. Where nobody waits nobody has to be looked at again.</summary>
    public void End(GateLease lease, Cost? actual)
    {
        var read = _clock.Now;
        Told? told = null;
        lock (_lock)
        {
            var now = EnterNeedsLock(read);
            if (lease.EndNeedsLock(actual, now) && _scheduler.Waiting > 0)
            {
                _scheduler.Better(lease.Places);
                told = LeaveNeedsLock(now);
            }
        }
        Tell(told);
    }

    /// <summary>Nobody of a scope goes before a time, and then they go at the allowed pace.</summary>
    public void Hold(Scope scope, long until) => Change((scope, until), static (_, it, now) => it.scope.Hold!.Set(it.until, it.scope.ReleaseGap(), it.scope.ReleaseTime()));

    /// <summary>A key of a pool was held: its place among the others changes.</summary>
    public void Hold(KeyPool pool, PoolKey key, long until) => Change((pool, key, until), static (_, it, now) =>
    {
        it.key.Scope.Hold!.Set(it.until, it.key.Scope.ReleaseGap(), it.key.Scope.ReleaseTime());
        it.pool.Touch(it.key, now);
    });

    /// <summary>A key is not to be used any more. When it was the last, everybody who waits for one is refused.</summary>
    public void Kill(IEnumerable<Gate> gates, KeyPool pool, PoolKey key, string reason) =>
        Change((gates, pool, key, reason), static (scheduler, it, now) => scheduler.Kill(it.gates, it.pool, it.key, it.reason, now));

    /// <summary>Runs something on what the lock owns: reading a state, learning from an answer. Nothing foreign may run inside.</summary>
    public void Change<T>(T state, Action<Scheduler, T, long> change) => Change((state, change), static (scheduler, it, now) =>
    {
        it.change(scheduler, it.state, now);
        return true;
    });

    /// <inheritdoc cref="Change{T}(T, Action{Scheduler, T, long})"/>
    public TResult Change<T, TResult>(T state, Func<Scheduler, T, long, TResult> change)
    {
        var read = _clock.Now;
        Told? told;
        TResult result;
        lock (_lock)
        {
            var now = EnterNeedsLock(read);
            result = change(_scheduler, state, now);
            told = LeaveNeedsLock(now);
        }
        Tell(told);
        return result;
    }

    /// <summary>Reads something the lock owns.</summary>
    public TResult Read<T, TResult>(T state, Func<Scheduler, T, long, TResult> read)
    {
        var time = _clock.Now;
        lock (_lock)
            return read(_scheduler, state, EnterNeedsLock(time));
    }

    /// <summary>Refuses everybody who waits in the gates given, and whoever comes.</summary>
    public void Close(IEnumerable<Gate> gates) => Change(gates, (scheduler, gates, _) =>
    {
        _isClosed = true;
        foreach (var gate in gates)
            scheduler.RefuseAll(gate, new RefusedException(RefusalReason.Closed, "the gate was closed"));
    });

    public void Dispose()
    {
        lock (_lock)
        {
            _alarm?.Dispose();
            // Whoever comes later has nobody to wake them.
            _isClosed = true;
        }
    }

    /// <summary>A permit that waits leaves the queue when its caller gives up.</summary>
    public static void CancelWith(Permit permit, CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled || permit.State != PermitState.Waiting)
            return;
        var registration = cancellation.UnsafeRegister(static (state, token) =>
        {
            var permit = (Permit)state!;
            permit.Lane.Gate.Dispatcher!.Cancel(permit, token);
        }, permit);
        permit.Registration = registration;
        // Whoever grants it now either sees the registration, or is seen here.
        Interlocked.MemoryBarrier();
        // Granted in between: nobody else will take the registration off.
        if (permit.State != PermitState.Waiting)
            registration.Unregister();
    }

    private void Cancel(Permit permit, CancellationToken token)
    {
        var read = _clock.Now;
        Told? told;
        lock (_lock)
        {
            var now = EnterNeedsLock(read);
            if (!_scheduler.Cancel(permit))
                return;
            told = LeaveNeedsLock(now);
        }
        permit.Cancel(token);
        Tell(told);
    }

    private void OnAlarm()
    {
        var read = _clock.Now;
        Told? told;
        lock (_lock)
        {
            _alarmAt = LimitState.Never;
            told = LeaveNeedsLock(EnterNeedsLock(read));
        }
        Tell(told);
    }

    /// <summary>The time is read before the lock, so as not to hold it for that long; it never runs backwards inside.</summary>
    private long EnterNeedsLock(long read)
    {
        if (read <= _now)
            return _now;
        _now = read;
        if (read - Clock.Second > _wallCheckedAt)
        {
            _wallCheckedAt = read;
            _ours.Set(_clock.UnixNow - _clock.Now);
        }
        return read;
    }

    private Told? LeaveNeedsLock(long now)
    {
        _scheduler.Run(now);
        var next = _scheduler.NextWake;
        if (next != _alarmAt)
            (_alarm ??= Alarm.Create(_clock, OnAlarm)).Set(_alarmAt = next);
        if (_scheduler.Told.IsEmpty)
            return null;
        return _scheduler.TakeTold(Interlocked.Exchange(ref _spare, null) ?? new Told());
    }

    private void Tell(Told? told)
    {
        if (told is null)
            return;
        told.Tell();
        if (told.IsWorthKeeping)
            _spare = told;
    }
}
