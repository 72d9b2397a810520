using Headgate.Queues;

namespace Headgate.Backends.Sqlite;

/// <summary>A database of jobs that was here and is gone. To begin anew in its place would lose its jobs without a word.</summary>
internal static class LostDatabase
{
    /// <summary>Refuses one that is missing or empty although something beside it tells of its jobs.</summary>
    /// <remarks>
    /// A first start that was killed leaves an empty file at most, and that is filled by the next: a log of the database comes after its first page, and
    /// a ledger only after the whole of it.
    /// </remarks>
    /// <param name="path">The file, which nobody has opened yet.</param>
    /// <param name="ledgers">The directory of what was sent of its jobs.</param>
    /// <exception cref="JobStoreException">It is gone: the message says what to do.</exception>
    public static void Refuse(string path, string ledgers)
    {
        if (HasBytes(OwnFile.Meant(path)))
            return;
        var log = $"{OwnFile.Meant(path)}-wal";
        if (HasBytes(log))
            throw new JobStoreException($"{path}: is missing or empty, but {log} belongs to it, with jobs in it; nothing was changed. Put a backup in its place; to begin anew without those jobs, move that file away{(HasLedger(ledgers) ? $", and {ledgers}" : "")}");
        if (HasLedger(ledgers))
            throw new JobStoreException($"{path}: is missing or empty, but {ledgers} tells of jobs that were in it; nothing was changed. Put a backup in its place; to begin anew without those jobs, move {ledgers} away");
    }

    private static bool HasBytes(string path) => new FileInfo(path) is { Exists: true, Length: > 0 };

    private static bool HasLedger(string ledgers) => Directory.Exists(ledgers) && Directory.EnumerateFiles(ledgers, "*.ledger").Any();
}
