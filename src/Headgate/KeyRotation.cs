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
            Use(given);
        }
        catch (Exception failure)
        {
            if (!_isDisposed)
                _engine.Notice($"the keys of {_api.Name} cannot be read anew, and stay as they are: {failure.Message}");
        }
        done.SetResult();
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
        if (!_api.Keys.Keys.Any(key => key.DeadReason is null && values.Contains(key.Secret.Reveal())))
            throw new InvalidOperationException("none of those that are given can be used");
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
        var gone = _engine.Dispatcher.Change((Api: _api, key), static (scheduler, it, now) =>
        {
            var gone = it.Api.Keys!.Add(it.key, now);
            scheduler.Changed(it.Api.Gates.All, now);
            return gone;
        });
        foreach (var old in gone)
            _engine.Forget(_api, old);
        _engine.Notice($"key {key.Name} of {_api.Name} is used from now on");
    }

    private void Retire(PoolKey key)
    {
        _engine.Dispatcher.Change((Api: _api, key), static (scheduler, it, now) =>
        {
            it.Api.Keys!.Retire(it.key);
            scheduler.Changed(it.Api.Gates.All, now);
        });
        _engine.Notice($"key {key.Name} of {_api.Name} is not used any more: its source does not give it");
    }
}
