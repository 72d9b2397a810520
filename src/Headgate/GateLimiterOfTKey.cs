using System.Threading.RateLimiting;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// A <see cref="GateLimiter"/> for each of any number of keys, and limits over all of them together if wanted. What one key uses or waits for
/// never disturbs another, but through the limits over all. A key costs about 150 bytes, and nothing once all it used has come back:
/// then it is forgotten.
/// </summary>
/// <remarks>
/// <para>Limits are written as in <see cref="Limit"/>; all limits of a key and all over the keys together are taken at once or not at all.</para>
/// <para>All members are thread-safe. No key has a timer of its own. With nominal timing (the default) taking a permit of a key that is
/// remembered allocates nothing. Keys are forgotten in passing, as the limiter is used.</para>
/// </remarks>
/// <typeparam name="TKey">What tells one key from another.</typeparam>
/// <example>
/// <code>
/// await using var limiter = new GateLimiter&lt;string&gt;(["10/s"], new() { TotalLimits = ["500/s"] });
/// using var lease = await limiter.AcquireAsync("tenant 7");
/// </code>
/// </example>
public sealed class GateLimiter<TKey> : PartitionedRateLimiter<TKey>
    where TKey : notnull
{
    private readonly Dispatcher _dispatcher;
    private readonly KeyedGates<TKey> _keys;
    private readonly Gate _whole;
    private readonly Func<TKey, IEnumerable<string>?>? _limitsOf;
    private readonly Lock _updating = new();
    private volatile Limit[] _limits;
    private (DateTimeOffset At, long Mark) _since;
    private bool _isDisposed;

    /// <summary>A limiter with the defaults of <see cref="GateLimiterOptions{TKey}"/>.</summary>
    /// <param name="limits">The limits of each key, for example <c>["30/s", "400/min"]</c>; at least one.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">There is no limit.</exception>
    public GateLimiter(IEnumerable<string> limits) : this(limits, new GateLimiterOptions<TKey>()) { }

    /// <summary>A limiter.</summary>
    /// <param name="limits">The limits of each key, for example <c>["30/s", "400/min"]</c>; at least one.</param>
    /// <param name="options">How it behaves beside; read once.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">There is no limit, or an option is out of its range; the message names everything that is.</exception>
    public GateLimiter(IEnumerable<string> limits, GateLimiterOptions<TKey> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(nameof(options));
        _limits = LimiterLimits.Read(limits, nameof(limits));
        Limit[] totals = options.TotalLimits.Count == 0 ? [] : LimiterLimits.Read(options.TotalLimits, nameof(options));
        (TotalLimits, _limitsOf) = (totals, options.LimitsOf);
        _dispatcher = new Dispatcher(options.TimeProvider);
        var create = LimiterLimits.Creator(options, _dispatcher.Ours);
        var total = new Scope($"{options.Name}, all keys", totals.Select(create), create);
        var settings = options.Copy();
        _whole = LimiterGate.Make(settings, [total], _dispatcher, options.TotalQueueLimit);
        _keys = new KeyedGates<TKey>(_limits, _limitsOf is not null, options.Comparer, MakeKey);
        _since = (options.TimeProvider.GetUtcNow(), _dispatcher.Clock.Now);

        KeyGate MakeKey(KeyPlan plan)
        {
            var scope = new Scope(settings.Name, plan.Limits.Select(create), create);
            return new KeyGate(plan, LimiterGate.Make(settings, [scope, total], _dispatcher, settings.QueueLimit, _whole), scope);
        }
    }

    /// <summary>The limits in force for each key that has none of its own.</summary>
    public IReadOnlyList<Limit> Limits => _limits;

    /// <summary>The limits over all keys together.</summary>
    public IReadOnlyList<Limit> TotalLimits { get; }

    /// <summary>How many keys are remembered.</summary>
    public int KeyCount => _dispatcher.Read(_keys, static (_, keys, _) => keys.Count);

    /// <summary>
    /// What the limiter has done for all keys together, and how things stand. <see cref="GateLimiterStatistics.Available"/> is what the limits
    /// over all keys leave; <see cref="long.MaxValue"/> if there is none.
    /// </summary>
    public GateLimiterStatistics Statistics => _dispatcher.Read(this, static (_, limiter, now) => LimiterGate.CountNeedsLock(limiter._whole, limiter._since, now));

    /// <summary>Begins the counts of <see cref="Statistics"/> anew; limits, those who wait and the counts of each key stay as they are.</summary>
    public void ResetStatistics() => _dispatcher.Change((Limiter: this, At: _dispatcher.Clock.Provider.GetUtcNow()), static (_, it, now) =>
    {
        it.Limiter._whole.ResetCounts();
        it.Limiter._since = (it.At, now);
    });

    /// <summary>How things stand for a key: permits free now, permits waited for, and leases granted and refused since it was last forgotten.</summary>
    /// <param name="resource">The key.</param>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public override RateLimiterStatistics? GetStatistics(TKey resource) =>
        Look(resource, 0, static (gate, _, now) => LimiterGate.StatisticsNeedsLock(gate, now));

    /// <summary>Takes permits of a key if they are free at once.</summary>
    /// <param name="key">The key.</param>
    /// <param name="permitCount">How many, from 0, which asks whether one is free and takes none.</param>
    /// <returns>Whether they were taken. They are spent; where something has to be given back, take a lease instead.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than a limit ever allows at once.</exception>
    /// <exception cref="InvalidOperationException">A limit counts what is in flight (<c>10 concurrent</c>): take a lease, whose disposal ends it.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public bool TryAcquire(TKey key, int permitCount = 1)
    {
        var cost = CostOf(key, permitCount);
        while (true)
        {
            var (isKnown, isTaken, error) = _dispatcher.Try((Keys: _keys, Key: key, Cost: cost), static (scheduler, it, now) => it.Keys.Try(scheduler, it.Key, it.Cost, now));
            if (error is not null)
                throw error;
            if (isKnown)
                return isTaken;
            Introduce(key);
        }
    }

    /// <summary>Waits for permits of a key, but no longer than a given time.</summary>
    /// <param name="key">The key.</param>
    /// <param name="permitCount">How many, from 0, which waits until one is free and takes none.</param>
    /// <param name="timeout">How long to wait at most; zero or more, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; nothing is spent then.</param>
    /// <returns>
    /// A lease; not acquired if the queue is full, if the time was over, or at once if the time would be over even if nobody were ahead.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative or more than a limit ever allows at once, or the time is negative.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public ValueTask<GateLease> AcquireAsync(TKey key, int permitCount, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var expires = LimiterGate.ExpiryOf(_dispatcher.Clock, timeout);
        var lane = LimiterGate.KeyOf(CostOf(key, permitCount));
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<GateLease>(cancellationToken);
        // Who has no time to wait is not refused for the time that has passed since it came.
        if (timeout == TimeSpan.Zero)
            return new(TakeOrRefuse(key, lane.Cost));
        return TakeOrWait(key, lane, expires, cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.Lease;
    }

    /// <summary>Waits for permits of a key and other units, in the order of priorities and tenants.</summary>
    /// <param name="key">The key.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; nothing is spent then.</param>
    /// <returns>A lease; not acquired if the queue is full, if the deadline came, or at once if it would come even if nobody were ahead.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A cost is negative or more than a limit ever allows at once, or the priority is none.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public ValueTask<GateLease> AcquireAsync(TKey key, GateRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var lane = Look(key, request, static (gate, request, _) => LimiterGate.KeyOf(gate, request));
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<GateLease>(cancellationToken);
        return TakeOrWait(key, lane, LimiterGate.ExpiryOf(_dispatcher.Clock, request), cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.Lease;
    }

    /// <summary>
    /// How long somebody who asks for a key now would wait, after all who wait already, for whatever key: zero if there is room, null where
    /// only the end of a lease can tell.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="permitCount">For how many permits, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than a limit ever allows at once.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public TimeSpan? EstimateWait(TKey key, int permitCount = 1) =>
        Look(key, CostOf(key, permitCount), static (gate, cost, now) => LimiterGate.EstimateNeedsLock(gate, cost, now));

    /// <summary>What each limit of a key, and each over all keys, leaves now, in their order.</summary>
    internal IReadOnlyList<(Limit Limit, long Left)> Left(TKey key) => Look(key, 0, static (gate, _, now) => LimiterGate.LeftNeedsLock(gate, now));

    /// <summary>
    /// Other limits from now on for every key that has none of its own, for those who wait too. No window is opened again: what was let go
    /// counts in the new limits as it did in the old ones. Who waits and costs more than all of a new limit is refused.
    /// </summary>
    /// <param name="limits">The limits of each key from now on; at least one.</param>
    /// <exception cref="FormatException">A text is not a limit; nothing was changed.</exception>
    /// <exception cref="ArgumentException">There is no limit; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public void Update(IEnumerable<string> limits)
    {
        var next = LimiterLimits.Read(limits, nameof(limits));
        ThrowIfDisposed();
        lock (_updating)
        {
            _dispatcher.Change((_keys, next), static (_, it, now) => it._keys.Replace(it.next, now));
            _limits = next;
            // Those at rest follow when they are next looked at; those who wait cannot look, and there may be many.
            for (var index = 0; index >= 0;)
                index = _dispatcher.Change((_keys, index), static (scheduler, it, now) => it._keys.FollowFrom(scheduler, it.index, now));
        }
    }

    /// <summary>
    /// Limits of its own for a key, in place of those of the limiter and of <see cref="GateLimiterOptions{TKey}.LimitsOf"/>. It keeps them even
    /// when it is forgotten meanwhile. No window is opened again.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="limits">Its limits from now on; at least one.</param>
    /// <exception cref="FormatException">A text is not a limit; nothing was changed.</exception>
    /// <exception cref="ArgumentException">There is no limit; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The limiter was disposed.</exception>
    public void Update(TKey key, IEnumerable<string> limits)
    {
        ArgumentNullException.ThrowIfNull(key);
        var next = LimiterLimits.Read(limits, nameof(limits));
        ThrowIfDisposed();
        _dispatcher.Change((_keys, key, next), static (scheduler, it, now) => it._keys.Give(scheduler, it.key, it.next, now));
    }

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(TKey resource, int permitCount) => TakeOrRefuse(resource, CostOf(resource, permitCount));

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(TKey resource, int permitCount, CancellationToken cancellationToken)
    {
        var lane = LimiterGate.KeyOf(CostOf(resource, permitCount));
        return TakeOrWait(resource, lane, LimitState.Never, cancellationToken, out var waiter) is { } lease ? new(lease) : waiter!.BaseLease;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        _dispatcher.Close(_keys.Close());
        _dispatcher.Dispose();
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(true);
        return base.DisposeAsyncCore();
    }

    private GateLease TakeOrRefuse(TKey key, Cost cost)
    {
        while (true)
        {
            var lease = _dispatcher.Try((Keys: _keys, Key: key, Cost: cost), static (scheduler, it, now) => it.Keys.TakeOrRefuse(scheduler, it.Key, it.Cost, now));
            if (lease is not null)
                return lease;
            Introduce(key);
        }
    }

    private GateLease? TakeOrWait(TKey key, LaneKey lane, long expiresAt, CancellationToken cancellation, out LimiterPermit? waiter)
    {
        cancellation.ThrowIfCancellationRequested();
        while (true)
        {
            (var lease, waiter) = _dispatcher.Change((Keys: _keys, Key: key, Lane: lane, Expires: expiresAt), static (scheduler, it, now) =>
                it.Keys.TakeOrWait(scheduler, it.Key, it.Lane, it.Expires, now));
            if (waiter is not null)
                Dispatcher.CancelWith(waiter, cancellation);
            if (lease is not null || waiter is not null)
                return lease;
            Introduce(key);
        }
    }

    /// <summary>Asks something of a key as it stands.</summary>
    private TResult Look<TState, TResult>(TKey key, TState state, Func<Gate, TState, long, TResult> look)
    {
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        while (true)
        {
            var (isKnown, result) = _dispatcher.Change((Keys: _keys, Key: key, State: state, Look: look), static (scheduler, it, now) =>
                it.Keys.Open(scheduler, it.Key, now) is { } open ? (true, it.Look(open.Gate, it.State, now)) : (false, default(TResult)!));
            if (isKnown)
                return result;
            Introduce(key);
        }
    }

    /// <summary>A key that came for the first time: its limits are asked for outside the lock.</summary>
    private void Introduce(TKey key)
    {
        ThrowIfDisposed();
        var limits = _limitsOf!(key) is { } own ? LimiterLimits.Read(own, nameof(GateLimiterOptions<TKey>.LimitsOf)) : null;
        _dispatcher.Change((_keys, key, limits), static (_, it, _) => it._keys.Introduce(it.key, it.limits));
    }

    private Cost CostOf(TKey key, int permitCount)
    {
        if (permitCount is not (0 or 1))
            return Look(key, permitCount, static (gate, permitCount, _) => LimiterGate.CostOf(gate, permitCount));
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        return permitCount == 0 ? Cost.Nothing : Cost.One;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
}
