using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Proxies;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate;

/// <summary>Opens the file of a <see cref="Multiplexer"/>'s jobs, and what stands beside it: the record of what was sent of them.</summary>
internal static class MultiplexerFile
{
    /// <summary>The folder beside the file: <c>PATH.sends</c>.</summary>
    private const string Beside = ".sends";

    /// <summary>Opens it, and makes it where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How.</param>
    /// <param name="configuration">How is sent.</param>
    /// <param name="engineOptions">What sends, but for its records.</param>
    /// <param name="room">How much is at hand.</param>
    /// <param name="tell">Told of every event of a job; must not throw.</param>
    /// <exception cref="IOException">It cannot be used, or another process has it.</exception>
    public static MultiplexerJobsInFile Open(string path, MultiplexerOptions options, HeadgateConfiguration configuration, EngineOptions engineOptions, JobRoom room, Action<JobEvent, Job> tell)
    {
        path = Path.GetFullPath(path);
        JobFile? file = null;
        Engine? engine = null;
        try
        {
            file = options.OpenFile!(path, engineOptions.Time);
            // Without it a job could go over a limit that its last process had filled.
            var state = StateDirectory.Open(options.StatePath ?? Path.Combine(path + Beside, "state"));
            var ledgers = JobLedgers.Read(LedgersOf(path));
            engine = new Engine(configuration, engineOptions with { Journal = clock => new SendJournal(clock, state) { RemembersAll = true } });
            Record(engine, ledgers, () => SendingHeader.Of(configuration, [], options.KeysOf, pool => ProxyFile.Of(pool, engineOptions.Proxies), state, engine.Clock));
            return new MultiplexerJobsInFile(engine, file, ledgers, room, options, tell);
        }
        catch (Exception failure)
        {
            engine?.Dispose();
            file?.Release();
            if (failure is JobStoreException or UnauthorizedAccessException)
                throw new IOException(failure.Message, failure);
            throw;
        }
    }

    /// <summary>Where it stands what was sent of the jobs of a file.</summary>
    public static string LedgersOf(string path) => Path.Combine(path + Beside, "ledgers");

    private static void Record(Engine engine, JobLedgers ledgers, Func<LedgerHeader> header)
    {
        engine.Journal.WriteTo(ledgers.Begin(header(), engine.Clock.Provider));
        engine.Journal.NextLedger = after => ledgers.Begin(header(), engine.Clock.Provider, after);
        engine.SyncEachSecond(failure => engine.Notice(failure.Message));
    }
}
