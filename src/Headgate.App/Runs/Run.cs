using System.Runtime.ExceptionServices;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// <c>headgate run</c>: a file of requests through limits and keys, each line exactly one result, resumable after any death.
/// </summary>
internal sealed class Run(RunOptions options, TextWriter output, TextWriter talk, TimeProvider time)
{
    /// <summary>So many lines wait beside those in flight: enough to look ahead, few enough to stay small.</summary>
    private const int LookAhead = 2000;

    /// <summary>The same where there are several APIs: lines of one that lie behind many of a slower one are not to wait for those. Some 2 KB each.</summary>
    private const int LookAheadOfSeveral = 20_000;

    /// <summary>So many APIs are opened, and locked where they have limits, before the run begins; others when the first line of theirs comes.</summary>
    private const int MostOpenedAhead = 1000;

    private readonly HashSet<string> _known = [];
    private InputCheck? _check;
    private InputFile? _pipe;
    private RunFiles _files = null!;
    private Tally _tally = null!;
    private readonly Bound _bound = new();

    /// <summary>Runs it.</summary>
    /// <param name="stop">Stops admitting; what is in flight is finished and recorded.</param>
    /// <exception cref="CommandException">It could not begin, or not go on; the message says why.</exception>
    public async Task<ExitCode> ExecuteAsync(CancellationToken stop)
    {
        try
        {
            return await BeginAsync(stop);
        }
        catch (Exception failure) when (failure is not (CommandException or ConfigurationException) && CodeOf(failure) is { } code)
        {
            throw new CommandException(code, failure.Message);
        }
    }

    private async Task<ExitCode> BeginAsync(CancellationToken stop)
    {
        FilesApart.Check(options);
        var settings = await CheckInputAsync(stop);
        if (options.DryRun)
            return new DryRun(settings, _check, output, options.Json).Write();
        var clock = new Clock(time);
        var state = settings.State is "none" ? null : StateDirectory.Open(StateDirectory.Locate(settings.State, Environment.GetEnvironmentVariable));
        var header = RunHeader.Of(options, settings, _check, state, clock);
        _tally = new Tally(clock) { Total = _check is null ? null : _check.Requests + (options.SkipBad ? _check.BadLines : 0) };
        var earlier = EarlierSends.Read(options.Results is null ? null : options.LedgerPath,
            [.. settings.Configuration.TotalLimits, .. settings.Configuration.Defaults.Limits, .. settings.Configuration.Upstreams.SelectMany(api => api.AllLimits)],
            hasFiles: state is not null);
        using var engine = new Engine(settings.Configuration, new EngineOptions
        {
            Time = time,
            Concurrency = settings.Configuration.Concurrency,
            Journal = theirs => new SendJournal(theirs, state, settings.Share, (scope, straggle) => earlier.Of(scope, theirs, straggle))
            {
                BeforeSends = settings.Configuration.Jobs.Durable == Durability.Power ? new IntentSync() : null,
            },
            Keys = settings.KeysOf,
            Proxies = settings.ProxiesIn,
            Notice = message => talk.WriteLine($"headgate: {message}"),
            Decompression = System.Net.DecompressionMethods.All,
            GivesUpUnreached = true,
            Learned = _bound.Add,
            Ended = attempt =>
            {
                _tally.AttemptEnded(attempt);
                _bound.Add(attempt);
            },
        });
        // All that can refuse the run comes before its files are touched.
        foreach (var (address, _) in (_check?.Authorities ?? []).Take(MostOpenedAhead))
            engine.UpstreamOf(new Uri(address));
        (_files, var ledger) = await RunFiles.OpenAsync(options, header, _check, time, stop);
        engine.Journal.WriteTo(ledger);
        engine.Proxies.Begin();
        if (options.Results is null)
            talk.WriteLine("headgate: results go to standard output, so this run cannot be resumed; with -o FILE it can");
        foreach (var note in _files.Notes)
            talk.WriteLine($"headgate: {note}");
        return await SendAllAsync(engine, stop);
    }

