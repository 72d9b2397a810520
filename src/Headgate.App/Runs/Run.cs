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

    private readonly HashSet<string> _known = [];
    private InputCheck? _check;
    private InputFile? _pipe;
    private RunFiles _files = null!;
    private Tally _tally = null!;
    private Bound? _bound;

    /// <summary>Runs it.</summary>
    /// <param name="stop">Stops admitting; what is in flight is finished and recorded.</param>
    public async Task<ExitCode> ExecuteAsync(CancellationToken stop)
    {
        var settings = await CheckInputAsync(stop);
        if (options.DryRun)
            return new DryRun(settings, _check, output).Write();
        var clock = new Clock(time);
        var state = settings.State is "none" ? null : StateDirectory.Open(StateDirectory.Locate(settings.State, Environment.GetEnvironmentVariable));
        var (files, ledger) = await RunFiles.OpenAsync(options, HeaderOf(settings, state, clock), time, stop);
        _files = files;
        _tally = new Tally(clock) { Total = _check is null ? null : _check.Requests + (options.SkipBad ? _check.BadLines : 0) };
        _bound = new Bound(clock);
        using var engine = new Engine(settings.Configuration, new EngineOptions
        {
            Time = time,
            Concurrency = settings.Configuration.Concurrency,
            Journal = theirs => new SendJournal(theirs, ledger, state, settings.Share),
            Keys = settings.KeysOf,
            Notice = message => talk.WriteLine($"headgate: {message}"),
            Decompression = System.Net.DecompressionMethods.All,
            GivesUpUnreached = true,
            Ended = attempt =>
            {
                _tally.AttemptEnded(attempt);
                _bound.Add(attempt);
            },
        });
        if (options.Results is null)
            talk.WriteLine("headgate: results go to standard output, so this run cannot be resumed; with -o FILE it can");
        foreach (var note in files.Notes)
            talk.WriteLine($"headgate: {note}");
        return await SendAllAsync(engine, stop);
    }

    private async Task<ExitCode> SendAllAsync(Engine engine, CancellationToken stop)
    {
        // The runtime would buffer standard output; a result is a result once it has gone through write(2).
        IByteSink sink = options.Results is { } path ? new FileSink(path) : new StreamSink("standard output", Console.OpenStandardOutput());
        await using var results = new ResultWriter(sink, options.FailedTo is { } failed ? new FileSink(failed) : null, options.Ordered, time);
        using var work = new RunWork(options, engine, results, _tally, time, stop);
        using var deadline = options.Deadline is { } at ? time.CreateTimer(_ => work.Stop(ExitCode.GivenUp), null, Positive(at.From(time.GetUtcNow()) - time.GetUtcNow()), Timeout.InfiniteTimeSpan) : null;
        using var sync = time.CreateTimer(_ => Sync(work), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await using (var progress = new Progress(options, engine, _tally, talk, time))
        {
            await PumpAsync(work);
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
        if (options.Results is { } file && _files.IsResume && options.RetryFailed && work.Failure is null)
            await ResultRepair.DropReplacedAsync(file, CancellationToken.None);
        var summary = new Summary(options, engine, _tally, _bound!, _files);
        var code = Code(work, stop);
        summary.Write(talk, output, code);
        if (work.Failure is { } broken)
            throw Explained(broken);
        return code;
    }

    /// <summary>Reads line after line and starts each; no more are under way than are needed to keep the gate busy.</summary>
    private async Task PumpAsync(RunWork work)
    {
        var most = options.Engine.Configuration.Concurrency + LookAhead;
        using var room = new SemaphoreSlim(most);
        var source = new LineSource { DetectsDuplicates = _check is null, KeepsRaw = options.FailedTo is not null };
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
                _ = StartAsync(new LineJob(work, line, maybeSent), work, room);
            }
            if (_files.Done?.Unmatched.FirstOrDefault() is { Line: > 0 } gone)
                throw new CommandException(ExitCode.Configuration, $"line {gone.Line} of {options.Input} is gone, though {options.Results} has its result; put it back, or begin anew with --fresh");
        }
        catch (OperationCanceledException) when (work.IsStopping)
        {
            // Draining: what is in flight is waited for below.
        }
        catch (Exception failure) when (failure is CommandException or InputException or ConfigurationException or LedgerException or ScopeHeldException)
        {
            work.Fail(failure);
        }
        for (var line = 0; line < most; line++)
            await room.WaitAsync(CancellationToken.None);
    }

    private static async Task StartAsync(LineJob job, RunWork work, SemaphoreSlim room)
    {
        // On the pool: the reader goes on to the next line.
        await Task.Yield();
        try
        {
            await job.RunAsync();
        }
        catch (Exception failure)
        {
            work.Fail(failure);
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
        var limits = string.Join("; ", ((string?[])[api.Policy.Limits.Count > 0 ? string.Join(", ", api.Policy.Limits) : null, keys]).OfType<string>());
        if (limits.Length > 0)
            talk.WriteLine($"headgate: {name}: {limits}");
        else if (api.Policy.Learns)
            talk.WriteLine($"headgate: no limit known for {name}: up to {engine.Concurrency} at once, learning");
        else
            talk.WriteLine($"headgate: no limit for {name}: up to {engine.Concurrency} at once");
    }

    private LedgerHeader HeaderOf(EngineSettings settings, StateDirectory? state, Clock clock)
    {
        var map = new UpstreamMap(settings.Configuration);
        var limits = new Dictionary<string, IReadOnlyList<string>>();
        var bounds = new Dictionary<string, decimal>();
        var keys = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        if (settings.Configuration.TotalLimits.Count > 0)
            limits["total"] = Texts(settings.Configuration.TotalLimits);
        foreach (var api in (_check?.Authorities ?? []).Select(pair => map.Find(new Uri(pair.Key))).Concat(settings.Configuration.Upstreams).DistinctBy(api => api.Name))
        {
            if (api.Policy.Limits.Count > 0)
                limits[api.Name] = Texts(api.Policy.Limits);
            if (api.Policy.Timing.Bound is { } bound)
                bounds[api.Name] = (decimal)bound.TotalMilliseconds;
            if (api.Keys is not { } pool)
                continue;
            if (pool.Limits.Count > 0)
                limits[$"{api.Name}/key"] = Texts(pool.Limits);
            var entries = settings.KeysOf(api);
            foreach (var entry in entries)
                if (entry.Limits is { } own)
                    limits[$"{api.Name}/key:{entry.Secret.Name}"] = Texts(own);
            if (state is not null)
                keys[api.Name] = entries.ToDictionary(entry => entry.Secret.Name, entry => state.Fingerprint(entry.Secret.Reveal()));
        }
        return new LedgerHeader
        {
            Input = _check is null ? null : new LedgerInput(Path.GetFullPath(options.Input), _check.Hash),
            Results = options.Results is { } results ? Path.GetFullPath(results) : null,
            Limits = limits,
            Timing = settings.Configuration.Defaults.Timing.ToString(),
            BoundMs = bounds,
            Straggle = settings.Configuration.Defaults.Straggle,
            Boot = MachineBoot.Id(),
            WallUs = clock.UnixNow / Clock.Microsecond,
            MonoUs = clock.Now / Clock.Microsecond,
            Keys = keys,
            Pid = Environment.ProcessId,
        };

        static List<string> Texts(IEnumerable<Limits.Limit> limits) => [.. limits.Select(limit => limit.ToString())];
    }

    private ExitCode Code(RunWork work, CancellationToken stop)
    {
        var failed = _tally.Failed + FailedBefore();
        if (work.StopCode is { } own)
            return own;
        if (stop.IsCancellationRequested && (_check is null || _tally.Finished + _tally.DoneBefore < _check.Requests))
            return ExitCode.Interrupted;
        if (work.Engine.Upstreams.Any(api => api.Keys is { AllDead: true }))
            return ExitCode.NoKeys;
        return failed > 0 ? ExitCode.SomeFailed : ExitCode.Ok;
    }

    private long FailedBefore() => _files.Done is { } done && !options.RetryFailed ? done.Entries.Count(entry => !entry.Ok) : 0;

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

    private static Exception Explained(Exception broken) => broken switch
    {
        ResultWriteException or LedgerException => new CommandException(ExitCode.Disk, broken.Message),
        InputException => new CommandException(ExitCode.Input, broken.Message),
        ScopeHeldException => new CommandException(ExitCode.Configuration, broken.Message),
        _ => broken,
    };

    private static string BadLines(InputCheck check)
    {
        var named = string.Join(Environment.NewLine, check.Errors);
        var more = check.BadLines > check.Errors.Count ? $"{Environment.NewLine}… and {check.BadLines - check.Errors.Count} more" : "";
        return $"{check.BadLines} bad {(check.BadLines == 1 ? "line" : "lines")}, so nothing was sent (--skip-bad runs the rest):{Environment.NewLine}{named}{more}";
    }

    private static TimeSpan Positive(TimeSpan span) => span < TimeSpan.Zero ? TimeSpan.Zero : span;
}
