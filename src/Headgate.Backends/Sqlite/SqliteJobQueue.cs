using Headgate.Queues;

namespace Headgate.Backends.Sqlite;

/// <summary>
/// The queue of jobs in a database file. One process has the file, so leases are known to that process alone and end with it: after a death
/// every job is there again. Thread-safe.
/// </summary>
internal sealed class SqliteJobQueue : IJobQueue
{
    private readonly SqliteDatabase _database;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _lanes = [];

    /// <summary>Leases that hold, by their places.</summary>
    private readonly Dictionary<long, Row> _leased = [];

    /// <summary>Rows that are not to be leased: they are, or are about to be deleted.</summary>
    private readonly HashSet<long> _taken = [];
    private long _lastRow;
    private long _lastPlace;

    /// <param name="database">Not owned: a store may be in it as well.</param>
    /// <param name="time">Says when a job is due.</param>
    /// <exception cref="JobStoreException">The queue cannot be read.</exception>
    public SqliteJobQueue(SqliteDatabase database, TimeProvider time)
    {
        (_database, _time) = (database, time);
        _lastRow = database.Read(statements => statements.Scalar("SELECT MAX(place) FROM queue") as long? ?? 0);
        foreach (var (name, id) in database.Read(ReadLanes))
            _lanes.Add(name, id);
    }

    public async Task EnqueueAsync(IReadOnlyList<QueuedJob> jobs)
    {
        var lanes = await _database.Writer.WriteAsync(statements =>
        {
            var lanes = new Dictionary<string, long>();
            foreach (var job in jobs)
            {
                if (!lanes.TryGetValue(job.Lane, out var lane))
                    lanes.Add(job.Lane, lane = NumberOf(statements, job.Lane));
                statements.Execute("INSERT OR IGNORE INTO queue (lane, due, place, job) VALUES ($1, $2, $3, $4)", lane, job.Due.UtcTicks, ++_lastRow, job.Id);
            }
            return lanes;
        }, isSynced: false).ConfigureAwait(false);
        // Only now is it certain that they are there.
        lock (_lock)
            foreach (var (name, lane) in lanes)
                _lanes.TryAdd(name, lane);
    }

    public Task<LeasedJobs> LeaseAsync(string lane, int most)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(lane, out var id))
                return Task.FromResult(new LeasedJobs([], null));
            var now = _time.GetUtcNow().UtcTicks;
            var (rows, next) = _database.Read(statements => ReadDue(statements, id, now, most));
            var leases = new List<JobLease>(rows.Count);
            foreach (var (job, row) in rows)
            {
                _taken.Add(row.Place);
                _leased.Add(++_lastPlace, row);
                leases.Add(new JobLease(job, lane, _lastPlace));
            }
            return Task.FromResult(new LeasedJobs(leases, next));
        }
    }

    public async Task<int> SettleAsync(IReadOnlyList<JobLease> leases, bool isDone)
    {
        var rows = new List<(long Place, Row Row)>(leases.Count);
        lock (_lock)
            foreach (var lease in leases)
                if (_leased.Remove(lease.Place, out var row))
                    rows.Add((lease.Place, row));
        try
        {
            if (isDone && rows.Count > 0)
                await _database.Writer.WriteAsync(statements =>
                {
                    foreach (var (_, row) in rows)
                        statements.Execute("DELETE FROM queue WHERE lane = $1 AND due = $2 AND place = $3", row.Lane, row.Due, row.Place);
                    return true;
                }, isSynced: false).ConfigureAwait(false);
        }
        catch
        {
            lock (_lock)
                foreach (var (place, row) in rows)
                    _leased.Add(place, row);
            throw;
        }
        lock (_lock)
            foreach (var (_, row) in rows)
                _taken.Remove(row.Place);
        return rows.Count;
    }

    public Task<IReadOnlyList<LaneCount>> CountAsync() => Task.FromResult<IReadOnlyList<LaneCount>>(_database.Read(statements =>
    {
        var counts = new List<LaneCount>();
        using var rows = statements.Query("SELECT lanes.name, COUNT(*) FROM queue JOIN lanes ON lanes.id = queue.lane GROUP BY queue.lane");
        while (rows.Read())
            counts.Add(new LaneCount(rows.GetString(0), rows.GetInt64(1)));
        return counts;
    }));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private (List<(string Job, Row Row)> Rows, DateTimeOffset? Next) ReadDue(Statements statements, long lane, long now, int most)
    {
        var found = new List<(string, Row)>();
        using (var rows = statements.Query("SELECT due, place, job FROM queue WHERE lane = $1 AND due <= $2 ORDER BY due, place", lane, now))
            while (found.Count < most && rows.Read())
                if (!_taken.Contains(rows.GetInt64(1)))
                    found.Add((rows.GetString(2), new Row(lane, rows.GetInt64(0), rows.GetInt64(1))));
        var next = found.Count < most ? statements.Scalar("SELECT MIN(due) FROM queue WHERE lane = $1 AND due > $2", lane, now) as long? : null;
        return (found, next is { } due ? new DateTimeOffset(due, TimeSpan.Zero) : null);
    }

    /// <summary>The number of a lane, which may be new.</summary>
    private long NumberOf(Statements statements, string lane)
    {
        lock (_lock)
            if (_lanes.TryGetValue(lane, out var known))
                return known;
        statements.Execute("INSERT OR IGNORE INTO lanes (name) VALUES ($1)", lane);
        return (long)statements.Scalar("SELECT id FROM lanes WHERE name = $1", lane)!;
    }

    private static List<(string Name, long Id)> ReadLanes(Statements statements)
    {
        var lanes = new List<(string, long)>();
        using var rows = statements.Query("SELECT name, id FROM lanes");
        while (rows.Read())
            lanes.Add((rows.GetString(0), rows.GetInt64(1)));
        return lanes;
    }

    private readonly record struct Row(long Lane, long Due, long Place);
}
