using System.Globalization;
using Headgate.App.Runs;
using Headgate.Ledgers;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>The ledgers of a service: a new one for each start, and when one is full. Those of earlier starts say what was sent and has no result.</summary>
internal sealed class ServiceLedgers
{
    /// <summary>Kept for whoever wants to verify them, even if nothing in them is open any more.</summary>
    private const int LeastKept = 3;

    private readonly string _directory;
    private readonly List<(string Path, SentLines Sent)> _earlier;

    private ServiceLedgers(string directory, List<(string, SentLines)> earlier) => (_directory, _earlier) = (directory, earlier);

    /// <summary>Reads the ledgers of earlier starts.</summary>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    public static ServiceLedgers Read(string directory)
    {
        Directory.CreateDirectory(directory);
        return new ServiceLedgers(directory, [.. Directory.EnumerateFiles(directory, "*.ledger").Order(StringComparer.Ordinal).Select(path => (path, SentLines.Read(path, null)))]);
    }

    /// <summary>Whether an earlier process may have sent a job that has no result.</summary>
    public bool MayHaveArrived(StoredJob job)
    {
        foreach (var (_, sent) in _earlier)
            if (sent.MayHaveArrived(job.Id, job.Request))
                return true;
        return false;
    }

    /// <summary>Begins a ledger.</summary>
    /// <exception cref="LedgerException">It cannot be made.</exception>
    public LedgerWriter Begin(LedgerHeader header, TimeProvider time, long after = 0) =>
        LedgerWriter.Create(Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd'T'HHmmss.fff'Z'}-{Environment.ProcessId}.ledger")), header, time, after);

    /// <summary>Deletes those of which every job has ended: they say nothing that is not known.</summary>
    /// <returns>How many are left.</returns>
    public async Task<int> ForgetEndedAsync(IJobStore store)
    {
        for (var at = _earlier.Count - LeastKept - 1; at >= 0; at--)
        {
            var (path, sent) = _earlier[at];
            var isOpen = false;
            foreach (var ids in sent.Ids.Chunk(JobSearch.LargestPage))
                if (isOpen = (await store.FindAsync(ids)).Any(job => job is { End: null }))
                    break;
            if (isOpen)
                continue;
            File.Delete(path);
            _earlier.RemoveAt(at);
        }
        return _earlier.Count;
    }
}
