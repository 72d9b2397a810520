using System.Collections.Concurrent;
using Headgate.Ledgers;
using Headgate.Queues;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Backends.Sqlite;

/// <summary>One database file, for one process: a writer, and as many readers as there are at once. Thread-safe.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>By what a file is known to be ours: "hdgt".</summary>
    public const int ApplicationId = 0x68646774;

    /// <summary>Looking at every page of a larger one would take seconds.</summary>
    private const long LargestChecked = 256L << 20;

    /// <summary>What makes a version of the schema from the one before, version 1 first. A new file takes them all; one of these is never changed.</summary>
    private static readonly string[][] Versions =
    [
        [
            // Times are ticks of 100 ns since the year 1, UTC. What has no status has not ended.
            "CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, status INTEGER, ended INTEGER, request BLOB NOT NULL, record BLOB)",
            "CREATE INDEX jobs_open ON jobs (seq) WHERE status IS NULL",
            "CREATE INDEX jobs_ended ON jobs (ended) WHERE status IS NOT NULL",
            "CREATE TABLE lanes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
            "CREATE TABLE queue (lane INTEGER NOT NULL, due INTEGER NOT NULL, place INTEGER NOT NULL, job TEXT NOT NULL, PRIMARY KEY (lane, due, place)) WITHOUT ROWID",
            "CREATE UNIQUE INDEX queue_job ON queue (job)",
        ],
        [
            "ALTER TABLE jobs ADD COLUMN class INTEGER", // of failure; 0 for none, null while it has not ended
            "ALTER TABLE jobs ADD COLUMN api TEXT",
            "ALTER TABLE jobs ADD COLUMN queue TEXT",
            "ALTER TABLE jobs ADD COLUMN tenant TEXT",
            "ALTER TABLE jobs ADD COLUMN batch TEXT",
            "ALTER TABLE jobs ADD COLUMN expires INTEGER",
            "ALTER TABLE jobs ADD COLUMN replaces TEXT",
            "ALTER TABLE jobs ADD COLUMN replaced TEXT",
            "UPDATE jobs SET tenant = json_extract(CAST(request AS TEXT), '$.tenant')",
            "UPDATE jobs SET class = 0 WHERE json_extract(CAST(record AS TEXT), '$.ok')",
            "CREATE INDEX jobs_tenant ON jobs (tenant, seq) WHERE tenant IS NOT NULL",
            "CREATE INDEX jobs_expiring ON jobs (expires) WHERE status IS NULL AND expires IS NOT NULL",
            "CREATE INDEX jobs_batch ON jobs (batch, seq) WHERE batch IS NOT NULL",
            "CREATE INDEX jobs_dead ON jobs (seq) WHERE status IN (6, 7) AND replaced IS NULL",
            // What is kept of the service itself, a JSON text by its name: schedules, queues that rest.
            "CREATE TABLE settings (kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
        ],
    ];

    /// <summary>The version of the schema that this program makes, and the newest it reads.</summary>
    public static int Version => Versions.Length;

    private readonly ConcurrentBag<Statements> _readers = [];
    private readonly string _path;
    private readonly SafeFileHandle _lock;
    private bool _isDisposed;

    private SqliteDatabase(string path, SafeFileHandle held)
    {
        (_path, _lock) = (path, held);
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
    /// <exception cref="JobStoreException">Another process has it, it is damaged, or it is none of ours: the message says what to do.</exception>
    public static SqliteDatabase Open(string path)
    {
        SafeFileHandle? held = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            held = LockedFile.TryLock($"{path}.lock", isShared: false) ?? throw new JobStoreException($"{path}: another process has it; end that one, or give this one a directory of its own with --data DIR");
            return new SqliteDatabase(path, held);
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

    /// <summary>Opens a file beside all rules of ours: for copies, and for those who hold the lock.</summary>
    public static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private SqliteConnection Connect() => Connect(_path, SqliteOpenMode.ReadWriteCreate);

    private void Prepare(SqliteConnection connection)
    {
        using var statements = new OneOff(connection);
        statements.Run("PRAGMA busy_timeout=5000");
        var application = statements.Number("PRAGMA application_id");
        var version = statements.Number("PRAGMA user_version");
        var isNew = statements.Number("SELECT COUNT(*) FROM sqlite_master") == 0;
        if (!isNew && application != ApplicationId)
            throw new JobStoreException($"{_path}: is a database of another program; give another directory with --data DIR");
        if (version > Versions.Length)
            throw new JobStoreException($"{_path}: was written by a newer version of headgate (schema {version}; this one knows {Versions.Length}); use that one");
        if (!isNew && new FileInfo(_path).Length < LargestChecked && statements.Text("PRAGMA quick_check(1)") is var verdict and not "ok")
            throw Damaged(verdict);
        statements.Run("PRAGMA journal_mode=WAL");
        statements.Run("PRAGMA synchronous=NORMAL");
        if (version == Versions.Length)
            return;
        // All or nothing: a death in between leaves the version that was there.
        statements.Run("BEGIN IMMEDIATE");
        foreach (var statement in Versions.Skip((int)version).SelectMany(statements => statements))
            statements.Run(statement);
        statements.Run($"PRAGMA application_id={ApplicationId}");
        statements.Run($"PRAGMA user_version={Versions.Length}");
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
