using Headgate.App.CommandLine;
using Headgate.Backends.Sqlite;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Backups;

/// <summary>Makes the directory of a service from a backup. What is there already stays as it is.</summary>
/// <param name="data">The directory, which must be empty, or not there.</param>
/// <param name="time">The clock.</param>
internal sealed class Restore(string data, TimeProvider time)
{
    private const string Unpacking = ".restoring";

    /// <summary>Restores.</summary>
    /// <param name="path">The backup.</param>
    /// <param name="stoppedAt">The service that was backed up sent nothing after that; null if it may send until now.</param>
    /// <returns>What was restored, for people.</returns>
    /// <exception cref="CommandException">It is no backup that is whole, the directory is not empty, or the disk fails.</exception>
    public IReadOnlyList<string> Run(string path, DateTimeOffset? stoppedAt)
    {
        if (!File.Exists(path))
            throw new CommandException(ExitCode.Input, $"{path}: is not there");
        if (Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any(entry => Path.GetFileName(entry) != "lost+found"))
            throw new CommandException(ExitCode.Configuration, $"{data}: is not empty, and nothing is overwritten; give another directory with --data DIR, or move away what is there");
        var (isNew, aside) = (!Directory.Exists(data), Path.Combine(data, Unpacking));
        try
        {
            Directory.CreateDirectory(aside);
            var lines = Run(path, aside, stoppedAt);
            // The jobs last: a directory without them is not taken for a whole one.
            foreach (var entry in Directory.EnumerateFileSystemEntries(aside).OrderBy(entry => Path.GetFileName(entry) == Backup.Jobs))
                Directory.Move(entry, Path.Combine(data, Path.GetFileName(entry)));
            return lines;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"nothing was restored: {failure.Message}");
        }
        catch (JobStoreException failure)
        {
            throw new CommandException(ExitCode.Input, $"{path}: nothing was restored: {failure.Message}");
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            if (isNew && Directory.Exists(data) && !Directory.EnumerateFileSystemEntries(data).Any())
                Directory.Delete(data);
        }
    }

    private List<string> Run(string path, string aside, DateTimeOffset? stoppedAt)
    {
        var manifest = BackupReader.Unpack(path, aside);
        var database = Path.Combine(aside, Backup.Jobs);
        if (!File.Exists(database))
            throw new CommandException(ExitCode.Input, $"{path}: has no jobs in it: this is no backup of a service");
        var (jobs, open) = SqliteCopy.Check(database);
        var lines = new List<string> { $"{data}: {jobs} jobs, {open} of them not ended, as of {manifest.TakenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" };
        if (!manifest.WasRunning)
            return lines;
        if (stoppedAt < manifest.TakenAt)
            throw new CommandException(ExitCode.Usage, $"--stopped-at: the service ran when it was backed up, at {manifest.TakenAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}; it cannot have stopped before");
        var until = stoppedAt ?? time.GetUtcNow();
        var mayHaveBeenSent = SqliteForeignSends.Mark(database, until);
        var now = RestartClock.Read(new Clock(time), MachineBoot.Id());
        new RestoredFrom
        {
            TakenAt = manifest.TakenAt,
            UntilUs = (until - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
            Boot = now.Boot,
            WallUs = now.WallUs,
            MonoUs = now.NowNs / Clock.Microsecond,
        }.Write(aside);
        lines.Add($"the service went on after that: {mayHaveBeenSent} jobs may have been sent, and every limit counts as full at {until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        lines.Add("see to it that the service that was backed up never runs again");
        return lines;
    }
}
