using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>Jobs in a database file. Thread-safe.</summary>
/// <param name="database">Not owned: a queue may be in it as well.</param>
internal sealed class SqliteJobStore(SqliteDatabase database) : IJobStore
{
    private const string Columns = "SELECT seq, id, created, status, ended, request, record FROM jobs";

    // Whoever wrote the file was told which bodies may be read.
    private readonly JobRequestReader _reader = new(_ => null);

    public Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<StoredJob> jobs)
    {
        // What takes longest is done by whoever asks, not by the one thread that writes.
        var requests = jobs.Select(job => JobRequestWriter.ToBytes(job.Request)).ToList();
        return database.Writer.WriteAsync<IReadOnlyList<bool>>(statements =>
        {
            var isNew = new bool[jobs.Count];
            for (var index = 0; index < isNew.Length; index++)
                isNew[index] = statements.Execute("INSERT OR IGNORE INTO jobs (id, created, request, tenant) VALUES ($1, $2, $3, $4)", jobs[index].Id, jobs[index].CreatedAt.UtcTicks, requests[index], jobs[index].Request.Tenant) > 0;
            return isNew;
        }, isSynced: true);
    }

    public Task<bool> EndAsync(JobEnd end) => database.Writer.WriteAsync(
        statements => statements.Execute("UPDATE jobs SET status = $2, ended = $3, record = $4 WHERE id = $1 AND status IS NULL", end.Id, (int)end.Status, end.At.UtcTicks, end.Record.ToArray()) > 0,
        isSynced: false);

    public Task<IReadOnlyList<StoredJob?>> FindAsync(IReadOnlyList<string> ids) => Task.FromResult<IReadOnlyList<StoredJob?>>(database.Read(statements =>
    {
        var jobs = new List<StoredJob?>(ids.Count);
        foreach (var id in ids)
        {
            using var row = statements.Query($"{Columns} WHERE id = $1", id);
            jobs.Add(row.Read() ? Read(row) : null);
        }
        return jobs;
    }));

    public Task<JobPage> SearchAsync(JobSearch search) => Task.FromResult(database.Read(statements =>
    {
        var jobs = new List<StoredJob>();
        long last = 0;
        using var rows = statements.Query($"{Columns} WHERE {Which(search)}seq > $1 ORDER BY seq LIMIT $2", search.After ?? 0, search.Limit + 1, (int?)search.Status, search.Tenant);
        while (rows.Read())
        {
            if (jobs.Count == search.Limit)
                return new JobPage(jobs, last);
            jobs.Add(Read(rows));
            last = rows.GetInt64(0);
        }
        return new JobPage(jobs, null);
    }));

    public Task<int> ForgetAsync(DateTimeOffset endedBefore, int most) => database.Writer.WriteAsync(
        statements => statements.Execute("DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE status IS NOT NULL AND ended < $1 LIMIT $2)", endedBefore.UtcTicks, most),
        isSynced: false);

    public Task<long> CountOpenAsync() => Task.FromResult(database.Read(statements => (long)statements.Scalar("SELECT COUNT(*) FROM jobs WHERE status IS NULL")!));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>One of a few texts.</summary>
    private static string Which(JobSearch search) => search switch
    {
        { HasEnded: false } => "status IS NULL AND ",
        { Status: not null } => "status = $3 AND ",
        { HasEnded: true } => "status IS NOT NULL AND ",
        _ => "",
    } + (search.Tenant is null ? "" : "tenant = $4 AND ");

    private StoredJob Read(SqliteDataReader row)
    {
        var id = row.GetString(1);
        var request = _reader.Read(row.GetFieldValue<byte[]>(5), out var fault) ?? throw new JobStoreException($"job {id}: its request cannot be read: {fault!.Message}");
        return new StoredJob(id, request, new DateTimeOffset(row.GetInt64(2), TimeSpan.Zero))
        {
            End = row.IsDBNull(3) ? null : new JobEnd(id, (JobStatus)row.GetInt32(3), new DateTimeOffset(row.GetInt64(4), TimeSpan.Zero), row.GetFieldValue<byte[]>(6)),
        };
    }
}
