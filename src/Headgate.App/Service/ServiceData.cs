using Headgate.App.Backups;
using Headgate.App.CommandLine;
using Headgate.App.Recording;
using Headgate.App.Security;
using Headgate.Backends.Sqlite;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>All that outlives the service: its jobs, the record of sends, and what is remembered of limits. Opened once, by one process.</summary>
internal sealed class ServiceData : IDisposable
{
    private readonly RestoredFrom? _restored;
    private readonly TimeProvider _time;
    private readonly bool _isForPower;
    private SqliteDatabase? _calls;

    private ServiceData(ServeOptions options, string directory, TimeProvider time)
    {
        (Directory, _time, _isForPower) = (directory, time, options.Jobs.Durable == Durability.Power);
        if (!options.KeepsNothing)
            DataDirectory.Make(directory);
        State = options.KeepsNothing ? null : StateDirectory.Open(Path.Combine(directory, "state"));
        Places = JobPlaces.Open(options.Jobs, directory, time);
        Ledgers = options.KeepsNothing ? null : JobLedgers.Read(Path.Combine(directory, JobPlaces.Ledgers));
        _restored = options.KeepsNothing ? null : RestoredFrom.Find(directory);
    }

    public string Directory { get; }

    /// <summary>What is remembered of limits; null where nothing is kept.</summary>
    public StateDirectory? State { get; }

    /// <summary>The jobs.</summary>
    public JobPlaces Places { get; }

    /// <summary>The record of sends; null where nothing is kept.</summary>
    public JobLedgers? Ledgers { get; }

    /// <summary>Opens it, and makes it where there is none.</summary>
    /// <param name="options">What is kept.</param>
    /// <param name="directory">Where.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandException">Another process has it, or it is damaged.</exception>
    public static ServiceData Open(ServeOptions options, string directory, TimeProvider time) => new(options, directory, time);

    /// <summary>What writes down the sends of an engine.</summary>
    public SendJournal JournalOf(Clock clock) =>
        new(clock, State, earlier: _restored is null ? null : (_, straggle) => _restored.PastOf(clock, MachineBoot.Id(), straggle)) { RemembersAll = true, BeforeSends = _isForPower ? new IntentSync() : null };

    /// <summary>Whether an earlier process may have sent a job that has no end.</summary>
    public bool MayHaveArrived(StoredJob job) => (Ledgers?.MayHaveArrived(job) ?? false) || Places.MayHaveBeenSentElsewhere(job.Id);

    /// <summary>Begins the record of what an engine sends.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="header">The head of each file of it.</param>
    /// <exception cref="LedgerException">It cannot be made.</exception>
    public void Record(Engine engine, Func<LedgerHeader> header)
    {
        engine.Journal.WriteTo(Ledgers?.Begin(header(), _time));
        if (Ledgers is { } ledgers)
            engine.Journal.NextLedger = after => ledgers.Begin(header(), _time, after);
    }

    /// <summary>What records calls that pass through, in a file of its own; null where none are recorded, or nothing is kept.</summary>
    /// <param name="requests">Which.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Told what a user should know.</param>
    /// <exception cref="CommandException">The file cannot be used.</exception>
    public CallRecorder? Record(RecordingConfiguration requests, TimeProvider time, Action<string> say)
    {
        if (requests.Record == Recorded.None || State is null)
            return null;
        try
        {
            var path = Path.Combine(Directory, "calls.db");
            // Bodies of others may be in it, and one from before may be for everybody.
            OwnFile.Prepare(OwnFile.Meant(path), say);
            _calls = SqliteDatabase.Open(path, SqliteSchema.Calls);
        }
        catch (Exception wrong) when (wrong is JobStoreException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Unreachable, wrong.Message);
        }
        return new CallRecorder(new SqliteCalls(_calls), requests.Record, (int)requests.Bodies, time, say);
    }

    /// <summary>What keeps answers behind the memory of the cache; null for nothing.</summary>
    /// <param name="limit">The size of its file; 0 for none, and what is there goes: nobody would notice what changes meanwhile.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Told what a user should know: it never stops the service.</param>
    public SqliteCache? KeepAnswers(long limit, TimeProvider time, Action<string> say)
    {
        var path = Path.Combine(Directory, BackupNames.Answers);
        if (limit == 0 && State is not null)
            DatabaseFiles.Delete(path);
        return limit == 0 || State is null ? null : SqliteCache.Open(path, limit, time, say);
    }

    public void Dispose()
    {
        _calls?.Dispose();
        Places.Dispose();
    }
}
