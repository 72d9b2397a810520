using System.Collections.Concurrent;
using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>
/// The one thread that writes to a database. What was asked for while it was writing goes into its next transaction together, so that a
/// thousand callers who wait for the disk wait for it once. Thread-safe.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>Of more, the first would wait long for the last.</summary>
    private const int MostTogether = 4096;

    private const int Full = 13; // SQLITE_FULL

    private readonly BlockingCollection<Work> _queue = [];
    private readonly Statements _statements;
    private readonly string _path;
    private readonly Thread _thread;
    private bool _isSynced;
    private int _isDisposed;

    /// <param name="connection">Owned from here on.</param>
    /// <param name="path">For messages.</param>
    public SqliteWriter(SqliteConnection connection, string path)
    {
        (_statements, _path) = (new Statements(connection), path);
        _thread = new Thread(Run) { IsBackground = true, Name = "headgate sqlite" };
        _thread.Start();
    }

    /// <summary>Does something in a transaction, and comes back when that is committed.</summary>
    /// <param name="work">What to do; alone in its thread, and to be as short as it can be.</param>
    /// <param name="isSynced">Whether it has to outlive a power failure, or only this process.</param>
    /// <exception cref="JobStoreException">Nothing of it was done.</exception>
    public Task<T> WriteAsync<T>(Func<Statements, T> work, bool isSynced)
    {
        var item = new Work<T>(work, isSynced);
        try
        {
            _queue.Add(item);
        }
        catch (InvalidOperationException)
        {
            throw new JobStoreException($"{_path}: was closed");
        }
        return item.Task;
    }

    /// <summary>Waits for what was asked for.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        _queue.CompleteAdding();
        _thread.Join();
        _statements.Dispose();
        _queue.Dispose();
    }

    private void Run()
    {
        var together = new List<Work>();
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            together.Add(first);
            while (together.Count < MostTogether && _queue.TryTake(out var next))
                together.Add(next);
            Commit(together);
            together.Clear();
        }
    }

    private void Commit(List<Work> together)
    {
        try
        {
            Sync(together.Exists(work => work.IsSynced));
            _statements.Execute("BEGIN IMMEDIATE");
            foreach (var work in together)
                work.Do(_statements);
            _statements.Execute("COMMIT");
        }
        catch (Exception failure)
        {
            RollBack();
            var isFull = failure is SqliteException { SqliteErrorCode: Full };
            if (isFull)
                // What the log holds twice gives room, perhaps enough for the next try.
                Try("PRAGMA wal_checkpoint(TRUNCATE)");
            var told = isFull
                ? new JobStoreException($"{_path}: the disk is full, so nothing more can be kept; make room, and it goes on by itself", failure) { IsFull = true }
                : new JobStoreException($"{_path}: cannot be written: {failure.Message}", failure);
            foreach (var work in together)
                work.Fail(told);
            return;
        }
        foreach (var work in together)
            work.Complete();
    }

    // It may never have begun, or the database has taken it back itself.
    private void RollBack() => Try("ROLLBACK");

    private void Try(string sql)
    {
        try
        {
            _statements.Execute(sql);
        }
        catch (SqliteException)
        {
            // Whoever asks next is told.
        }
    }

    /// <summary>With a log ahead of the database, a transaction that is not synced outlives the process, but perhaps not the power.</summary>
    private void Sync(bool isSynced)
    {
        if (isSynced != _isSynced)
            _statements.Execute(isSynced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        _isSynced = isSynced;
    }

    private abstract class Work(bool isSynced)
    {
        public bool IsSynced => isSynced;

        public abstract void Do(Statements statements);

        public abstract void Complete();

        public abstract void Fail(JobStoreException why);
    }

    private sealed class Work<T>(Func<Statements, T> work, bool isSynced) : Work(isSynced)
    {
        private readonly TaskCompletionSource<T> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _end.Task;

        public override void Do(Statements statements) => _result = work(statements);

        public override void Complete() => _end.SetResult(_result);

        public override void Fail(JobStoreException why) => _end.SetException(why);
    }
}
