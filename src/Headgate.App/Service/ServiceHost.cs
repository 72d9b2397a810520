using System.Runtime.InteropServices;
using Headgate.App.Backups;
using Headgate.App.CommandLine;
using Headgate.App.Distribution;
using Headgate.App.Otlp;
using Headgate.App.Logging;
using Headgate.App.Metrics;
using Headgate.App.Proxy;
using Headgate.App.Operation;
using Headgate.App.Runs;
using Headgate.App.Security;
using Headgate.Caching;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Telemetry;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Service;

/// <summary>The service from its start to its end: directory, ledger, engine, jobs, and the port. One for each process.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="output">Told the addresses.</param>
/// <param name="talk">Where the log goes.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceHost(ServeOptions options, TextWriter output, TextWriter talk, TimeProvider time)
{
    /// <summary>So many jobs of each lane wait in the gate itself.</summary>
    private const int LookAhead = 256;

    private readonly JobQueues _queues = new([.. options.Jobs.Queues]);

    /// <summary>Serves until it is told to stop; then what is in flight is finished, and all else is for the next start.</summary>
    /// <exception cref="CommandException">The address is in use, or the directory is.</exception>
    public async Task<ExitCode> RunAsync(CancellationToken stop)
    {
        using var loggers = ServiceLog.Begin(options.Engine.Configuration.Log, talk, Terminal.OfProcess().IsTerminal, time);
        using var export = OtlpExport.Begin(options.Engine, loggers.CreateLogger(ServiceMessages.Category), time);
        await RunAsync(loggers, stop);
        return ExitCode.Ok;
    }

    private async Task RunAsync(ILoggerFactory loggers, CancellationToken stop)
    {
        var log = loggers.CreateLogger(Instruments.Name);
        var path = Path.GetFullPath(options.Serve.Data);
        using var access = Access.Open(options.Serve.Access, path, time, log.Noticed);
        var listen = await ListenAtAsync(options.Serve.Listen, $"{options.ListenOrigin}listen", "send anything", access, path);
        var proxies = await ListenAtAsync(options.Serve.ProxyListen, "proxy-listen", "send anything", access, path);
        var figures = await ListenAtAsync(options.Serve.MetricsListen, "metrics-listen", "read its figures", access, path);
        ListenAddresses.RefuseSame(("listen", listen), ("proxy-listen", proxies), ("metrics-listen", figures));
        using var data = ServiceData.Open(options, path, time);
        if (!options.KeepsNothing && DataDirectory.Fault(path) is { } fault)
            log.Noticed(fault);
        using var live = new LiveConfiguration(options.Engine, new OperatorFile(options.KeepsNothing ? null : path), time, log.Noticed);
        var (traffic, events) = (new Traffic(), new JobEventLog(time));
        DurableJobs? started = null;
        await using var archive = data.KeepAnswers(options.Serve.CacheDisk, time, log.Noticed);
        using var engine = EngineOf(live, data, archive, log, attempt =>
        {
            started?.Counts.CountEnded(attempt);
            traffic.Ended(attempt);
        });
        var observation = engine.Observe(loggers, null);
        var timing = RunHeader.Of(live.Settings, [], data.State, engine.Clock).Timing;
        data.Record(engine, () => RunHeader.Of(live.Settings, [], data.State, engine.Clock, timing));
        engine.SyncEachSecond(log.StateNotWritten);
        await using var jobs = started = JobsOf(engine, data, traffic, events);
        await using var distributor = new Distributor(options.Distributor, time);
        live.Follow(engine, access);
        foreach (var api in live.Settings.Configuration.Upstreams.Where(api => api.Keys is not null))
            ApiCache.TellIdle(engine, api, engine.KeysOf(api).Count);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            live.Reload();
        });
        var open = await jobs.StartAsync();
        foreach (var lane in jobs.LanesAtStart)
            traffic.Begin(lane);
        if (data.Ledgers is { } ledgers)
            await ledgers.ForgetEndedAsync(data.Places.Store);
        using var recorder = data.Record(options.Engine.Configuration.Log.Requests, time, log.Noticed);
        var serving = new ServiceState(engine, jobs, time, open)
        {
            Live = live,
            Events = events,
            Traffic = traffic,
            Distributor = distributor,
            KeepsNothing = options.KeepsNothing,
            Queues = _queues,
            Forecast = new JobForecast(engine, jobs, _queues),
            Settings = data.Places.Settings,
            Access = access,
            Audit = new AuditLog(Path.Combine(path, AuditLog.FileName), time, log.Noticed),
            Tokens = new TokenStore(path, time),
            Recorder = recorder,
        };
        using var metrics = new MetricsPage(serving, observation, data.Places.Queue, options.KeepsNothing ? null : path);
        await ServeAsync(serving, metrics, listen, proxies, data.Places.Where, loggers, stop);
    }

    private Task<IReadOnlyList<ListenUrl>> ListenAtAsync(ListenUrl? url, string origin, string danger, Access access, string data) =>
        ListenAtAsync(url is null ? [] : [url], origin, danger, access, data);

    private async Task<IReadOnlyList<ListenUrl>> ListenAtAsync(IReadOnlyList<ListenUrl> urls, string origin, string danger, Access access, string data)
    {
        var listen = await ListenAddresses.OfAsync(urls);
        foreach (var url in listen)
            ListenGuard.Check(origin, url, danger, access, options.AllowsAnyone, data);
        return listen;
    }

    private Engine EngineOf(LiveConfiguration live, ServiceData data, ICacheArchive? archive, ILogger log, Action<Attempt> ended) => new(live.Settings.Configuration, new EngineOptions
    {
        Time = time,
        Concurrency = live.Settings.Configuration.Concurrency,
        Patience = TimeSpan.FromMinutes(15),
        ForgetsIdle = TimeSpan.FromMinutes(10),
        MostUnknown = OpenFiles.MostUnknown,
        MostAtOnce = OpenFiles.MostAtOnce,
        Journal = data.JournalOf,
        Keys = api => live.Settings.KeysOf(api),
        Proxies = source => live.Settings.ProxiesIn(source),
        Notice = log.Noticed,
        Decompression = System.Net.DecompressionMethods.All,
        Cache = CacheConfiguration.Http,
        Archive = archive,
        GuardsAddresses = !options.AllowsPrivate,
        AllowsAddresses = options.Serve.AllowAddresses,
        Ended = ended,
    });

    private DurableJobs JobsOf(Engine engine, ServiceData data, Traffic traffic, JobEventLog events)
    {
        var callbacks = new Callbacks(new CallbackSecrets(Path.Combine(data.Directory, CallbackSecrets.FileName)), time, engine.Notice);
        return new DurableJobs(engine, data.Places.Store, data.Places.Queue, new DurableJobsOptions
        {
            Room = RoomOf(options.Jobs.Workers),
            // Asked once for each job that is taken from the queue.
            MayHaveArrived = job =>
            {
                traffic.Taken(job);
                return data.MayHaveArrived(job);
            },
            Tell = (what, job) =>
            {
                traffic.Tell(what, job);
                events.Tell(what, job);
            },
            QueueOf = QueueOf,
            Follow = callbacks.Follow,
            SignerOf = callbacks.SignerOf,
        });
    }

    private string? QueueOf(Jobs.JobRequest request, string api)
    {
        if (request.Callback is not null && options.KeepsNothing)
            throw new HeadgateException(FailureClass.Invalid, "callback: they are signed with a secret in --data, and with --queue memory: nothing is kept there");
        return request.Queue == Callbacks.QueueName
            ? throw new HeadgateException(FailureClass.Invalid, $"queue \"{Callbacks.QueueName}\" is for the service's own calls")
            : _queues.Of(request, api);
    }

    private async Task ServeAsync(ServiceState state, MetricsPage metrics, IReadOnlyList<ListenUrl> listen, IReadOnlyList<ListenUrl> proxies, string where, ILoggerFactory loggers, CancellationToken stop)
    {
        var (drain, log) = (options.Jobs.Drain, loggers.CreateLogger(ServiceMessages.Category));
        await QueuePages.RestoreAsync(state);
        using var schedules = new JobSchedules(state.Settings, state.Jobs, () => state.Pressure, time, log.Noticed);
        await schedules.StartAsync();
        await using var figures = options.Serve.MetricsListen is { } address ? await MetricsSite.StartAsync(address.EndPoint, metrics, loggers) : null;
        await using var site = await ServiceSite.StartAsync(options, state, schedules, listen, metrics, loggers);
        await using var proxy = proxies.Count == 0 ? null : await ProxySite.StartAsync(options.Serve, state, site.Entrance, site.Certificate, proxies, log);
        await using var forgetting = time.CreateTimer(_ => _ = ForgetAsync(state.Jobs, log), null, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        foreach (var url in site.Urls)
            await output.WriteLineAsync(url);
        foreach (var url in proxy?.Urls ?? [])
            await output.WriteLineAsync($"proxy {url}");
        await output.FlushAsync(CancellationToken.None);
        log.Started(string.Join(", ", site.Urls));
        if (ServiceEnvironment.FindIdle(options.Engine.Environment, options.Distributor.IsOn) is { Count: > 0 } idle)
            log.VariablesIdle(string.Join(", ", idle));
        if (figures is not null)
            log.MetricsStarted(figures.Url);
        if (options.KeepsNothing)
            log.JobsInMemory();
        else
            log.JobsKept(where, state.OpenAtStart);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        log.Stopping(drain.TotalSeconds);
        await Task.WhenAll(state.DrainAsync(drain), state.Jobs.StopAsync(drain));
        state.Engine.Journal.Sync();
        state.End();
        log.Stopped(state.Jobs.Open);
    }

    private async Task ForgetAsync(DurableJobs jobs, ILogger log)
    {
        try
        {
            var (age, bytes) = (options.Jobs.Retention.Age, options.Jobs.Retention.Bytes);
            await jobs.ForgetAsync(age is { } longest ? time.GetUtcNow() - longest : DateTimeOffset.MinValue, bytes ?? long.MaxValue);
        }
        catch (JobStoreException failure)
        {
            log.JobsNotForgotten(failure.Message);
        }
    }

    private static JobRoom RoomOf(int workers) => new(MostWaiting: int.MaxValue, Math.Min(LookAhead, workers), MostBegun: workers) { AtHand = Math.Min(JobFeed.Usual, workers) };
}
