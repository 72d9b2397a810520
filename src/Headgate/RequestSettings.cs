namespace Headgate;

/// <summary>What a caller says of one request beside what is sent; it travels in the options of the message.</summary>
internal sealed class RequestSettings
{
    private static readonly HttpRequestOptionsKey<RequestSettings> Key = new("Headgate");

    public RequestPriority Priority { get; set; } = RequestPriority.Medium;

    public DateTimeOffset? Deadline { get; set; }

    /// <summary>The deadline, counted from when the request is handed over.</summary>
    public TimeSpan? Within { get; set; }

    public string? Tenant { get; set; }

    public Dictionary<string, long>? Cost { get; set; }

    public TimeSpan? Timeout { get; set; }

    public int? Retries { get; set; }

    public string? Country { get; set; }

    /// <summary>The settings of a request; null if it has none.</summary>
    public static RequestSettings? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var settings) ? settings : null;

    /// <summary>The settings of a request, which has some from here on.</summary>
    public static RequestSettings For(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Of(request) is not { } settings)
            request.Options.Set(Key, settings = new RequestSettings());
        return settings;
    }
}
