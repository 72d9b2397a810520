using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>Jobs in a database file. Thread-safe.</summary>
/// <param name="database">Not owned: a queue may be in it as well.</param>
internal sealed class SqliteJobStore(SqliteDatabase database) : IJobStore
{
    private const string Columns = "SELECT seq, id, created, request, api, queue, batch, expires, replaces, replaced, status, ended, class, record FROM jobs";

    /// <summary>No more is freed at once: whoever writes waits meanwhile.</summary>
    private const long MostFreed = 32 << 20;

    // Whoever wrote the file was told which bodies may be read.
    private readonly JobRequestReader _reader = new(_ => null, mayCall: true);

    public Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<StoredJob> jobs)
    {
        // What takes longest is done by whoever asks, not by the one thread that writes.
        var requests = jobs.Select(job => JobRequestWriter.ToBytes(job.Request)).ToList();
        return database.Writer.WriteAsync<IReadOnlyList<bool>>(statements =>
        {
            var isNew = new bool[jobs.Count];
            for (var index = 0; index < isNew.Length; index++)
                isNew[index] = Add(statements, jobs[index], requests[index]);
            return isNew;
        }, isSynced: true);
    }

    public Task<bool> EndAsync(JobEnd end)
    {
        var then = end.Then is { } follows ? JobRequestWriter.ToBytes(follows.Request) : null;
        return database.Writer.WriteAsync(statements =>
        {
            var isFirst = statements.Execute(
                "UPDATE jobs SET status = $2, ended = $3, class = $4, record = $5, size = LENGTH(request) + LENGTH($5) WHERE id = $1 AND status IS NULL", end.Id, (int)end.Status, end.At.UtcTicks, (int)end.Class, end.Record.ToArray()) > 0;
            if (isFirst && then is not null)
                Add(statements, end.Then!, then);
            return isFirst;
        }, isSynced: false);
    }

    public Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids) => Task.FromResult<IReadOnlyList<StoredJob?>>(database.Read(statements =>
    {
        var jobs = new List<StoredJob?>(ids.Count);
        foreach (var id in ids)
        {
            using var row = statements.Query($"{Columns} WHERE id = $1", id);
            jobs.Add(row.Read() ? Read(row) : null);
        }
        return jobs;
    }, isMany: ids.Count > 1));

    public Task<IReadOnlyList<bool>> AreOpenAsync(IReadOnlyList<string> ids) => Task.FromResult<IReadOnlyList<bool>>(database.Read(
        statements => ids.Select(id => statements.Scalar("SELECT 1 FROM jobs WHERE id = $1 AND status IS NULL", id) is not null).ToList(), isMany: ids.Count > 1));

    public Task<JobPage> SearchAsync(JobSearch search) => Task.FromResult(database.Read(statements =>
    {
        var filter = new JobFilter(search);
        var jobs = new List<StoredJob>();
        long last = 0;
        var (from, order) = search.IsNewestFirst ? ($"seq < {filter.Add(search.After ?? long.MaxValue)}", "seq DESC") : ($"seq > {filter.Add(search.After ?? 0)}", "seq");
        using var rows = statements.Query($"{Columns} WHERE {from}{filter.Text} ORDER BY {order} LIMIT {filter.Add(search.Limit + 1)}", [.. filter.Values]);
        while (rows.Read())
        {
            if (jobs.Count == search.Limit)
                return new JobPage(jobs, last);
            jobs.Add(Read(rows));
            last = rows.GetInt64(0);
        }
        return new JobPage(jobs, null);
    }));

    public Task<JobTally> CountAsync(JobSearch search) => Task.FromResult(database.Read(statements =>
    {
        var filter = new JobFilter(search);
        var counts = new long[Enum.GetValues<JobStatus>().Length];
        long ok = 0;
        using var rows = statements.Query($"SELECT status, IFNULL(class = 0, 0), COUNT(*) FROM jobs WHERE 1{filter.Text} GROUP BY 1, 2", [.. filter.Values]);
        while (rows.Read())
        {
            var status = rows.IsDBNull(0) ? JobStatus.Pending : (JobStatus)rows.GetInt32(0);
            counts[(int)status] += rows.GetInt64(2);
            if (status == JobStatus.Completed && rows.GetInt32(1) == 1)
                ok += rows.GetInt64(2);
        }
        return new JobTally(
            counts[(int)JobStatus.Pending], ok, counts[(int)JobStatus.Completed], counts[(int)JobStatus.Failed], counts[(int)JobStatus.Timeout], counts[(int)JobStatus.Cancelled]);
    }));

    public Task<IReadOnlyList<StoredJob>> FindExpiringAsync(int skip, int most) => Task.FromResult<IReadOnlyList<StoredJob>>(database.Read(statements =>
    {
        var jobs = new List<StoredJob>();
        using var rows = statements.Query($"{Columns} WHERE status IS NULL AND expires IS NOT NULL ORDER BY expires, seq LIMIT $1 OFFSET $2", most, skip);
        while (rows.Read())
            jobs.Add(Read(rows));
        return jobs;
    }));

    public Task<int> DeleteAsync(IReadOnlyList<string> ids) => database.Writer.WriteAsync(statements =>
    {
        var deleted = 0;
        foreach (var id in ids)
            deleted += statements.Execute("DELETE FROM jobs WHERE id = $1 AND status IS NOT NULL", id);
        return deleted;
    }, isSynced: false);

    public async Task<int> ForgetAsync(DateTimeOffset endedBefore, long mostBytes, int most)
    {
        var surplus = database.Read(statements => SizeOfEnded(statements, mostBytes)) - mostBytes;
        return await database.Writer.WriteAsync(statements =>
        {
            var forgotten = Oldest(statements, endedBefore.UtcTicks, surplus, most);
            foreach (var place in forgotten)
                statements.Execute("DELETE FROM jobs WHERE seq = $1", place);
            return forgotten.Count;
        }, isSynced: false).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool Add(Statements statements, StoredJob job, byte[] request)
    {
        var isNew = statements.Execute(
            "INSERT OR IGNORE INTO jobs (id, created, request, api, queue, tenant, batch, expires, replaces) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            job.Id, job.CreatedAt.UtcTicks, request, job.Api, job.Queue, job.Request.Tenant, job.Batch, job.Expires?.UtcTicks, job.Replaces) > 0;
        if (!isNew || job.Replaces is null)
            return isNew;
        if (statements.Execute("UPDATE jobs SET replaced = $2 WHERE id = $1 AND status IS NOT NULL AND replaced IS NULL", job.Replaces, job.Id) > 0)
            return true;
        statements.Execute("DELETE FROM jobs WHERE id = $1", job.Id);
        return false;
    }

    /// <summary>How large those are that have ended; no less than they are where the whole file is smaller than they may be.</summary>
    private static long SizeOfEnded(Statements statements, long mostBytes)
    {
        var file = (long)statements.Scalar("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")!;
        return file <= mostBytes ? file : statements.Scalar("SELECT SUM(size) FROM jobs WHERE ended IS NOT NULL") as long? ?? 0;
    }

    /// <summary>The oldest that are to be forgotten: by their age, or until nothing is left of the surplus.</summary>
    private static List<long> Oldest(Statements statements, long endedBefore, long surplus, int most)
    {
        var places = new List<long>();
        var bytes = 0L;
        using var rows = statements.Query(
            "SELECT seq, ended, size FROM jobs WHERE ended IS NOT NULL AND (ended < $1 OR seq <> (SELECT seq FROM jobs WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT 1)) ORDER BY ended LIMIT $2", endedBefore, most);
        while (bytes < MostFreed && rows.Read() && (rows.GetInt64(1) < endedBefore || bytes < surplus))
        {
            places.Add(rows.GetInt64(0));
            bytes += rows.GetInt64(2);
        }
        return places;
    }

    private StoredJob Read(SqliteDataReader row)
    {
        var id = row.GetString(1);
        var request = _reader.Read(row.GetFieldValue<byte[]>(3), out var fault) ?? throw new JobStoreException($"job {id}: its request cannot be read: {fault!.Message}");
        return new StoredJob(id, request, At(row.GetInt64(2)))
        {
            Api = TextOf(row, 4),
            Queue = TextOf(row, 5),
            Batch = TextOf(row, 6),
            Expires = row.IsDBNull(7) ? null : At(row.GetInt64(7)),
            Replaces = TextOf(row, 8),
            ReplacedBy = TextOf(row, 9),
            End = row.IsDBNull(10) ? null : new JobEnd(id, (JobStatus)row.GetInt32(10), At(row.GetInt64(11)), row.GetFieldValue<byte[]>(13))
            {
                Class = row.IsDBNull(12) ? FailureClass.None : (FailureClass)row.GetInt32(12),
            },
        };
    }

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);

    private static string? TextOf(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
