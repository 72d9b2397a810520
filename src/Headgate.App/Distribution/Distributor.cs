namespace Headgate.App.Distribution;

/// <summary>The key distributor of a service. Its simulated API is started by the first who needs it. Thread-safe.</summary>
internal sealed class Distributor(DistributorOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Task<SimulatedCalls>? _calls;

    public DistributorOptions Options => options;

    /// <summary>The calls.</summary>
    public Task<SimulatedCalls> CallsAsync()
    {
        lock (_lock)
            return _calls ??= SimulatedCalls.StartAsync(options, time);
    }

    public async ValueTask DisposeAsync()
    {
        Task<SimulatedCalls>? calls;
        lock (_lock)
            calls = _calls;
        if (calls is { IsCompletedSuccessfully: true })
            await (await calls).DisposeAsync();
    }
}
