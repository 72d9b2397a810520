namespace Headgate.Gates;

/// <summary>Why the gate did not let a request go.</summary>
internal enum RefusalReason
{
    /// <summary>It would not have gone, or did not go, before its time was over.</summary>
    Expired,

    /// <summary>It costs more than a limit ever allows.</summary>
    TooCostly,

    /// <summary>Every key is dead.</summary>
    NoKeys,

    /// <summary>No proxy can be used, and none will come back.</summary>
    NoProxies,

    /// <summary>The breaker of the API is open for longer than anybody has patience.</summary>
    CircuitOpen,

    /// <summary>The queue is full.</summary>
    QueueFull,

    /// <summary>The gate was closed.</summary>
    Closed,

    /// <summary>Another gate has taken its place: it is to be asked for there, and has lost nothing.</summary>
    Moved,
}

/// <summary>The gate refused a request. Nothing was spent.</summary>
internal sealed class RefusedException(RefusalReason reason, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    public RefusalReason Reason => reason;

    /// <summary>When it might be let go, counted from now; null if unknown.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
