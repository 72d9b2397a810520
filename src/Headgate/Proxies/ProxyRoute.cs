using Headgate.Time;

namespace Headgate.Proxies;

/// <summary>One API through one proxy: its connections, and what can be found out of the proxy. Thread-safe.</summary>
/// <param name="connector">Connects through the proxy.</param>
/// <param name="clock">The clock.</param>
/// <param name="make">Makes a handler; told whether it unpacks answers.</param>
internal sealed class ProxyRoute(ProxyConnector connector, Clock clock, Func<bool, HttpMessageHandler> make) : IDisposable
{
    /// <summary>A proxy that says nothing for so long is not there.</summary>
    private static readonly TimeSpan Answers = TimeSpan.FromSeconds(2);

    /// <summary>One that was not there is taken for gone so long: it leaves many requests behind, which all ask.</summary>
    private const long Holds = Clock.Second;

    private readonly Lazy<HttpMessageInvoker> _usual = new(() => new HttpMessageInvoker(make(true), disposeHandler: true));
    private readonly Lazy<HttpMessageInvoker> _asItIs = new(() => new HttpMessageInvoker(make(false), disposeHandler: true));
    private readonly Lock _lock = new();
    private Task<ProxyFaultException?>? _asking;
    private long _askedAt;

    /// <inheritdoc cref="ApiTransport.SendAsync"/>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, bool asItIs, CancellationToken cancellation) =>
        (asItIs ? _asItIs : _usual).Value.SendAsync(message, cancellation);

    /// <summary>Asks the proxy whether it is there, in 2 s. To be asked when something broke that may have been its fault, or that of the API behind it.</summary>
    /// <returns>Why it is not; null if it is.</returns>
    public async Task<ProxyFaultException?> WhyGoneAsync()
    {
        // An answer that it gave before something broke may have been its last.
        for (var brokeAt = clock.Now; ;)
        {
            var (asking, askedAt) = AskOnce(brokeAt);
            var gone = await asking.ConfigureAwait(false);
            if (gone is not null || askedAt >= brokeAt)
                return gone;
        }
    }

    private (Task<ProxyFaultException?> Asking, long AskedAt) AskOnce(long brokeAt)
    {
        lock (_lock)
        {
            if (_asking is null || (_asking.IsCompleted && _askedAt < brokeAt && (_asking is { IsCompletedSuccessfully: true, Result: null } || clock.Now - _askedAt > Holds)))
                (_asking, _askedAt) = (Task.Run(AskAsync), clock.Now);
            return (_asking, _askedAt);
        }
    }

    public void Dispose()
    {
        if (_usual.IsValueCreated)
            _usual.Value.Dispose();
        if (_asItIs.IsValueCreated)
            _asItIs.Value.Dispose();
    }

    private async Task<ProxyFaultException?> AskAsync()
    {
        using var patience = new CancellationTokenSource(Answers, clock.Provider);
        try
        {
            await connector.AskAsync(patience.Token).ConfigureAwait(false);
            return null;
        }
        catch (ProxyFaultException gone)
        {
            return gone;
        }
    }
}
