using System.Collections.Concurrent;
using Headgate.Ledgers;
using Headgate.Queues;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Backends.Sqlite;

/// <summary>One database file, for one process: a writer, and as many readers as there are at once. Thread-safe.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>Looking at every page of a larger one would take seconds.</summary>
    private const long LargestChecked = 256L << 20;

    private readonly ConcurrentBag<Statements> _readers = [];
    private readonly string _path;
    private readonly SqliteSchema _schema;
    private readonly SafeFileHandle _lock;
    private bool _isDisposed;

    private SqliteDatabase(string path, SqliteSchema schema, SafeFileHandle held)
    {
        (_path, _schema, _lock) = (path, schema, held);
        var connection = Connect();
        try
        {
            Prepare(connection);
        }
        catch (Exception failure)
        {
            connection.Dispose();
            throw Told(failure);
        }
        Writer = new SqliteWriter(connection, path);
    }

    public SqliteWriter Writer { get; }

    /// <summary>Opens a database, and makes it if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="schema">What is in it; jobs without.</param>
    /// <exception cref="JobStoreException">Another process has it, it is damaged, or it is none of ours: the message says what to do.</exception>
    public static SqliteDatabase Open(string path, SqliteSchema? schema = null)
    {
        SafeFileHandle? held = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            held = LockedFile.TryLock($"{path}.lock", isShared: false) ?? throw new JobStoreException($"{path}: another process has it; end that one, or give this one a directory of its own with --data DIR");
            return new SqliteDatabase(path, schema ?? SqliteSchema.Jobs, held);
        }
        catch (Exception failure)
        {
            held?.Dispose();
            if (failure is IOException or UnauthorizedAccessException)
                throw new JobStoreException($"{path}: cannot be opened: {failure.Message}", failure);
            throw;
        }
    }

    /// <summary>Reads something. It sees all that was committed before.</summary>
    /// <exception cref="JobStoreException">It cannot be read.</exception>
    public T Read<T>(Func<Statements, T> read)
    {
        Statements? reader = null;
        try
        {
            if (!_readers.TryTake(out reader))
                reader = new Statements(Connect());
            return read(reader);
        }
        catch (SqliteException failure)
        {
            throw Told(failure);
        }
        finally
        {
            if (reader is not null && !_isDisposed)
                _readers.Add(reader);
            else
                reader?.Dispose();
        }
    }

    public void Dispose()
    {
        Writer.Dispose();
        _isDisposed = true;
        while (_readers.TryTake(out var reader))
            reader.Dispose();
        _lock.Dispose();
    }

    private SqliteConnection Connect()
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private void Prepare(SqliteConnection connection)
    {
        using var statements = new OneOff(connection);
        statements.Run("PRAGMA busy_timeout=5000");
        var application = statements.Number("PRAGMA application_id");
        var version = statements.Number("PRAGMA user_version");
        var isNew = statements.Number("SELECT COUNT(*) FROM sqlite_master") == 0;
        if (!isNew && application != _schema.ApplicationId)
            throw new JobStoreException($"{_path}: is a database of another program; give another directory with --data DIR");
        if (version > _schema.Versions.Length)
            throw new JobStoreException($"{_path}: was written by a newer version of headgate (schema {version}; this one knows {_schema.Versions.Length}); use that one");
        if (!isNew && new FileInfo(_path).Length < LargestChecked && statements.Text("PRAGMA quick_check(1)") is var verdict and not "ok")
            throw Damaged(verdict);
        statements.Run("PRAGMA journal_mode=WAL");
        statements.Run("PRAGMA synchronous=NORMAL");
        if (version == _schema.Versions.Length)
            return;
        // All or nothing: a death in between leaves the version that was there.
        statements.Run("BEGIN IMMEDIATE");
        foreach (var statement in _schema.Versions.Skip((int)version).SelectMany(statements => statements))
            statements.Run(statement);
        statements.Run($"PRAGMA application_id={_schema.ApplicationId}");
        statements.Run($"PRAGMA user_version={_schema.Versions.Length}");
        statements.Run("COMMIT");
    }

    private JobStoreException Told(Exception failure) => failure switch
    {
        JobStoreException told => told,
        SqliteException { SqliteErrorCode: 11 or 26 } damage => Damaged(damage.Message, damage),
        _ => new JobStoreException($"{_path}: cannot be read: {failure.Message}", failure),
    };

    private JobStoreException Damaged(string? what, Exception? cause = null) =>
        new($"{_path}: is damaged ({what}); nothing was changed. Put a backup in its place, or save what can be read with: sqlite3 {_path} .recover; to begin anew, move the file away", cause);

    /// <summary>Statements that run once.</summary>
    private readonly struct OneOff(SqliteConnection connection) : IDisposable
    {
        private readonly SqliteCommand _command = connection.CreateCommand();

        public void Run(string sql) => Bind(sql).ExecuteNonQuery();

        public long Number(string sql) => (long)Bind(sql).ExecuteScalar()!;

        public string? Text(string sql) => Bind(sql).ExecuteScalar() as string;

        public void Dispose() => _command.Dispose();

        private SqliteCommand Bind(string sql)
        {
#pragma warning disable CA2100 // The texts are constants of ours.
            _command.CommandText = sql;
#pragma warning restore CA2100
            return _command;
        }
    }
}
