using System.Globalization;
using Headgate.Ledgers;

namespace Headgate.Queues;

/// <summary>The ledgers of durable jobs: a new one for each start, and when one is full. Those of earlier starts say what was sent and has no result.</summary>
internal sealed class JobLedgers
{
    /// <summary>Kept for whoever wants to verify them, even if nothing in them is open any more.</summary>
    private const int LeastKept = 3;

    private readonly string _directory;

    /// <summary>Never changed, but replaced: jobs are asked for while some are forgotten.</summary>
    private volatile (string Path, LedgerSends Sent)[] _earlier;

    private JobLedgers(string directory, (string, LedgerSends)[] earlier) => (_directory, _earlier) = (directory, earlier);

    /// <summary>Reads the ledgers of earlier starts.</summary>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    public static JobLedgers Read(string directory)
    {
        StateDirectory.Make(directory);
        // In the order of their time.
        var clock = new LatestClock();
        return new JobLedgers(directory, [.. Directory.EnumerateFiles(directory, "*.ledger").Order(StringComparer.Ordinal).Select(path => (path, LedgerSends.Read(path, clock: clock)))]);
    }

    /// <summary>Whether an earlier process may have sent a job that has no result. One of its id that ended and was forgotten before it was accepted is another.</summary>
    public bool MayHaveArrived(StoredJob job)
    {
        foreach (var (_, sent) in _earlier)
            if (sent.MayHaveArrived(job.Id, 0, job.Request.IsRepeatable, job.CreatedAt))
                return true;
        return false;
    }

    /// <summary>Begins a ledger.</summary>
    /// <exception cref="LedgerException">It cannot be made.</exception>
    public LedgerWriter Begin(LedgerHeader header, TimeProvider time, long after = 0)
    {
        var name = Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd'T'HHmmss.fff'Z'}-{Environment.ProcessId}"));
        var path = $"{name}.ledger";
        // One process may begin several in a moment.
        for (var number = 2; File.Exists(path); number++)
            path = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}.ledger");
        return LedgerWriter.Create(path, header, time, after);
    }

    /// <summary>Deletes those of which every job has ended: they say nothing that is not known.</summary>
    /// <returns>How many are left.</returns>
    public async Task<int> ForgetEndedAsync(IJobStore store)
    {
        var left = _earlier.ToList();
        for (var at = left.Count - LeastKept - 1; at >= 0; at--)
        {
            var (path, sent) = left[at];
            var isOpen = false;
            foreach (var ids in sent.Ids.Chunk(JobSearch.LargestPage))
                if (isOpen = (await store.FindAsync(ids).ConfigureAwait(false)).Any(job => job is { End: null }))
                    break;
            if (isOpen)
                continue;
            File.Delete(path);
            left.RemoveAt(at);
            _earlier = [.. left];
        }
        return left.Count;
    }
}
