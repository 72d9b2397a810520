using System.Threading.RateLimiting;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// A limiter that holds any number of limits together, all or nothing, and lets whoever waits go at the exact moment at which all of them
/// allow it, in the order of coming. Nothing that is refused or cancelled spends anything. It drops into whatever takes a
/// <see cref="RateLimiter"/>: ASP.NET, Polly, <see cref="RateLimiter.CreateChained"/>.
/// </summary>
/// <remarks>
/// <para>Limits are written as in <see cref="Limit"/>: <c>30/s</c>, <c>400/min</c>, <c>40 bucket 2/s</c>, <c>10 concurrent</c>,
/// <c>90000 tokens/min</c>, <c>10000/day fixed tz=Europe/Berlin</c>. A permit is one unit of every limit that names no other unit.</para>
/// <para>All members are thread-safe. Waiting costs no thread and no timer of its own. With nominal timing (the default) taking a permit
/// allocates nothing.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var limiter = new GateLimiter(["30/s", "400/min"]);
/// using var lease = await limiter.AcquireAsync();
/// </code>
/// </example>
public sealed class GateLimiter : RateLimiter
{
    private readonly Dispatcher _dispatcher;
    private readonly Scope _scope;
    private readonly Gate _gate;
    private volatile Limit[] _limits;
    private (DateTimeOffset At, long Mark) _since;
    private bool _isDisposed;

    /// <summary>A limiter with the defaults of <see cref="GateLimiterOptions"/>.</summary>
    /// <param name="limits">The limits that hold together, for example <c>["30/s", "400/min"]</c>; at least one.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">There is no limit.</exception>
    public GateLimiter(IEnumerable<string> limits) : this(limits, new GateLimiterOptions()) { }

    /// <summary>A limiter.</summary>
    /// <param name="limits">The limits that hold together, for example <c>["30/s", "400/min"]</c>; at least one.</param>
    /// <param name="options">How it behaves beside; read once.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">There is no limit, or an option is out of its range; the message names everything that is.</exception>
    public GateLimiter(IEnumerable<string> limits, GateLimiterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(nameof(options));
        _limits = LimiterLimits.Read(limits, nameof(limits));
        _dispatcher = new Dispatcher(options.TimeProvider);
        var create = LimiterLimits.Creator(options, _dispatcher.Ours);
        _scope = new Scope(options.Name, _limits.Select(create), create);
        _gate = LimiterGate.Make(options, [_scope], _dispatcher, options.QueueLimit);
        _since = (options.TimeProvider.GetUtcNow(), _dispatcher.Clock.Now);
    }

    /// <summary>The limits in force.</summary>
    public IReadOnlyList<Limit> Limits => _limits;

    /// <summary>
    /// How long everything has been as if the limiter had never been used: nothing counts in a limit any more, nothing is held and nobody
    /// waits. Null while that is not so.
    /// </summary>
    public override TimeSpan? IdleDuration => LimiterGate.IdleDuration(_gate);

    /// <summary>What the limiter has done, and how things stand.</summary>
    public GateLimiterStatistics Statistics => _dispatcher.Read(this, static (_, limiter, now) => LimiterGate.CountNeedsLock(limiter._gate, limiter._since, now));

    /// <summary>Begins the counts of <see cref="Statistics"/> anew; limits and those who wait stay as they are.</summary>
    public void ResetStatistics() => _dispatcher.Change((Limiter: this, At: _dispatcher.Clock.Provider.GetUtcNow()), static (_, it, now) =>
    {
        var gate = it.Limiter._gate;
        gate.ResetCounts();
        it.Limiter._since = (it.At, now);
    });

    /// <summary>How things stand, in the form of the base class: permits free now, permits waited for, and leases granted and refused so far.</summary>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public override RateLimiterStatistics? GetStatistics()
    {
        ThrowIfDisposed();
        return _dispatcher.Read(_gate, static (_, gate, now) => LimiterGate.StatisticsNeedsLock(gate, now));
    }

