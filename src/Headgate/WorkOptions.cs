using Headgate.Time;

namespace Headgate;

/// <summary>How a piece of work is done, where nothing of it is as usual. Immutable.</summary>
public sealed record WorkOptions
{
    /// <summary>Work of which nothing more is said.</summary>
    internal static readonly WorkOptions Default = new();

    /// <summary>How urgent it is. <see cref="RequestPriority.Medium"/> by default.</summary>
    public RequestPriority Priority { get; init; } = RequestPriority.Medium;

    /// <summary>On whose behalf: within a priority tenants share fairly. None by default, which is a tenant like any other.</summary>
    public string? Tenant { get; init; }

    /// <summary>How much it takes at most of limits in other units (<c>{"tokens": 1200}</c> for <c>90000 tokens/min</c>); each attempt takes it anew. None by default.</summary>
    public IReadOnlyDictionary<string, long>? Cost { get; init; }

    /// <summary>
    /// How long an attempt may take, its wait not counted; more than zero. Then its token is cancelled, and it has failed with a
    /// <see cref="TimeoutException"/> as soon as it ends. As long as it takes by default.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>It is not begun after that, nor begun again, and fails with a <see cref="TimeoutException"/>. Never too late by default.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>How often it is tried again when it has failed, from 0 to 1,000. 0 by default. Each attempt passes all limits.</summary>
    public int Retries { get; init; }

    /// <summary>The base of the pause before it is tried again, doubled by every retry, with full jitter; zero or more. 1 s by default.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest such pause; zero or more. 60 s by default.</summary>
    public TimeSpan RetryCap { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Which failures are worth another attempt; all but cancellation by default.</summary>
    public Func<Exception, bool>? RetryOn { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">Something is out of its range.</exception>
    internal void Validate()
    {
        if (Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout > Clock.LongestTimer))
            throw new ArgumentOutOfRangeException("options", timeout, $"{nameof(Timeout)} is more than zero and at most {Clock.LongestTimer.Days} days");
        if (Retries is < 0 or > 1000)
            throw new ArgumentOutOfRangeException("options", Retries, $"{nameof(Retries)} is 0 to 1,000");
        if (RetryDelay < TimeSpan.Zero || RetryCap < TimeSpan.Zero || RetryCap > Clock.LongestTimer)
            throw new ArgumentOutOfRangeException("options", RetryDelay, $"{nameof(RetryDelay)} and {nameof(RetryCap)} are zero or more and at most {Clock.LongestTimer.Days} days");
    }
}
