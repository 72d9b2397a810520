namespace Headgate.Retries;

/// <summary>How an API is tried again. Immutable; equality is by value.</summary>
internal sealed record RetryPolicy
{
    public static readonly RetryPolicy Default = new();

    /// <summary>How often a request is tried again, 0 to 1,000; holds are not counted.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The base of the backoff.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest backoff; a server's Retry-After may be longer.</summary>
    public TimeSpan Cap { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a request goes back to the gate because of a limit.</summary>
    public int MaxHolds { get; init; } = 20;

    /// <summary>The answers that are tried again.</summary>
    public StatusSet Statuses { get; init; } = StatusSet.Default;
}

/// <summary>What is known of a request when an attempt of it has ended.</summary>
internal readonly record struct RetryState
{
    /// <summary>Whether sending it twice does no harm by itself: see <see cref="RetryRule.IsRepeatable(HttpMethod, HttpRequestMessage)"/>.</summary>
    public bool Repeatable { get; init; }

    /// <summary>Why its body cannot be sent again: see <see cref="ReplayableContent.WhySpent"/>; null if it can, or if there is none.</summary>
    public string? BodySpent { get; init; }

    /// <summary>How often it was tried again.</summary>
    public int Retries { get; init; }

    /// <summary>How often it was held.</summary>
    public int Holds { get; init; }

    /// <summary>When it is too late, in monotonic nanoseconds; null for never.</summary>
    public long? Deadline { get; init; }
}
