using System.Runtime.InteropServices;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Runs;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>The service from its start to its end: directory, ledger, engine, jobs, and the port. One for each process.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="output">Told the addresses.</param>
/// <param name="talk">Told everything else.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceHost(ServeOptions options, TextWriter output, TextWriter talk, TimeProvider time)
{
    private static readonly JobRoom Room = new(MostWaiting: int.MaxValue, LookAhead: 256, MostBegun: 20_000);

    private readonly JobQueues _queues = new([.. options.Jobs.Queues]);

    /// <summary>Serves until it is told to stop; then what is in flight is finished, and all else is for the next start.</summary>
    /// <exception cref="CommandException">The address is in use, or the directory is.</exception>
    public async Task<ExitCode> RunAsync(CancellationToken stop)
    {
        var data = Path.GetFullPath(options.Serve.Data);
        using var access = Access.Open(options.Serve.Access, data, time, Say);
        var listen = await ListenAddresses.OfAsync(options.Serve.Listen);
        foreach (var url in listen)
            ListenGuard.Check($"listen {url}", url.IsLoopback, access, options.AllowsAnyone, data);
        var state = options.KeepsNothing ? null : StateDirectory.Open(Path.Combine(data, "state"));
        using var live = new LiveConfiguration(options.Engine, new OperatorFile(options.KeepsNothing ? null : data), time, Say);
        using var places = JobPlaces.Open(options.Jobs, data, time);
        var ledgers = options.KeepsNothing ? null : ServiceLedgers.Read(Path.Combine(data, "ledgers"));
        var clock = new Clock(time);
        var header = RunHeader.Of(live.Settings, [], state, clock);
        var counts = (JobCounts?)null;
        var events = new JobEventLog(time);
        var callbacks = new Callbacks(new CallbackSecrets(Path.Combine(data, CallbackSecrets.FileName)), time);
        using var engine = new Engine(live.Settings.Configuration, new EngineOptions
        {
            Time = time,
            Concurrency = live.Settings.Configuration.Concurrency,
            Patience = TimeSpan.FromMinutes(15),
            Journal = theirs => new SendJournal(theirs, state) { RemembersAll = true },
            Keys = api => live.Settings.KeysOf(api),
            Notice = Say,
            Decompression = System.Net.DecompressionMethods.All,
            GuardsAddresses = !options.AllowsPrivate,
            AllowsAddresses = options.Serve.AllowAddresses,
            Ended = attempt => counts?.CountEnded(attempt),
        });
        engine.Journal.WriteTo(ledgers?.Begin(header, time));
        if (ledgers is not null)
            engine.Journal.NextLedger = after => ledgers.Begin(RunHeader.Of(live.Settings, [], state, clock, header.Timing), time, after);
        engine.SyncEachSecond(failure => Say(failure.Message));
        await using var jobs = new DurableJobs(engine, places.Store, places.Queue, new DurableJobsOptions
        {
            Room = Room,
            MayHaveArrived = job => ledgers?.MayHaveArrived(job) ?? false,
            Tell = events.Tell,
            QueueOf = QueueOf,
            Follow = callbacks.Follow,
            SignerOf = callbacks.SignerOf,
        });
        counts = jobs.Counts;
        live.Follow(engine);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            live.Reload();
        });
        var open = await jobs.StartAsync();
        if (ledgers is not null)
            await ledgers.ForgetEndedAsync(places.Store);
        await ServeAsync(new ServiceState(engine, jobs, time, options.MostOpen, open)
        {
            Live = live,
            Events = events,
            Queues = _queues,
            Settings = places.Settings,
            Access = access,
            Audit = new AuditLog(Path.Combine(data, AuditLog.FileName), time, Say),
            Tokens = new TokenStore(data, time),
        }, listen, places.Where, stop);
        return ExitCode.Ok;
    }

    private string? QueueOf(Jobs.JobRequest request, string api)
    {
        if (request.Callback is not null && options.KeepsNothing)
            throw new HeadgateException(FailureClass.Invalid, "callback: they are signed with a secret in --data, and with --queue memory: nothing is kept there");
        return request.Queue == Callbacks.QueueName
            ? throw new HeadgateException(FailureClass.Invalid, $"queue \"{Callbacks.QueueName}\" is for the service's own calls")
            : _queues.Of(request, api);
    }

    private async Task ServeAsync(ServiceState state, IReadOnlyList<ListenUrl> listen, string where, CancellationToken stop)
    {
        var drain = options.Jobs.Drain;
        await QueuePages.RestoreAsync(state);
        using var schedules = new JobSchedules(state.Settings, state.Jobs, time, Say);
        await schedules.StartAsync();
        await using var site = await ServiceSite.StartAsync(options, state, schedules, listen, Say);
        await using var forgetting = time.CreateTimer(_ => _ = ForgetAsync(state.Jobs), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        foreach (var url in site.Urls)
            await output.WriteLineAsync(url);
        await output.FlushAsync(CancellationToken.None);
        Say(options.KeepsNothing ? "jobs are kept in memory: they end with this process" : $"jobs are kept in {where}{(state.OpenAtStart > 0 ? $"; {state.OpenAtStart} that have not ended go on" : "")}");
        await Task.Delay(Timeout.InfiniteTimeSpan, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Say($"stopping: what is in flight has {drain.TotalSeconds:0} s to end, all else goes on at the next start");
        await Task.WhenAll(state.DrainAsync(drain), state.Jobs.StopAsync(drain));
        state.Engine.Journal.Sync();
    }

    private async Task ForgetAsync(DurableJobs jobs)
    {
        try
        {
            if (options.Jobs.Retention.Age is { } age)
                await jobs.ForgetAsync(time.GetUtcNow() - age);
        }
        catch (JobStoreException failure)
        {
            Say($"old jobs are not forgotten: {failure.Message}");
        }
    }

    private void Say(string text) => talk.WriteLine($"headgate: {text}");
}
