using Headgate.App.CommandLine;
using Headgate.Backends.Sqlite;
using Headgate.Ledgers;
using Headgate.Queues;

namespace Headgate.App.Backups;

/// <summary>Takes a backup of what a service keeps, while it runs or while it does not: jobs as they are at one moment, then what was sent.</summary>
/// <param name="data">The directory of the service.</param>
/// <param name="database">Where its jobs are.</param>
/// <param name="time">The clock.</param>
internal sealed class Backup(string data, string database, TimeProvider time)
{
    /// <summary>What the jobs are called in a backup, wherever they were.</summary>
    public const string Jobs = "headgate.db";

    /// <summary>What belongs to a process, or to a database that is copied otherwise.</summary>
    private static readonly string[] Passing = [".lock", ".new", ".db-wal", ".db-shm", ".db-journal", ".partial"];

    /// <summary>Takes it.</summary>
    /// <param name="path">The file, which must not be there.</param>
    /// <returns>What is in it, for people.</returns>
    /// <exception cref="CommandException">There is nothing to back up, or it cannot be done.</exception>
    public string Take(string path)
    {
        if (File.Exists(path))
            throw new CommandException(ExitCode.Usage, $"{path}: is there already; give another name, or delete it");
        if (!File.Exists(database))
            throw new CommandException(ExitCode.Unreachable, $"{database}: there are no jobs; say with --data DIR where the service keeps them");
        var (partial, copy) = ($"{path}.partial", $"{path}.db.partial");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return Take(path, partial, copy);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JobStoreException)
        {
            throw new CommandException(ExitCode.Disk, $"no backup was taken: {failure.Message}");
        }
        finally
        {
            File.Delete(partial);
            File.Delete(copy);
        }
    }

    private string Take(string path, string partial, string copy)
    {
        File.Delete(partial);
        File.Delete(copy);
        // Whoever has the lock is the service: as long as it is ours, none can begin.
        using var held = LockedFile.TryLock($"{database}.lock", isShared: false);
        var takenAt = time.GetUtcNow();
        // The jobs first: what was sent of them afterwards is in the ledgers, which are read later.
        SqliteCopy.Take(database, copy);
        var (jobs, open) = SqliteCopy.Check(copy);
        using var writer = new BackupWriter(partial, path.EndsWith(".gz", StringComparison.Ordinal) || path.EndsWith(".tgz", StringComparison.Ordinal), takenAt);
        writer.Add(copy, Jobs);
        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            AddOther(writer, file, copy);
        writer.Finish(wasRunning: held is null);
        File.Move(partial, path, overwrite: false);
        return $"{path}: {jobs} jobs, {open} of them not ended, and {writer.Entries.Count - 1} other files, {Size(new FileInfo(path).Length)}, of a service that {(held is null ? "goes on" : "does not run")}";
    }

    private void AddOther(BackupWriter writer, string file, string copy)
    {
        var name = Path.GetRelativePath(data, file).Replace(Path.DirectorySeparatorChar, '/');
        // A backup that goes into the directory itself is no part of it, nor are those before it.
        if (name == Jobs || file == Path.GetFullPath(database) || !BackupNames.IsName(name) || Array.Exists(Passing, end => name.EndsWith(end, StringComparison.Ordinal)))
            return;
        try
        {
            if (!name.EndsWith(".db", StringComparison.Ordinal))
            {
                writer.Add(file, name);
                return;
            }
            File.Delete(copy);
            SqliteCopy.Take(file, copy);
            writer.Add(copy, name);
        }
        catch (FileNotFoundException)
        {
            // Rewritten aside, or forgotten, since it was listed.
        }
    }

    private static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} bytes",
        < 1024 * 1024 => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#} MiB"),
    };
}
