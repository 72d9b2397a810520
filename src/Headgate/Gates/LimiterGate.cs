using System.Threading.RateLimiting;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>What limiters do with their gates: take at once or wait, leases and refusals, and what they say of themselves. Thread-safe.</summary>
internal static class LimiterGate
{
    /// <summary>The end of a wait that was over before it began.</summary>
    public const long Over = long.MinValue;

    public static Gate Make(GateLimiterSettings options, IEnumerable<Scope> scopes, Dispatcher dispatcher, int queueLimit, Gate? whole = null) => new(options.Name, scopes, sendsAtGrant: true)
    {
        QueueLimit = queueLimit,
        Whole = whole,
        Straggle = Clock.Nanoseconds(options.Straggle),
        MaxHold = Clock.Nanoseconds(options.MaxHold),
        Dispatcher = dispatcher,
        LastUsed = dispatcher.Clock.Now,
    };

    /// <summary>The cost of permits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than a limit ever allows at once.</exception>
    public static Cost CostOf(Gate gate, int permits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(permits, "permitCount");
        if (permits == 0)
            return Cost.Nothing;
        var cost = Cost.Of(permits);
        if (permits > 1)
            ThrowIfTooCostly(gate, cost, "permitCount", permits);
        return cost;
    }

    /// <summary>The lane of what is asked for without a word about priority or tenant.</summary>
    public static LaneKey KeyOf(Cost cost) => new(cost, RequestPriority.Medium, null, null);

