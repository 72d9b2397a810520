namespace Headgate;

/// <summary>The exceptions that users of HttpClient know, for what became of a request.</summary>
internal static class Failures
{
    /// <summary>The exception of a request that failed; its class and detail stand in the exchange.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="cause">What was thrown.</param>
    /// <param name="callers">The token of whoever gave it up.</param>
    public static Exception Of(Exchange exchange, Exception cause, CancellationToken callers)
    {
        if (exchange.Failure == FailureClass.Cancelled)
            return new TaskCanceledException(exchange.Detail, cause, callers);
        var failure = cause as HeadgateException ?? new HeadgateException(exchange.Failure, exchange.Detail ?? "failed", cause)
        {
            Upstream = exchange.Last?.Upstream.Name,
            WaitingFor = exchange.HeldBy?.Describe(),
            MaybeSent = exchange.MaybeSent,
            Attempts = exchange.Attempts,
        };
        return Of(failure);
    }

    /// <summary>As HttpClient says it: a timeout is a cancellation with a TimeoutException inside.</summary>
    public static Exception Of(HeadgateException failure) => failure.FailureClass == FailureClass.Timeout
        ? new TaskCanceledException(failure.Message, new TimeoutException(failure.Message, failure))
        : failure;

    /// <summary>What a request is told that has no answer; it is written into the exchange as well.</summary>
    public static HeadgateException Of(Exchange exchange, Upstream upstream, FailureClass failure, string detail, bool maybeSent = false, TimeSpan? retryAfter = null)
    {
        (exchange.Failure, exchange.Detail, exchange.MaybeSent) = (failure, detail, maybeSent);
        return new HeadgateException(failure, detail, error: exchange.Last?.Error ?? HttpRequestError.Unknown)
        {
            Upstream = upstream.Name,
            WaitingFor = exchange.HeldBy?.Describe(),
            MaybeSent = maybeSent,
            Attempts = exchange.Attempts,
            RetryAfter = retryAfter,
        };
    }
}
