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
    private readonly Alarm _alarm;
    private readonly WallTime _ours;
    private long _alarmAt = LimitState.Never;
    private long _wallCheckedAt = long.MinValue;
    private bool _isClosed;

    public Dispatcher(TimeProvider time)
    {
        _clock = new Clock(time);
        _ours = WallTime.Ours(_clock);
        _alarm = Alarm.Create(_clock, OnAlarm);
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
        cancellation.ThrowIfCancellationRequested();
        Permit permit;
        Told told;
        lock (_lock)
        {
            if (_isClosed)
                throw new RefusedException(RefusalReason.Closed, "the gate is closed");
            var now = EnterNeedsLock();
            permit = _scheduler.Enqueue(gate, key, now, expiresAt);
            told = LeaveNeedsLock(now);
        }
        told.Tell();
        if (cancellation.CanBeCanceled && permit.State == PermitState.Waiting)
            CancelWith(permit, cancellation);
        return permit.Task;
    }

    /// <summary>Takes everything at once if it is free and nobody's turn comes first; null otherwise.</summary>
    public Permit? TryAcquire(Gate gate, LaneKey key)
    {
        lock (_lock)
        {
            var now = EnterNeedsLock();
            return _isClosed ? null : _scheduler.TryTake(gate, key, now);
        }
    }

    /// <summary>As <see cref="TryAcquire"/>, for limits of which nothing has to be given back.</summary>
    public bool TryAcquireForGood(Gate gate, LaneKey key)
    {
        lock (_lock)
            return !_isClosed && _scheduler.TryTakeForGood(gate, key, EnterNeedsLock());
    }

    /// <summary>The first byte leaves, at a time read before.</summary>
    public void Sent(Permit permit, long at) => Change((permit, at), static (scheduler, it, _) => scheduler.Sent(it.permit, it.at));

    /// <summary>The final status line is here.</summary>
    public void Answered(Permit permit) => Change(permit, static (scheduler, permit, now) => scheduler.Answered(permit, now));

    /// <summary>The body was read to the end or thrown away; the actual cost of units that are settled then, where known.</summary>
    public void Ended(Permit permit, Cost? actual = null) => Change((permit, actual), static (scheduler, it, now) => scheduler.Ended(it.permit, it.actual, now));

    /// <summary>Sent and given up, or answered by somebody on the way: it may still arrive.</summary>
    public void Lost(Permit permit) => Change(permit, static (scheduler, permit, now) => scheduler.Lost(permit, now));

    /// <summary>Never sent: the permit goes back whole.</summary>
    public void Return(Permit permit) => Change(permit, static (scheduler, permit, now) => scheduler.Return(permit, now));

    /// <summary>Nobody of a scope goes before a time, and then they go at the allowed pace.</summary>
    public void Hold(Scope scope, long until) => Change((scope, until), static (_, it, now) => it.scope.Hold!.Set(it.until, it.scope.ReleaseGap(), it.scope.ReleaseTime()));

    /// <summary>A key of a pool was held: its place among the others changes.</summary>
    public void Hold(KeyPool pool, PoolKey key, long until) => Change((pool, key, until), static (_, it, now) =>
    {
        it.key.Scope.Hold!.Set(it.until, it.key.Scope.ReleaseGap(), it.key.Scope.ReleaseTime());
        it.pool.Touch(it.key, now);
    });

    /// <summary>A key is not to be used any more. When it was the last, everybody who waits for one is refused.</summary>
    public void Kill(Gate gate, PoolKey key, string reason) => Change((gate, key, reason), static (scheduler, it, now) =>
    {
        it.gate.Keys!.Kill(it.key, it.reason);
        if (it.gate.Keys.AllDead)
            scheduler.RefuseAll(it.gate, new RefusedException(RefusalReason.NoKeys, it.gate.Keys.WhyDead()));
    });

    /// <summary>Other limits from now on, without opening a window again.</summary>
    public void ChangeLimits(Scope scope, IReadOnlyList<Limit> limits, IEnumerable<Gate> gates) => Change((scope, limits, gates), static (scheduler, it, now) =>
    {
        it.scope.Change(it.limits, now);
        foreach (var gate in it.gates)
            scheduler.Changed(gate, now);
    });

    /// <summary>Runs something on what the lock owns: reading a state, learning from an answer. Nothing foreign may run inside.</summary>
    public void Change<T>(T state, Action<Scheduler, T, long> change)
    {
        Told told;
        lock (_lock)
        {
            var now = EnterNeedsLock();
            change(_scheduler, state, now);
            told = LeaveNeedsLock(now);
        }
        told.Tell();
    }

    /// <summary>Reads something the lock owns.</summary>
    public TResult Read<T, TResult>(T state, Func<Scheduler, T, long, TResult> read)
    {
        lock (_lock)
            return read(_scheduler, state, EnterNeedsLock());
    }

    /// <summary>Refuses everybody who waits in the gates given, and whoever comes.</summary>
    public void Close(IEnumerable<Gate> gates)
    {
        Change(gates, (scheduler, gates, _) =>
        {
            _isClosed = true;
            foreach (var gate in gates)
                scheduler.RefuseAll(gate, new RefusedException(RefusalReason.Closed, "the gate was closed"));
        });
    }

    public void Dispose() => _alarm.Dispose();

    private void CancelWith(Permit permit, CancellationToken cancellation)
    {
        var registration = cancellation.UnsafeRegister(static (state, token) =>
        {
            var (dispatcher, permit) = ((Dispatcher, Permit))state!;
            dispatcher.Cancel(permit, token);
        }, (this, permit));
        permit.Registration = registration;
        // Granted in between: nobody else will take the registration off.
        if (permit.State != PermitState.Waiting)
            registration.Unregister();
    }

    private void Cancel(Permit permit, CancellationToken token)
    {
        Told told;
        lock (_lock)
        {
            var now = EnterNeedsLock();
            if (!_scheduler.Cancel(permit))
                return;
            told = LeaveNeedsLock(now);
        }
        permit.Fail(new OperationCanceledException(token));
        told.Tell();
    }

    private void OnAlarm()
    {
        Told told;
        lock (_lock)
        {
            _alarmAt = LimitState.Never;
            told = LeaveNeedsLock(EnterNeedsLock());
        }
        told.Tell();
    }

    private long EnterNeedsLock()
    {
        var now = _clock.Now;
        if (now - Clock.Second > _wallCheckedAt)
        {
            _wallCheckedAt = now;
            _ours.Set(_clock.UnixNow - now);
        }
        return now;
    }

    private Told LeaveNeedsLock(long now)
    {
        _scheduler.Run(now);
        var next = _scheduler.NextWake;
        if (next != _alarmAt)
            _alarm.Set(_alarmAt = next);
        return Told.From(_scheduler);
    }

    /// <summary>Whom to tell what, once outside the lock.</summary>
    private readonly struct Told(Permit[] granted, (Permit Permit, RefusedException Why)[] refused)
    {
        public static Told From(Scheduler scheduler)
        {
            if (scheduler.Granted.Count == 0 && scheduler.Refused.Count == 0)
                return new Told([], []);
            var told = new Told([.. scheduler.Granted], [.. scheduler.Refused]);
            scheduler.Granted.Clear();
            scheduler.Refused.Clear();
            return told;
        }

        public void Tell()
        {
            foreach (var permit in granted)
            {
                permit.Registration.Unregister();
                permit.Complete();
            }
            foreach (var (permit, why) in refused)
            {
                permit.Registration.Unregister();
                permit.Fail(why);
            }
        }
    }
}
