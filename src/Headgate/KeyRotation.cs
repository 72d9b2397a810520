
namespace Headgate;

/// <summary>
/// Reads the keys of one API anew, from time to time and before one is given up. Thread-safe.
/// </summary>
internal sealed class KeyRotation : IDisposable
{
    private readonly Upstream _api;
    private readonly Engine _engine;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Task _reading = Task.CompletedTask;
    private long _readAt;
    private volatile bool _isDisposed;

    /// <param name="api">An API that has keys.</param>
    /// <param name="engine">Its engine.</param>
    /// <param name="every">How often they are read anew.</param>
    public KeyRotation(Upstream api, Engine engine, TimeSpan every)
    {
        (_api, _engine, _readAt) = (api, engine, engine.Clock.Now);
        _timer = engine.Clock.Provider.CreateTimer(static state => ((KeyRotation)state!).Read(), this, every, every);
    }

    /// <summary>Reads them, unless that was done since; or waits for whoever does. Never fails: what cannot be read is told, and the keys stay as they are.</summary>
    /// <param name="since">When the key was used that was rejected: of many that went with it only one reads.</param>
    public Task ReadAsync(long since) =>
        // The caller's own source may block, and who waits here may give up.
        Begin(since, out var reading) is { } done ? Task.Run(() => Read(done)) : reading;

    private void Read()
    {
        if (Begin(long.MaxValue, out _) is { } done)
            Read(done);
    }

    /// <summary>Begins to read: what to complete in the end; null if somebody reads already, or has since.</summary>
    private TaskCompletionSource? Begin(long since, out Task reading)
    {
        lock (_lock)
        {
            reading = _reading;
            if (_isDisposed || !reading.IsCompleted || _readAt > since)
                return null;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_readAt, _reading) = (_engine.Clock.Now, done.Task);
            return done;
        }
    }

    public void Dispose()
    {
        lock (_lock)
            _isDisposed = true;
        _timer.Dispose();
    }

    private void Read(TaskCompletionSource done)
    {
        try
        {
            var given = _engine.KeysOf(_api.Configuration);
            if (given.Count == 0)
                throw new InvalidOperationException("there is none");
            new KeyIntake(_api, _engine).Use(given);
        }
        catch (Exception failure)
        {
            if (!_isDisposed)
                _engine.Notice($"the keys of {_api.Name} cannot be read anew, and stay as they are: {failure.Message}");
        }
        done.SetResult();
    }
}
