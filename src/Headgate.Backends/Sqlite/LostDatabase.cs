using Headgate.Queues;

namespace Headgate.Backends.Sqlite;

/// <summary>A database of jobs that was here and is gone. To begin anew in its place would lose its jobs without a word.</summary>
internal static class LostDatabase
{
    /// <summary>As long as the first page, which is all there is of a new database until its log is first put into it.</summary>
    private const long FirstPage = 4096;

    /// <summary>Refuses one that is missing or empty, or has lost the log that all its content was in, although something beside it tells of its jobs.</summary>
    /// <remarks>
    /// A first start that was killed leaves an empty file at most, and that is filled by the next: a log of the database comes after its first page, and
    /// a ledger only after the whole of it.
    /// </remarks>
    /// <param name="path">The file, which nobody has opened yet.</param>
    /// <param name="ledgers">The directory of what was sent of its jobs.</param>
    /// <exception cref="JobStoreException">It is gone: the message says what to do.</exception>
    public static void Refuse(string path, string ledgers)
    {
        var (file, log) = (OwnFile.Meant(path), $"{OwnFile.Meant(path)}-wal");
        if (LengthOf(file) > FirstPage || (LengthOf(file) > 0 && LengthOf(log) > 0))
            return;
        if (LengthOf(log) > 0)
            throw new JobStoreException($"{path}: is missing or empty, but {log} belongs to it, with jobs in it; nothing was changed. Put a backup in its place; to begin anew without those jobs, move that file away{(HasLedger(ledgers) ? $", and {ledgers}" : "")}");
        if (HasLedger(ledgers))
            throw new JobStoreException($"{path}: is missing or empty{(LengthOf(file) > 0 ? $" but for its first page, since {log} is gone" : "")}, but {ledgers} tells of jobs that were in it; nothing was changed. Put a backup in its place; to begin anew without those jobs, move {ledgers} away");
    }

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static bool HasLedger(string ledgers) => Directory.Exists(ledgers) && Directory.EnumerateFiles(ledgers, "*.ledger").Any();
}
