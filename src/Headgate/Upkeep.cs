using Headgate.Ledgers;

namespace Headgate;

/// <summary>What an engine does by itself, each second: it puts on disk what was recorded, and closes connections that were left; and each minute it forgets what nobody uses any more.</summary>
internal sealed class Upkeep : IDisposable
{
    private const int Minute = 60;

    private readonly Engine _engine;
    private readonly Action<LedgerException> _failed;
    private readonly Lock _syncing = new();
    private readonly ITimer _timer;
    private int _seconds;
    private bool _isDisposed;

    /// <param name="engine">The engine.</param>
    /// <param name="failed">Told of a disk that does not take it; must not throw.</param>
    public Upkeep(Engine engine, Action<LedgerException> failed)
    {
        (_engine, _failed) = (engine, failed);
        _timer = engine.Clock.Provider.CreateTimer(static upkeep => ((Upkeep)upkeep!).Run(), this, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    private void Run()
    {
        try
        {
            // Whoever disposes waits until this is through.
            lock (_syncing)
                if (!_isDisposed)
                    _engine.Journal.Sync();
            // What the next ledger says of keys and proxies is asked of others: not while anybody waits for us.
            _engine.Journal.GoOnInNext();
        }
        catch (LedgerException failure)
        {
            _failed(failure);
        }
        _engine.LeftConnections.Close(_engine.Dispatcher);
        if (Interlocked.Increment(ref _seconds) % Minute == 0)
            _engine.Unknown.ForgetIdle();
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_syncing)
            _isDisposed = true;
    }
}