    /// <summary>Takes permits if they are free at once.</summary>
    /// <param name="permitCount">How many, from 0, which asks whether one is free and takes none.</param>
    /// <returns>Whether they were taken. They are spent; where something has to be given back, take a lease instead.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than a limit ever allows at once.</exception>
    /// <exception cref="InvalidOperationException">A limit counts what is in flight (<c>10 concurrent</c>): take a lease, whose disposal ends it.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public bool TryAcquire(int permitCount = 1)
    {
        var cost = CostOf(permitCount);
        if (LimiterGate.NeedsLease(_gate) is { } error)
            throw error;
        if (_dispatcher.TryTakeAtOnce(_gate, cost, out _))
            return true;
        return _dispatcher.Read(_gate, static (_, gate, _) =>
        {
            gate.CountRefusal();
            return false;
        });
    }

    /// <summary>Waits for permits, but no longer than a given time.</summary>
    /// <param name="permitCount">How many, from 0, which waits until one is free and takes none.</param>
    /// <param name="timeout">How long to wait at most; zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; nothing is spent then.</param>
    /// <returns>
    /// A lease; not acquired if the queue is full, if the time was over, or at once if the time would be over even if nobody were ahead.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative or more than a limit ever allows at once, or the time is negative.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public ValueTask<GateLease> AcquireAsync(int permitCount, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var expires = LimiterGate.ExpiryOf(_dispatcher.Clock, timeout);
        var key = LimiterGate.KeyOf(CostOf(permitCount));
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<GateLease>(cancellationToken);
        // Who has no time to wait is not refused for the time that has passed since it came.
        if (timeout == TimeSpan.Zero)
            return new(TakeOrRefuse(key.Cost));
        return LimiterGate.TakeOrWait(_gate, key, expires, cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.Lease;
    }

    /// <summary>Waits for permits and other units, in the order of priorities and tenants.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; nothing is spent then.</param>
    /// <returns>A lease; not acquired if the queue is full, if the deadline came, or at once if it would come even if nobody were ahead.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A cost is negative or more than a limit ever allows at once, or the priority is none.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public ValueTask<GateLease> AcquireAsync(GateRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ThrowIfDisposed();
        var key = LimiterGate.KeyOf(_gate, request);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<GateLease>(cancellationToken);
        return LimiterGate.TakeOrWait(_gate, key, LimiterGate.ExpiryOf(_dispatcher.Clock, request), cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.Lease;
    }

    /// <summary>How long somebody who asks now would wait, after all who wait already: zero if there is room, null where only the end of a lease can tell.</summary>
    /// <param name="permitCount">For how many permits, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than a limit ever allows at once.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public TimeSpan? EstimateWait(int permitCount = 1) => LimiterGate.EstimateWait(_gate, CostOf(permitCount));

    /// <summary>
    /// Other limits from now on, for those who wait too. No window is opened again: what was let go counts in the new limits as it did in the
    /// old ones. Who waits and costs more than all of a new limit is refused.
    /// </summary>
    /// <param name="limits">The limits that hold together from now on; at least one.</param>
    /// <exception cref="FormatException">A text is not a limit; nothing was changed.</exception>
    /// <exception cref="ArgumentException">There is no limit; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public void Update(IEnumerable<string> limits)
    {
        var next = LimiterLimits.Read(limits, nameof(limits));
        ThrowIfDisposed();
        _dispatcher.Change((Limiter: this, next), static (scheduler, it, now) =>
        {
            it.Limiter._scope.Change(it.next, now);
            scheduler.Changed(it.Limiter._gate, now);
            it.Limiter._limits = it.next;
        });
    }

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(int permitCount) => TakeOrRefuse(CostOf(permitCount));

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        var key = LimiterGate.KeyOf(CostOf(permitCount));
        return LimiterGate.TakeOrWait(_gate, key, LimitState.Never, cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.BaseLease;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        _dispatcher.Close([_gate]);
        _dispatcher.Dispose();
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(true);
        return base.DisposeAsyncCore();
    }

    private GateLease TakeOrRefuse(Cost cost)
    {
        if (LimiterGate.TryTake(_gate, cost) is { } lease)
            return lease;
        // Disposed meanwhile, nothing will ever be free.
        ThrowIfDisposed();
        return LimiterGate.Refusal(_gate, cost, null);
    }

    private Cost CostOf(int permitCount)
    {
        ThrowIfDisposed();
        return LimiterGate.CostOf(_gate, permitCount);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
}
