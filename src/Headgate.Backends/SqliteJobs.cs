using Headgate.Backends.Sqlite;
using Headgate.Queues;

namespace Headgate.Backends;

/// <summary>Keeps the jobs of a <see cref="Multiplexer"/> in a database file of SQLite.</summary>
public static class SqliteJobs
{
    /// <summary>
    /// Lets <see cref="MultiplexerOptions.Queue"/> be <c>sqlite:PATH</c>: jobs wait in that file, and are kept there with what became of them, whatever
    /// dies. Beside it, in the folder <c>PATH.sends</c>, stands what was sent of them, and to whom, unless
    /// <see cref="HeadgateOptions.StatePath"/> says where that is remembered. Requests are kept as they are, headers and bodies too.
    /// </summary>
    /// <param name="options">The options, which are changed.</param>
    /// <param name="path">The file, which <see cref="MultiplexerOptions.Queue"/> then names; null if that is set elsewhere. Relative to the current folder.</param>
    /// <returns>The same options.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static MultiplexerOptions UseSqlite(this MultiplexerOptions options, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.OpenFile = Open;
        if (path is null)
            return options;
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        options.Queue = $"sqlite:{path}";
        return options;
    }

    private static JobFile Open(string path, TimeProvider time)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        LostDatabase.Refuse(path, MultiplexerFile.LedgersOf(path));
        var database = SqliteDatabase.Open(path);
        try
        {
            // Headers are in it, and what is secret in them.
            OwnFile.Keep(OwnFile.Meant(path), static _ => { });
            return new JobFile(new SqliteJobStore(database), new SqliteJobQueue(database, time), database.Writer.Dispose) { Release = database.Dispose };
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