    private async Task<ExitCode> SendAllAsync(Engine engine, CancellationToken stop)
    {
        IByteSink sink = options.Results is { } path ? new FileSink(path) : StreamSink.StandardOutput();
        await using var results = new ResultWriter(sink, options.FailedTo is { } failed ? new FileSink(failed) : null, options.Ordered, time);
        using var work = new RunWork(options, engine, results, _tally, time, stop);
        await using var deadline = options.Deadline is { } at ? new RunDeadline(at.From(time.GetUtcNow()), time, () => work.Stop("the deadline was reached")) : null;
        // Disposed asynchronously: a sync that is under way is waited for before its files are closed.
        await using var sync = time.CreateTimer(_ => Sync(work), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await using (var progress = new Progress(options, engine, _tally, talk, time))
        {
            await PumpAsync(work);
            // Attempts that lost against a second one may still be on their way to their headers.
            await engine.LeftAsync();
            try
            {
                await results.CompleteAsync();
                engine.Journal.Sync();
            }
            catch (Exception failure) when (failure is ResultWriteException or LedgerException)
            {
                work.Fail(failure);
            }
        }
        if (options.Results is { } file && _files.HasReplaced && work.Failure is null)
            await ResultRepair.DropReplacedAsync(file, CancellationToken.None);
        var code = Code(work, stop);
        if (work.Failure is null || _tally.Finished > 0)
            new Summary(options, engine, _tally, _bound, _files) { StopReason = work.StopReason }.Write(talk, output, code);
        if (work.Failure is { } broken && (code != ExitCode.Interrupted || CodeOf(broken) is null))
            ExceptionDispatchInfo.Throw(broken);
        if (work.Failure is { } told)
            talk.WriteLine($"headgate: {told.Message}");
        return code;
    }

    /// <summary>Reads line after line and starts each; no more are under way than are needed to keep the gate busy.</summary>
    private async Task PumpAsync(RunWork work)
    {
        var most = options.Engine.Configuration.Concurrency + (_check is { Authorities.Count: > 1 } ? LookAheadOfSeveral : LookAhead);
        using var room = new SemaphoreSlim(most);
        var source = new LineSource { DetectsDuplicates = _check is null || _check.BadLines > 0, KeepsRaw = options.FailedTo is not null };
        try
        {
            await foreach (var line in (_pipe is null ? source.ReadAsync(options.Input, work.Waiting) : source.ReadAsync(_pipe, work.Waiting)))
            {
                if (!_files.IsToDo(line, out var maybeSent))
                {
                    _tally.DoneBefore++;
                    continue;
                }
                Introduce(work.Engine, line);
                await room.WaitAsync(work.Waiting);
                work.Results.Announce(line.Number);
                _ = StartAsync(new LineJob(work, line, maybeSent), line.Number, work, room);
            }
            _files.ThrowIfGone();
        }
        catch (OperationCanceledException) when (work.IsStopping)
        {
            // Draining: what is in flight is waited for below.
            _tally.IsIncomplete = true;
        }
        catch (Exception failure)
        {
            // Whatever it is: the run ends, but not before those in flight have heard of it.
            work.Fail(failure);
        }
        for (var line = 0; line < most; line++)
            await room.WaitAsync(CancellationToken.None);
    }

    /// <summary>Comes back when the line waits for its permit, so that lines enter the gate in their order.</summary>
    private static async Task StartAsync(LineJob job, long line, RunWork work, SemaphoreSlim room)
    {
        try
        {
            await job.RunAsync();
        }
        catch (Exception failure)
        {
            work.Fail(failure);
            work.Results.Withdraw(line);
        }
        finally
        {
            room.Release();
        }
    }

    private async Task<EngineSettings> CheckInputAsync(CancellationToken stop)
    {
        var settings = options.Engine;
        // Opened once: a pipe opened a second time would have lost what was read of it.
        _pipe = await InputFile.OpenAsync(options.Input, cancellation: stop);
        if (_pipe.CanReadTwice)
        {
            await _pipe.DisposeAsync();
            _pipe = null;
            _check = await InputCheck.ReadAsync(options.Input, stop);
            if (_check.BadLines > 0 && !options.SkipBad)
                throw new CommandException(ExitCode.Input, BadLines(_check));
        }
        if (settings.Keys is null)
            return settings;
        var map = new UpstreamMap(settings.Configuration);
        var apis = (_check?.Authorities ?? []).Select(pair => new Uri(pair.Key)).GroupBy(url => map.Find(url).Name).ToList();
        if (_check is null)
            throw new CommandException(ExitCode.Usage, "--keys needs a file of requests that can be read first, to see which API they are for; put the keys into headgate.json");
        if (apis.Count > 1)
            throw new CommandException(ExitCode.Configuration, $"--keys is for one API, but {options.Input} has requests for {apis.Count}: {string.Join(", ", apis.Take(5).Select(api => api.Key))}; a key would be shown to servers it is not for. Put the keys into headgate.json, each with its API");
        return apis.Count == 0 ? settings : settings.WithKeysFor(apis[0].First());
    }

    /// <summary>The first time an API is met, its limits are told.</summary>
    private void Introduce(Engine engine, InputLine line)
    {
        if (line.Request is not { } request || !_known.Add(Authority.Of(request.ParsedUrl).ToString()) || _known.Count > 20)
            return;
        var api = engine.UpstreamOf(request.ParsedUrl).Configuration;
        var name = api.IsConfigured ? api.Name : Authority.Of(request.ParsedUrl).ToString().Split("//")[1];
        var keys = api.Keys is { Limits.Count: > 0 } pool ? $"each key {string.Join(", ", pool.Limits)}" : null;
        var proxies = options.Engine.Configuration.ProxyPools.FirstOrDefault(pool => pool.Name == api.Policy.Proxies) is { Limits.Count: > 0 } ways ? $"each proxy {string.Join(", ", ways.Limits)}" : null;
        var limits = string.Join("; ", ((string?[])[api.Policy.Limits.Count > 0 ? string.Join(", ", api.Policy.Limits) : null, keys, proxies]).OfType<string>());
        if (limits.Length > 0)
            talk.WriteLine($"headgate: {name}: {limits}");
        else if (api.Policy.Learns)
            talk.WriteLine($"headgate: no limit known for {name}: up to {engine.Concurrency} at once, learning");
        else
            talk.WriteLine($"headgate: no limit for {name}: up to {engine.Concurrency} at once");
    }

    /// <summary>Several may hold at once; the first of this order is told.</summary>
    private ExitCode Code(RunWork work, CancellationToken stop)
    {
        var failed = _tally.Failed + _files.FailedBefore;
        if (stop.IsCancellationRequested && _tally.IsIncomplete)
            return ExitCode.Interrupted;
        if (work.Failure is { } failure)
            return CodeOf(failure) ?? ExitCode.SomeFailed;
        // Only where no key or no proxy is left does a line end so; the same run again says the same.
        if (_tally.Of(FailureClass.Auth) + _tally.Of(FailureClass.Proxy) + _files.KeylessBefore > 0)
            return ExitCode.NoKeys;
        if ((work.StopReason is not null && _tally.IsIncomplete) || options.MaxFailures.IsExceeded(failed, _tally.Finished + _files.DoneBefore))
            return ExitCode.GivenUp;
        return failed > 0 ? ExitCode.SomeFailed : ExitCode.Ok;
    }

    private static ExitCode? CodeOf(Exception failure) => failure switch
    {
        CommandException command => command.Code,
        ScopeHeldException or LedgerException { IsHeld: true } or ConfigurationException => ExitCode.Configuration,
        LedgerException or ResultWriteException => ExitCode.Disk,
        InputException => ExitCode.Input,
        _ => null,
    };

    private static void Sync(RunWork work)
    {
        try
        {
            work.Engine.Journal.Sync();
        }
        catch (LedgerException failure)
        {
            work.Fail(failure);
        }
    }

    private static string BadLines(InputCheck check)
    {
        var named = string.Join(Environment.NewLine, check.Errors);
        var more = check.BadLines > check.Errors.Count ? $"{Environment.NewLine}… and {check.BadLines - check.Errors.Count} more" : "";
        return $"{check.BadLines} bad {(check.BadLines == 1 ? "line" : "lines")}, so nothing was sent (--skip-bad runs the rest):{Environment.NewLine}{named}{more}";
    }
}
