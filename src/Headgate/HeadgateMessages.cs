namespace Headgate;

/// <summary>What a request can say to Headgate, and what an answer tells of the way it came.</summary>
/// <remarks>They change the message they are called on and give it back. Not thread-safe, as the message is not.</remarks>
public static class HeadgateMessages
{
    /// <summary>How urgent it is; <see cref="RequestPriority.Medium"/> by default.</summary>
    /// <param name="request">The request.</param>
    /// <param name="priority">The priority.</param>
    public static HttpRequestMessage WithPriority(this HttpRequestMessage request, RequestPriority priority)
    {
        if (!Enum.IsDefined(priority))
            throw new ArgumentOutOfRangeException(nameof(priority), priority, "there is no such priority");
        RequestSettings.For(request).Priority = priority;
        return request;
    }

    /// <summary>When it is too late: it fails at once if it cannot make it, else at that time. By default there is no such time.</summary>
    /// <param name="request">The request.</param>
    /// <param name="deadline">The time of the wall clock.</param>
    public static HttpRequestMessage WithDeadline(this HttpRequestMessage request, DateTimeOffset deadline)
    {
        RequestSettings.For(request).Deadline = deadline;
        return request;
    }

    /// <summary>How long it may take altogether, waiting and retries included, counted from when it is handed over. By default as long as it takes.</summary>
    /// <param name="request">The request.</param>
    /// <param name="within">More than zero.</param>
    public static HttpRequestMessage WithDeadline(this HttpRequestMessage request, TimeSpan within)
    {
        RequestSettings.For(request).Within = Positive(within, nameof(within));
        return request;
    }

    /// <summary>Whose it is: inside a priority tenants share fairly, and each keeps to one key where keys are sticky.</summary>
    /// <param name="request">The request.</param>
    /// <param name="tenant">Any text; null for nobody's.</param>
    public static HttpRequestMessage WithTenant(this HttpRequestMessage request, string? tenant)
    {
        RequestSettings.For(request).Tenant = tenant;
        return request;
    }

    /// <summary>What it costs in a unit other than requests: an upper bound, held until the true cost is known.</summary>
    /// <param name="request">The request.</param>
    /// <param name="unit">The unit as limits name it, for example <c>tokens</c>.</param>
    /// <param name="amount">Zero or more.</param>
    public static HttpRequestMessage WithCost(this HttpRequestMessage request, string unit, long amount)
    {
        ArgumentException.ThrowIfNullOrEmpty(unit);
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        (RequestSettings.For(request).Cost ??= [])[unit] = amount;
        return request;
    }

    /// <summary>The longest an attempt may take, from its first byte to the end of the answer; by default that of the API.</summary>
    /// <param name="request">The request.</param>
    /// <param name="timeout">More than zero.</param>
    public static HttpRequestMessage WithTimeout(this HttpRequestMessage request, TimeSpan timeout)
    {
        RequestSettings.For(request).Timeout = Positive(timeout, nameof(timeout));
        return request;
    }

    /// <summary>How often it is tried again; by default as often as the API says.</summary>
    /// <param name="request">The request.</param>
    /// <param name="retries">From 0 to 100.</param>
    public static HttpRequestMessage WithRetries(this HttpRequestMessage request, int retries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(retries);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(retries, 100);
        RequestSettings.For(request).Retries = retries;
        return request;
    }

    /// <summary>Sends a key by which the server knows a request that it has seen, so that a POST may be tried again though it was perhaps done.</summary>
    /// <param name="request">The request.</param>
    /// <param name="key">What makes it this request and no other.</param>
    public static HttpRequestMessage WithIdempotencyKey(this HttpRequestMessage request, string key)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrEmpty(key);
        request.Headers.Remove("Idempotency-Key");
        request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    /// <summary>The country whose proxies are to send it; by default any.</summary>
    /// <param name="request">The request.</param>
    /// <param name="country">Two letters, as ISO 3166 has them.</param>
    public static HttpRequestMessage WithCountry(this HttpRequestMessage request, string country)
    {
        ArgumentException.ThrowIfNullOrEmpty(country);
        RequestSettings.For(request).Country = country;
        return request;
    }

    /// <summary>What an answer went through: attempts, waiting, the name of its key. Null if it did not come through Headgate.</summary>
    /// <param name="response">The answer.</param>
    public static AnswerPath? GetHeadgate(this HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Content switch { AnswerContent answer => answer.Path, StoredContent stored => stored.Path, _ => null };
    }

    private static TimeSpan Positive(TimeSpan span, string name) =>
        span > TimeSpan.Zero ? span : throw new ArgumentOutOfRangeException(name, span, "give more than zero");
}

/// <summary>The way of an answer. Immutable, but for what an answer read as a stream has yet to go through.</summary>
public sealed class AnswerPath
{
    private readonly Exchange _exchange;

    internal AnswerPath(Exchange exchange) => _exchange = exchange;

    /// <summary>The name of the API, or its scheme, host and port.</summary>
    public string Upstream => _exchange.Upstream!.Name;

    /// <summary>How many attempts were sent, redirects and refused ones included; 0 where the answer was stored.</summary>
    public int Attempts => _exchange.Attempts;

    /// <summary>How many of them were tried again after a failure.</summary>
    public int Retries => _exchange.RetriesMade;

    /// <summary>How many were refused by a limit of the server.</summary>
    public int Refusals => _exchange.Refusals;

    /// <summary>How long it waited for its permits.</summary>
    public TimeSpan Wait => Time.Clock.Span(_exchange.Waited);

    /// <summary>What held it back longest: a limit, a pause the server asked for, the keys; null if it did not wait.</summary>
    public string? WaitingFor => _exchange.HeldBy?.Describe();

    /// <summary>The name of the key it was sent with; null if the API has no keys.</summary>
    public string? Key => _exchange.Last?.Permit.Key?.Name;

    /// <summary>The name of the proxy the answer came through: its address, without credentials. Null where none was used.</summary>
    public string? Proxy => _exchange.Last?.Permit.Proxy?.Name;

    /// <summary>
    /// What the cache had to do with it: <c>hit</c>, it was stored; <c>revalidated</c>, it was stored and the server says that it holds; <c>stale</c>, it
    /// stands in for a server that failed; <c>miss</c>. Null where no cache is asked.
    /// </summary>
    public string? Cache => _exchange.Cache?.Word;
}
