namespace Headgate;

/// <summary>What is asked of a <see cref="GateLimiter"/>, where more is to be said than a number of permits. Immutable.</summary>
public sealed record GateRequest
{
    /// <summary>How many permits: units of limits that name no unit (<c>100/s</c>). From 0, which waits until one is free and takes none. 1 by default.</summary>
    public int Permits { get; init; } = 1;

    /// <summary>
    /// How much of other units at most (<c>{"tokens": 1200}</c> for <c>90000 tokens/min</c>); held whole until
    /// <see cref="GateLease.Commit(long)"/> says what it came to. None by default.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Cost { get; init; }

    /// <summary>How urgent it is. <see cref="RequestPriority.Medium"/> by default, as is everything asked for without a <see cref="GateRequest"/>.</summary>
    public RequestPriority Priority { get; init; } = RequestPriority.Medium;

    /// <summary>On whose behalf: within a priority tenants share fairly, and each is served in the order of coming. None by default, which is a tenant like any other.</summary>
    public string? Tenant { get; init; }

    /// <summary>Until when it is worth while to wait; without end by default.</summary>
    public DateTimeOffset? Deadline { get; init; }
}
