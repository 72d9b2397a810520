namespace Headgate;

/// <summary>
/// Why a request did not end well, and so what it is charged to. Written in lower case with underscores wherever text is
/// read by machines: <c>rate_limit</c>, <c>circuit_open</c>, <c>maybe_sent</c>.
/// </summary>
public enum FailureClass
{
    /// <summary>No failure. Never written.</summary>
    None,

    /// <summary>No usable answer came: the name was not found, no connection or TLS session was made, it broke, or what came was not HTTP.</summary>
    Network,

    /// <summary>The attempt's own time ran out before its answer.</summary>
    Timeout,

    /// <summary>The API refused by a limit (429, or 503 or 403 with <c>Retry-After</c>) until holds or deadline ran out.</summary>
    RateLimit,

    /// <summary>The API answered with 5xx after all retries.</summary>
    Server,

    /// <summary>The API answered with 3xx that was not followed, or with 4xx. The request is completed, but not ok.</summary>
    Client,

    /// <summary>The breaker of the API stayed open longer than the request had patience.</summary>
    CircuitOpen,

    /// <summary>The proxy is at fault, not the API.</summary>
    Proxy,

    /// <summary>No key of the pool is accepted any more.</summary>
    Auth,

    /// <summary>The request's deadline passed, or will have passed before it could be sent.</summary>
    Deadline,

    /// <summary>The caller gave the request up.</summary>
    Cancelled,

    /// <summary>The address is not allowed.</summary>
    Blocked,

    /// <summary>The request cannot be sent as it is, or its answer cannot be kept (too large).</summary>
    Invalid,

    /// <summary>
    /// A process died between its send and its answer, and to send it twice could do harm, so it was not sent again. What failed otherwise after it was
    /// sent keeps its own class; <see cref="HeadgateException.MaybeSent"/> says that it may have arrived.
    /// </summary>
    MaybeSent,
}