    /// <exception cref="ArgumentOutOfRangeException">A cost is negative or more than a limit ever allows at once, or the priority is none.</exception>
    public static LaneKey KeyOf(Gate gate, GateRequest request)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(request.Permits, nameof(request));
        if (!Enum.IsDefined(request.Priority))
            throw new ArgumentOutOfRangeException(nameof(request), request.Priority, "no such priority");
        var cost = request is { Permits: 0, Cost: null or { Count: 0 } } ? Cost.Nothing : Cost.Of(request.Permits, request.Cost);
        ThrowIfTooCostly(gate, cost, nameof(request), request);
        return new LaneKey(cost, request.Priority, request.Tenant, null);
    }

    /// <summary>When waiting for a time ends.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public static long ExpiryOf(Clock clock, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return LimitState.Never;
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        return LimitState.Later(clock.Now, Clock.Nanoseconds(timeout));
    }

    /// <summary>When the waiting of a request ends; <see cref="Over"/> if it has.</summary>
    public static long ExpiryOf(Clock clock, GateRequest request)
    {
        if (request.Deadline is not { } deadline)
            return LimitState.Never;
        var left = deadline - clock.Provider.GetUtcNow();
        return left < TimeSpan.Zero ? Over : LimitState.Later(clock.Now, Clock.Nanoseconds(left));
    }

    /// <summary>Why permits cannot be taken without a lease; null if they can.</summary>
    public static InvalidOperationException? NeedsLease(Gate gate)
    {
        foreach (var limit in gate.Checkpoints)
            if (limit.State.Limit.Algorithm == LimitAlgorithm.Concurrent)
                return new InvalidOperationException($"\"{limit.State.Limit}\" counts what is in flight, and nobody could say when that ends: use {nameof(RateLimiter.AttemptAcquire)} and dispose the lease");
        return null;
    }

    /// <summary>What was taken at once, or null.</summary>
    public static GateLease? TryTake(Gate gate, Cost cost) =>
        gate.Dispatcher!.TryTakeAtOnce(gate, cost, out var at) ? Granted(gate, gate.Checkpoints, cost, at) : null;

    /// <summary>What is free is taken at once; else a place in the queue.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before; nothing was done.</exception>
    public static GateLease? TakeOrWait(Gate gate, in LaneKey key, long expiresAt, CancellationToken cancellation, out LimiterPermit? waiter)
    {
        cancellation.ThrowIfCancellationRequested();
        waiter = null;
        if (gate.Dispatcher!.Waiting == 0 && expiresAt != Over && TryTake(gate, key.Cost) is { } lease)
            return lease;
        waiter = new LimiterPermit(key.Cost, expiresAt);
        gate.Dispatcher.Acquire(waiter, gate, key, cancellation);
        return null;
    }

    public static GateLease Granted(Gate gate, Checkpoint[] places, Cost cost, long at) =>
        Places.Keep(places, cost) ? new GateLease(gate, places, cost, at) : GateLease.ForGood;

    /// <summary>A lease that was not acquired: why, and when there will be room. Without a reason: nobody was asked to wait.</summary>
    public static GateLease Refusal(Gate gate, Cost cost, RefusedException? why)
    {
        if (why is { Reason: RefusalReason.Closed })
            return new GateLease(why.Message, null);
        return gate.Dispatcher!.Read((gate, cost, why), static (_, it, now) =>
        {
            // Whoever waited was counted when it was refused.
            if (it.why is null)
                it.gate.CountRefusal();
            return RefusalNeedsLock(it.gate, it.cost, it.why?.Message, now);
        });
    }

    /// <summary>As <see cref="Refusal"/>, of what is counted already.</summary>
    public static GateLease RefusalNeedsLock(Gate gate, Cost cost, string? why, long now)
    {
        IdleSinceNeedsLock(gate, now);
        var (at, holding) = QueueForecast.After(gate, cost, now);
        return new GateLease((object?)why ?? (object?)holding ?? "others were first", at == LimitState.Never ? null : Clock.Span(at - now));
    }

    /// <summary>How long somebody who comes now would wait, after all who wait already; null where only the end of a lease can tell.</summary>
    public static TimeSpan? EstimateWait(Gate gate, Cost cost) => gate.Dispatcher!.Read((gate, cost), static (_, it, now) => EstimateNeedsLock(it.gate, it.cost, now));

    /// <inheritdoc cref="EstimateWait"/>
    public static TimeSpan? EstimateNeedsLock(Gate gate, Cost cost, long now)
    {
        IdleSinceNeedsLock(gate, now);
        var (at, _) = QueueForecast.After(gate, cost, now);
        return at == LimitState.Never ? null : Clock.Span(at - now);
    }

    /// <summary>How long nothing has been left of what was let go; null while something is.</summary>
    public static TimeSpan? IdleDuration(Gate gate) => gate.Dispatcher!.Read(gate, static (_, gate, now) =>
        IdleSinceNeedsLock(gate, now) is var since && since == LimitState.Never ? (TimeSpan?)null : new TimeSpan((now - since) / 100));

    /// <summary>How things stand; the counts are those of the gate.</summary>
    public static RateLimiterStatistics StatisticsNeedsLock(Gate gate, long now) => new()
    {
        CurrentAvailablePermits = AvailableNeedsLock(gate, now),
        CurrentQueuedCount = gate.QueuedRequests,
        TotalSuccessfulLeases = gate.Granted,
        TotalFailedLeases = gate.Refused,
    };

    /// <summary>What a gate has done since a moment, and how things stand.</summary>
    public static GateLimiterStatistics CountNeedsLock(Gate gate, (DateTimeOffset At, long Mark) since, long now) => new()
    {
        Allowed = gate.Granted,
        Refused = gate.Refused,
        TotalWait = Clock.Span(gate.Waited),
        Waiting = gate.Waiting,
        Available = AvailableNeedsLock(gate, now),
        Since = since.At,
        Runtime = new TimeSpan((now - since.Mark) / 100),
    };

    /// <summary>How many permits could be taken at once now.</summary>
    public static long AvailableNeedsLock(Gate gate, long now)
    {
        IdleSinceNeedsLock(gate, now);
        var available = long.MaxValue;
        foreach (var limit in gate.Checkpoints)
            if (limit.UnitsOf(Cost.One) > 0)
                available = Math.Min(available, limit.State.Available(now));
        return available;
    }

    /// <summary>The same of each limit by itself.</summary>
    public static IReadOnlyList<(Limit Limit, long Left)> LeftNeedsLock(Gate gate, long now)
    {
        IdleSinceNeedsLock(gate, now);
        return [.. gate.Checkpoints.Where(limit => limit.UnitsOf(Cost.One) > 0).Select(limit => (limit.State.Limit, limit.State.Available(now)))];
    }

    // To be asked before anything else looks: looking gives back what time has given back, and forgets when.
    private static long IdleSinceNeedsLock(Gate gate, long now)
    {
        if (gate.IdleSince != LimitState.Never || gate.Waiting > 0)
            return gate.IdleSince;
        var since = gate.LastUsed;
        foreach (var limit in gate.Checkpoints)
            since = Math.Max(since, limit.State.IdleSince(now));
        return gate.IdleSince = since;
    }

    private static void ThrowIfTooCostly(Gate gate, Cost cost, string parameter, object value)
    {
        foreach (var scope in gate.Scopes)
            if (!cost.TakesNothing && scope.TooCostly(cost) is { } limit)
                throw new ArgumentOutOfRangeException(parameter, value, $"{limit.UnitsOf(cost)} {limit.State.Limit.Unit} are more than {limit.Describe()} ever allows at once ({limit.State.Whole})");
    }
}
