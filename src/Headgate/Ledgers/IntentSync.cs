namespace Headgate.Ledgers;

/// <summary>
/// Puts intents on disk before anything of what they tell is sent, so that they outlive a loss of power. All who wait at once wait for one sync:
/// a round of sends costs what one does. Thread-safe.
/// </summary>
/// <param name="sync">Puts a file on disk; that of <see cref="RecordFile.Sync"/> by default.</param>
internal sealed class IntentSync(Action<RecordFile>? sync = null)
{
    private readonly Action<RecordFile> _sync = sync ?? (static file => file.Sync());
    private readonly Lock _lock = new();
    private HashSet<RecordFile> _unsynced = [];

    /// <summary>Ends when the next sync does; null while nobody waits for one.</summary>
    private TaskCompletionSource? _next;
    private Task _running = Task.CompletedTask;
    private bool _isRunning;

    /// <summary>There is an intent in a file that is not on disk.</summary>
    public void Wrote(RecordFile file)
    {
        lock (_lock)
            _unsynced.Add(file);
    }

    /// <summary>Ends when all that was written before is on disk.</summary>
    /// <exception cref="LedgerException">The disk does not take it.</exception>
    public Task ThroughAsync()
    {
        lock (_lock)
        {
            if (_unsynced.Count == 0)
                // Or a sync that is under way has it.
                return _running;
            _next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_isRunning)
            {
                _isRunning = true;
                _ = Task.Run(Run);
            }
            return _next.Task;
        }
    }

    private void Run()
    {
        while (true)
        {
            TaskCompletionSource round;
            HashSet<RecordFile> files;
            lock (_lock)
            {
                if (_next is null)
                {
                    _isRunning = false;
                    return;
                }
                (round, _next, files, _unsynced) = (_next, null, _unsynced, []);
                _running = round.Task;
            }
            Exception? failure = null;
            try
            {
                foreach (var file in files)
                    Sync(file);
            }
            catch (Exception wrong)
            {
                failure = wrong;
            }
            lock (_lock)
            {
                _running = Task.CompletedTask;
                if (failure is not null)
                    // Whoever wrote before this round and asks after it is not told that all is well.
                    _unsynced.UnionWith(files);
            }
            Tell(round, failure);
        }
    }

    private static void Tell(TaskCompletionSource round, Exception? failure)
    {
        if (failure is null)
        {
            round.SetResult();
            return;
        }
        round.SetException(failure);
        _ = round.Task.Exception;
    }

    private void Sync(RecordFile file)
    {
        try
        {
            _sync(file);
        }
        catch (ObjectDisposedException)
        {
            // Forgotten in between: what was to be sent within it never will be.
        }
    }
}
