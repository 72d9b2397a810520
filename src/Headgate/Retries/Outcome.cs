namespace Headgate.Retries;

/// <summary>What one attempt came to: an answer with a status, or a failure with a class.</summary>
internal readonly record struct Outcome
{
    /// <summary>The status of the answer; 0 when there was none.</summary>
    public int Status { get; init; }

    /// <summary>Why there was no answer; <see cref="FailureClass.None"/> for an answer, whatever its status.</summary>
    public FailureClass Class { get; init; }

    /// <summary>Whether the guard stamped it: without a stamp no byte of it left, and its permit goes back whole.</summary>
    public bool Sent { get; init; }

    /// <summary>The server said that it did not act on it (an HTTP/2 stream refused, or above the last one of a GOAWAY): safe to repeat.</summary>
    public bool Unprocessed { get; init; }

    /// <summary>The server refused by a limit: 429, or 503 or 403 with <c>Retry-After</c>, or an answer that an API's own rule calls throttled.</summary>
    public bool Refused { get; init; }

    /// <summary>What <c>Retry-After</c> asks for, counted from the receipt of the answer.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the server advises to try again, where it says so.</summary>
    public bool? ShouldRetry { get; init; }

    /// <summary>What the proxy did wrong, where it is known that it did; whatever the class, for whoever chooses proxies.</summary>
    public ProxyFault ProxyFault { get; init; }

    /// <summary>An answer had begun to come, and broke off.</summary>
    public bool BrokeOff { get; init; }

    /// <summary>
    /// Whether the answer proves that the request has arrived, so that its <c>late</c> is now. False for 408, 502 and 504, which an
    /// intermediary speaks, and for everything that is not an answer: <c>late</c> is then now plus <c>straggle</c>.
    /// </summary>
    public bool BoundsArrival { get; init; }

    /// <summary>One short line for people: no secret, header or query in it. Null for an answer.</summary>
    public string? Detail { get; init; }

    public bool IsAnswer => Status != 0;

    /// <summary>The server is well: it answered, and not with 5xx.</summary>
    public bool IsWell => !Refused && IsAnswer && Status < 500;

    /// <summary>The server does badly: 5xx, no connection, or no answer in time. A refusal by a limit, and giving up, say nothing of that.</summary>
    public bool IsFailing => !Refused && (IsAnswer ? Status >= 500 : Class is FailureClass.Network or FailureClass.Timeout);

    /// <summary>Whether the server may have acted on it without our knowing how it ended.</summary>
    public bool MaybeDone => Sent && !Unprocessed && !BoundsArrival;
}
