namespace Headgate;

/// <summary>A request that got no answer, with its class and what is known of it. Immutable.</summary>
public sealed class HeadgateException : HttpRequestException
{
    internal HeadgateException(FailureClass failure, string message, Exception? inner = null, HttpRequestError error = HttpRequestError.Unknown, System.Net.HttpStatusCode? status = null)
        : base(error == HttpRequestError.Unknown ? ErrorOf(inner) : error, message, inner, status) => FailureClass = failure;

    /// <summary>What went wrong.</summary>
    public FailureClass FailureClass { get; }

    /// <summary>When the request might go, or was asked to come again, counted from now; null if nothing is known.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>The name of the API, or its scheme, host and port.</summary>
    public string? Upstream { get; internal init; }

    /// <summary>What held the request back longest: a limit, a pause the server asked for, the keys; null if it did not wait.</summary>
    public string? WaitingFor { get; internal init; }

    /// <summary>Whether the server may have acted on it.</summary>
    public bool MaybeSent { get; internal init; }

    /// <summary>How many attempts were sent.</summary>
    public int Attempts { get; internal init; }

    /// <summary>How a service refused a call; null where that is not the matter.</summary>
    internal Remote.ServiceRefusal? Refusal { get; init; }

    /// <summary>What the runtime says of a failure.</summary>
    internal static HttpRequestError ErrorOf(Exception? cause) => cause switch
    {
        HttpRequestException http => http.HttpRequestError,
        HttpIOException io => io.HttpRequestError,
        _ => HttpRequestError.Unknown,
    };
}
