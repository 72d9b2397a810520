using Headgate.App.CommandLine;
using Headgate.Backends.Sqlite;
using Headgate.Configuration;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>The store and the queue of the service, opened where its configuration has them. Thread-safe.</summary>
internal sealed class JobPlaces : IDisposable
{
    /// <summary>The directory, among the data, of what was sent.</summary>
    public const string Ledgers = "ledgers";

    private readonly List<SqliteDatabase> _databases = [];
    private readonly SqliteForeignSends? _foreign;

    private JobPlaces(JobsConfiguration jobs, string data, TimeProvider time)
    {
        var memory = new MemoryJobs(time, jobs.Retention.Bytes ?? long.MaxValue);
        var (store, queue) = (PathOf(jobs.Store, data), PathOf(jobs.Queue, data));
        var kept = store is null ? null : Open(store, Path.Combine(data, Ledgers));
        Store = kept is null ? memory : new SqliteJobStore(kept);
        Queue = queue is null ? memory : new SqliteJobQueue(queue == store ? kept! : Open(queue), time);
        Settings = kept is null ? new MemorySettings() : new SqliteSettings(kept);
        Where = store ?? "memory";
        _foreign = kept is null ? null : new SqliteForeignSends(kept);
    }

    public IJobStore Store { get; }

    public IJobQueue Queue { get; }

    /// <summary>What was set while the service runs, beside the store.</summary>
    public ISettingStore Settings { get; }

    /// <summary>Where the jobs are, for people.</summary>
    public string Where { get; }

    /// <summary>Whether a job comes from a backup, and may have been sent by the service that was backed up.</summary>
    public bool MayHaveBeenSentElsewhere(string id) => _foreign?.Has(id) ?? false;

    /// <summary>Opens them.</summary>
    /// <param name="jobs">Where they are.</param>
    /// <param name="data">The directory of the service.</param>
    /// <param name="time">Says when a job is due.</param>
    /// <exception cref="CommandException">A database cannot be used.</exception>
    public static JobPlaces Open(JobsConfiguration jobs, string data, TimeProvider time) => new(jobs, data, time);

    public void Dispose() => _databases.ForEach(database => database.Dispose());

    private static string? PathOf(JobPlace place, string data) => place.Kind == JobPlaceKind.Memory ? null : place.Path ?? Path.Combine(data, "headgate.db");

    /// <param name="path">The file.</param>
    /// <param name="ledgers">What was sent of the jobs in it; null if it can be made anew from elsewhere.</param>
    private SqliteDatabase Open(string path, string? ledgers = null)
    {
        try
        {
            if (ledgers is not null)
                LostDatabase.Refuse(path, ledgers);
            _databases.Add(SqliteDatabase.Open(path));
            return _databases[^1];
        }
        catch (JobStoreException wrong)
        {
            Dispose();
            throw new CommandException(ExitCode.Unreachable, wrong.Message);
        }
    }
}
