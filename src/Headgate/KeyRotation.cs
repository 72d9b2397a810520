using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;

namespace Headgate;

/// <summary>
/// Reads the keys of one API anew, from time to time and before one is given up: new ones are used from then on, those that are not given any
/// more are not. A key is known by its value, so one that comes back finds its windows as they are. Thread-safe.
/// </summary>
internal sealed class KeyRotation : IDisposable
{
    private readonly Upstream _api;
    private readonly Engine _engine;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Task _reading = Task.CompletedTask;
    private long _readAt;
    private bool _isDisposed;

    /// <param name="api">An API that has keys.</param>
    /// <param name="engine">Its engine.</param>
    /// <param name="every">How often they are read anew.</param>
    public KeyRotation(Upstream api, Engine engine, TimeSpan every)
    {
        (_api, _engine, _readAt) = (api, engine, engine.Clock.Now);
        _timer = engine.Clock.Provider.CreateTimer(static state => _ = ((KeyRotation)state!).ReadAsync(long.MaxValue), this, every, every);
    }

    /// <summary>Reads them, unless that was done since; or waits for whoever does. Never fails: what cannot be read is told, and the keys stay as they are.</summary>
    /// <param name="since">When the key was used that was rejected: of many that went with it only one reads.</param>
    public Task ReadAsync(long since)
    {
        TaskCompletionSource done;
        lock (_lock)
        {
            if (_isDisposed || !_reading.IsCompleted || _readAt > since)
                return _reading;
            done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_readAt, _reading) = (_engine.Clock.Now, done.Task);
        }
        Read();
        done.SetResult();
        return done.Task;
    }

    public void Dispose()
    {
        lock (_lock)
            _isDisposed = true;
        _timer.Dispose();
    }

    private void Read()
    {
        try
        {
            var given = _engine.KeysOf(_api.Configuration);
            if (given.Count == 0)
                throw new InvalidOperationException("there is none");
            Use(given);
        }
        catch (Exception failure)
        {
            _engine.Notice($"the keys of {_api.Name} cannot be read anew, and stay as they are: {failure.Message}");
        }
    }

    private void Use(IReadOnlyList<KeyEntry> given)
    {
        var known = _api.Keys!.Keys.ToDictionary(key => key.Secret.Reveal());
        // First those that are new: were none left in between, whoever waits would be refused.
        foreach (var entry in given)
            if (!known.TryGetValue(entry.Secret.Reveal(), out var before))
                Add(_api.MakeKey(entry), isNew: true);
            else if (before.IsRetired)
                Add(before, isNew: false);
        var values = given.Select(entry => entry.Secret.Reveal()).ToHashSet();
        foreach (var (value, key) in known)
            if (!values.Contains(value) && !key.IsRetired)
                Retire(key);
    }

    private void Add(PoolKey key, bool isNew)
    {
        try
        {
            if (isNew)
                _engine.Remember(_api, key);
        }
        catch (Exception failure) when (failure is ScopeHeldException or LedgerException)
        {
            _engine.Notice($"key {key.Name} of {_api.Name} cannot be used: {failure.Message}");
            return;
        }
        Change(key, static (pool, key, now) => pool.Add(key, now));
        _engine.Notice($"key {key.Name} of {_api.Name} is used from now on");
    }

    private void Retire(PoolKey key)
    {
        Change(key, static (pool, key, now) => pool.Retire(key, now));
        _engine.Notice($"key {key.Name} of {_api.Name} is not used any more: its source does not give it");
    }

    private void Change(PoolKey key, Action<KeyPool, PoolKey, long> change) => _engine.Dispatcher.Change((Api: _api, key, change), static (scheduler, it, now) =>
    {
        it.change(it.Api.Keys!, it.key, now);
        foreach (var gate in it.Api.Gates.All)
            scheduler.Changed(gate, now);
    });
}
