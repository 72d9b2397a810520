namespace Headgate;

/// <summary>What sends to one API: for whoever takes answers in, and, with connections of its own, for whoever passes them on as they are. Thread-safe.</summary>
/// <param name="make">Makes a handler; told whether it unpacks answers.</param>
internal sealed class ApiTransport(Func<bool, HttpMessageHandler> make) : IDisposable
{
    private readonly HttpMessageInvoker _usual = new(make(true), disposeHandler: true);

    /// <summary>Made when it is first needed: mostly nobody passes anything on.</summary>
    private readonly Lazy<HttpMessageInvoker> _asItIs = new(() => new HttpMessageInvoker(make(false), disposeHandler: true));

    /// <summary>Sends.</summary>
    /// <param name="message">The attempt.</param>
    /// <param name="asItIs">Nothing packed is asked for, and nothing unpacked.</param>
    /// <param name="cancellation">Gives it up.</param>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, bool asItIs, CancellationToken cancellation) =>
        (asItIs ? _asItIs.Value : _usual).SendAsync(message, cancellation);

    public void Dispose()
    {
        _usual.Dispose();
        if (_asItIs.IsValueCreated)
            _asItIs.Value.Dispose();
    }
}
