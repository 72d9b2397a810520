using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>
/// The jobs of a database that came from a backup, and that whoever was backed up may have sent afterwards: no ledger that is here says so.
/// Thread-safe.
/// </summary>
internal sealed class SqliteForeignSends
{
    private readonly SqliteDatabase _database;
    private readonly bool _hasAny;

    /// <param name="database">The database of the jobs.</param>
    public SqliteForeignSends(SqliteDatabase database)
    {
        _database = database;
        _hasAny = database.Read(statements => (long)statements.Scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'foreign_sends'")! > 0);
        if (_hasAny)
            // What has ended is not sent again.
            _ = database.Writer.WriteAsync(statements => statements.Execute("DELETE FROM foreign_sends WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = foreign_sends.id AND jobs.status IS NULL)"), isSynced: false);
    }

    /// <summary>Whether a job is one of them.</summary>
    /// <exception cref="JobStoreException">It cannot be read.</exception>
    public bool Has(string id) => _hasAny && _database.Read(statements => statements.Scalar("SELECT 1 FROM foreign_sends WHERE id = $1", id) is not null);

    /// <summary>Marks all jobs that have not ended, and were not to be sent later only.</summary>
    /// <param name="path">A database that nobody has open.</param>
    /// <param name="until">Whoever was backed up sent nothing after that.</param>
    /// <returns>How many those are.</returns>
    /// <exception cref="JobStoreException">It cannot be written.</exception>
    public static long Mark(string path, DateTimeOffset until)
    {
        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadWrite);
            using var statements = new Statements(connection);
            statements.Execute("CREATE TABLE IF NOT EXISTS foreign_sends (id TEXT PRIMARY KEY) WITHOUT ROWID");
            return statements.Execute("INSERT OR IGNORE INTO foreign_sends SELECT id FROM jobs WHERE status IS NULL AND NOT EXISTS (SELECT 1 FROM queue WHERE queue.job = jobs.id AND queue.due > $1)", until.UtcTicks);
        }
        catch (SqliteException failure)
        {
            throw new JobStoreException($"{path}: cannot be written: {failure.Message}", failure);
        }
    }
}
