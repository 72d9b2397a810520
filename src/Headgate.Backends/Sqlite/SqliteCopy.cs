using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>Copies of a database: they are taken while others read and write, and looked at before anybody trusts them.</summary>
internal static class SqliteCopy
{
    /// <summary>Copies a database as it stands at one moment. Whoever writes to it goes on, in this process or another.</summary>
    /// <param name="path">The database.</param>
    /// <param name="to">The copy; it must not be there.</param>
    /// <exception cref="JobStoreException">It cannot be read, or the copy not be written.</exception>
    public static void Take(string path, string to)
    {
        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadWrite);
            using var statements = new Statements(connection);
            statements.Execute("PRAGMA busy_timeout=5000");
            // All of it within one transaction that reads: what is committed meanwhile is not in it.
            statements.Execute("VACUUM INTO $1", to);
        }
        catch (SqliteException failure)
        {
            throw new JobStoreException($"{path}: cannot be copied to {to}: {failure.Message}", failure);
        }
    }

    /// <summary>Looks at every page of a database of jobs.</summary>
    /// <param name="path">The database, which nobody else has open.</param>
    /// <returns>How many jobs there are, and how many of them have not ended.</returns>
    /// <exception cref="JobStoreException">It is damaged, or no database of this program.</exception>
    public static (long Jobs, long Open) Check(string path)
    {
        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadWrite);
            using var statements = new Statements(connection);
            if ((long)statements.Scalar("PRAGMA application_id")! != SqliteSchema.Jobs.ApplicationId || (long)statements.Scalar("PRAGMA user_version")! > SqliteSchema.Jobs.Versions.Length)
                throw new JobStoreException($"{path}: is no database of jobs that this version reads");
            if (statements.Scalar("PRAGMA quick_check(1)") as string is var verdict and not "ok")
                throw new JobStoreException($"{path}: is damaged ({verdict})");
            return ((long)statements.Scalar("SELECT COUNT(*) FROM jobs")!, (long)statements.Scalar("SELECT COUNT(*) FROM jobs WHERE status IS NULL")!);
        }
        catch (SqliteException failure)
        {
            throw new JobStoreException($"{path}: is damaged ({failure.Message})", failure);
        }
    }
}
