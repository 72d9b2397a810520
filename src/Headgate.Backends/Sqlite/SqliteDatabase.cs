using System.Collections.Concurrent;
using Headgate.Ledgers;
using Headgate.Queues;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Backends.Sqlite;

/// <summary>One database file, for one process: a writer, and as many readers as there are at once. Thread-safe.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly ConcurrentBag<Statements> _readers = [];
    private readonly string _path;
    private readonly SafeFileHandle _lock;
    private bool _isDisposed;

    private SqliteDatabase(string path, SqliteSchema schema, SafeFileHandle held)
    {
        (_path, _lock) = (path, held);
        var connection = Connect();
        try
        {
            schema.Prepare(connection, path);
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
            held = LockedFile.TryLock($"{path}.lock", isShared: false) ?? throw new JobStoreException($"{path}: another process has it; end that one, or give this one a place of its own (the service: with --data DIR)");
            // Jobs have the credentials that callers gave them, wherever the file is put.
            if (OwnFile.Meant(path) is var meant && !File.Exists(meant))
                OwnFile.Make(meant);
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
    /// <param name="read">What to read.</param>
    /// <param name="isMany">It is many statements: they take the locks of the file once, and see it as it is at the first.</param>
    /// <exception cref="JobStoreException">It cannot be read.</exception>
    public T Read<T>(Func<Statements, T> read, bool isMany = false)
    {
        Statements? reader = null;
        try
        {
            if (!_readers.TryTake(out reader))
                reader = new Statements(Connect());
            return isMany ? reader.Together(read) : read(reader);
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

    private JobStoreException Told(Exception failure) => failure switch
    {
        JobStoreException told => told,
        SqliteException { SqliteErrorCode: 11 or 26 } damage => SqliteSchema.Damaged(_path, damage.Message, damage),
        _ => new JobStoreException($"{_path}: cannot be read: {failure.Message}", failure),
    };
}
