using System.Globalization;
using Headgate.App.Service;
using Headgate.Backends.Sqlite;
using Headgate.Ledgers;
using Headgate.Queues;

namespace Headgate.App.Doctor;

/// <summary>Looks at the directory of a service and at its disk. Nothing in it is changed.</summary>
/// <param name="data">The directory.</param>
/// <param name="database">Where the jobs are; null if they are not kept.</param>
/// <param name="time">The clock.</param>
internal sealed class DataExamination(string data, string? database, TimeProvider time)
{
    private const long LeastFree = 1L << 30;

    /// <summary>ENOSPC.</summary>
    private const int NoRoom = 28;

    /// <summary>Whoever is answered 202 waits for the disk that long.</summary>
    private static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(50);

    public IEnumerable<Finding> Look()
    {
        if (database is null)
            return [Finding.Warn("data", "jobs are kept in memory, and end with the process", "keep them with --queue sqlite:")];
        // What is not there yet is made by the service: its parent says how that will go.
        var folder = data;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } above)
            folder = above;
        return [LookAtFolder(folder), .. Directory.Exists(data) ? [LookAtJobs(database)] : (Finding[])[], LookAtRoom(folder)];
    }

    private Finding LookAtFolder(string folder)
    {
        var probe = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        try
        {
            var begun = time.GetTimestamp();
            using (var file = new FileStream(probe, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose }))
            {
                file.Write(new byte[4096]);
                file.Flush(flushToDisk: true);
            }
            var took = time.GetElapsedTime(begun);
            var text = string.Create(CultureInfo.InvariantCulture, $"{data} can be written{(folder == data ? "" : " once it is made")}; the disk takes {took.TotalMilliseconds:0.0} ms for what must be safe");
            return took < SlowSync ? Finding.Ok("data", text) : Finding.Warn("data", text, "each submission waits for that: put --data on a faster disk, and submit many jobs with one call");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return Finding.Fail("data", $"{folder} cannot be written: {refused.Message}",
                refused.HResult == NoRoom ? "make room on that disk, or give another directory with --data DIR" : "give the directory to the user of the service (chown), or another one with --data DIR");
        }
    }

    private Finding LookAtJobs(string path)
    {
        try
        {
            LostDatabase.Refuse(path, Path.Combine(data, JobPlaces.Ledgers));
            if (!HasBytes(path))
                return Finding.Ok("jobs", $"{path} is not there yet, and will be made");
            using var held = LockedFile.TryLock($"{path}.lock", isShared: false);
            if (held is null)
                return Finding.Ok("jobs", $"{path} is in use by a service that runs");
            var (jobs, open) = SqliteCopy.Check(path);
            return Finding.Ok("jobs", $"{path} is whole: {jobs} jobs, {open} of them not ended");
        }
        catch (JobStoreException damaged)
        {
            return Finding.Fail("jobs", damaged.Message, HasBytes(path)
                ? $"move it away and restore a backup (headgate restore FILE), or save what can be read: sqlite3 {path} .recover"
                : "restore a backup into an empty directory (headgate restore FILE --data DIR)");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return Finding.Fail("jobs", $"{path} cannot be opened: {refused.Message}", "give it to the user of the service (chown)");
        }
    }

    private static bool HasBytes(string path) => new FileInfo(path) is { Exists: true, Length: > 0 };

    private static Finding LookAtRoom(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            var text = $"{drive.AvailableFreeSpace >> 20} MiB of {drive.TotalSize >> 20} MiB are free";
            return drive.AvailableFreeSpace == 0 ? Finding.Fail("disk", text, "make room: nothing is accepted until then, and nothing that was accepted is lost")
                : drive.AvailableFreeSpace < Math.Min(LeastFree, drive.TotalSize / 10) ? Finding.Warn("disk", text, "make room, or keep ended jobs for less long with --retention AGE")
                : Finding.Ok("disk", text);
        }
        catch (Exception unknown) when (unknown is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return Finding.Warn("disk", $"how much is free cannot be told: {unknown.Message}", "look at it with df");
        }
    }
}
