namespace Headgate;

/// <summary>An <see cref="HttpClient"/> that keeps to the limits of the APIs it calls. Thread-safe, as any HttpClient; make one and share it.</summary>
/// <example>
/// <code>
/// using var client = new HeadgateClient("https://api.example.com", o => o.Limits = ["100/s", "5000/h"]);
/// var text = await client.GetStringAsync("things/1");
/// </code>
/// </example>
public sealed class HeadgateClient : HttpClient, IAsyncDisposable
{
    private readonly HeadgateHandler _handler;

    /// <summary>A client for an API.</summary>
    /// <param name="baseAddress">The address that relative ones are below: <c>https://api.example.com/v1</c>.</param>
    /// <param name="configure">Says how to send; by default limits are learned from the answers.</param>
    /// <param name="inner">What sends; see <see cref="HeadgateHandler"/>.</param>
    /// <param name="time">The clock; that of the system by default.</param>
    /// <exception cref="ArgumentException">The options or the inner handler cannot be used, or the base address is not http or https.</exception>
    /// <exception cref="UriFormatException">The base address is none.</exception>
    public HeadgateClient(string baseAddress, Action<HeadgateOptions>? configure = null, HttpMessageHandler? inner = null, TimeProvider? time = null)
        : this(Base(baseAddress), new HeadgateHandler(Options(configure), inner, time)) { }

    private HeadgateClient(Uri baseAddress, HeadgateHandler handler) : base(handler)
    {
        _handler = handler;
        BaseAddress = baseAddress;
        Timeout = System.Threading.Timeout.InfiniteTimeSpan;
    }

    /// <inheritdoc cref="HeadgateHandler.GetMetrics"/>
    public HeadgateMetrics GetMetrics() => _handler.GetMetrics();

    /// <inheritdoc cref="HeadgateHandler.ResetMetrics"/>
    public void ResetMetrics() => _handler.ResetMetrics();

    /// <inheritdoc cref="HeadgateHandler.AssessHealth"/>
    public HealthAssessment AssessHealth() => _handler.AssessHealth();

    /// <summary>The same as <see cref="HttpMessageInvoker.Dispose()"/>: what waits is refused, what is in flight is given up.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Without its last slash the last segment would be dropped from relative addresses.</summary>
    private static Uri Base(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!Uri.TryCreate(address.EndsWith('/') ? address : address + "/", UriKind.Absolute, out var uri))
            throw new UriFormatException($"\"{Excerpt.Of(address)}\" is no address: write it whole, such as https://api.example.com");
        return uri.Scheme is "http" or "https" ? uri : throw new ArgumentException($"\"{uri.Scheme}\" is no scheme that can be sent to: give an http or https address", nameof(address));
    }

    private static HeadgateOptions Options(Action<HeadgateOptions>? configure)
    {
        var options = new HeadgateOptions();
        configure?.Invoke(options);
        return options;
    }
}
