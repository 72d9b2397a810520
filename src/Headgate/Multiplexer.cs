using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Queues;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate;

/// <summary>
/// Takes requests as jobs and gets each of them an end: through every limit, in the order of their priorities, tried again where that helps.
/// A job can be asked for, waited for and cancelled by its id.
/// </summary>
/// <remarks>
/// <para>All members are thread-safe. A job that waits costs neither a thread nor a task, and no more than a few hundred bytes.</para>
/// <para>Handlers of events are called outside every lock, by the thread that goes on with that job, and before those who wait for the job go on.
/// One that takes long holds up that job, and no other. What one throws is logged, and changes nothing.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var mux = new Multiplexer(o => { o.MaxConcurrency = 100; o.TotalLimits = ["100/min"]; });
/// await mux.StartAsync();
/// var id = await mux.SubmitAsync(new JobRequest("https://httpbin.org/get") { Priority = RequestPriority.High });
/// foreach (var job in await mux.WaitAsync([id], TimeSpan.FromMinutes(5)))
///     Console.WriteLine($"{job.Status} {job.Result?.StatusCode}");
/// </code>
/// </example>
public sealed partial class Multiplexer : IAsyncDisposable
{
    /// <summary>Enough that a gate is never empty while the next ones are on their way; some 2 KB each.</summary>
    private const int LookAhead = 256;

    /// <summary>Beside those in flight: so many may wait in gates, or to be tried again.</summary>
    private const int MostBegun = 20_000;

    private readonly MultiplexerOptions _options;
    private readonly HeadgateConfiguration _configuration;
    private readonly EngineOptions _engineOptions;
    private readonly ILogger _logger;
    private MultiplexerJobs? _jobs;
    private long _startedAt;
    private int _isStarted;
    private Task<IReadOnlyList<Job>>? _stopping;
    private readonly Lock _lock = new();

    /// <summary>A multiplexer; <see cref="StartAsync"/> starts it.</summary>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="ArgumentException">Something is wrong with the options; the message tells all of it.</exception>
    public Multiplexer(Action<MultiplexerOptions> configure) : this(Configured(configure)) { }

    /// <summary>A multiplexer; <see cref="StartAsync"/> starts it.</summary>
    /// <param name="options">Read once.</param>
    /// <param name="time">Where time comes from; that of the system by default, a <see cref="VirtualTime"/> in tests.</param>
    /// <param name="loggerFactory">Where is logged what a user should know of; nowhere by default.</param>
    /// <exception cref="ArgumentException">Something is wrong with the options; the message tells all of it.</exception>
    public Multiplexer(MultiplexerOptions options, TimeProvider? time = null, ILoggerFactory? loggerFactory = null)
        : this(options, new EngineOptions { Time = time ?? TimeProvider.System }, loggerFactory) { }

    internal Multiplexer(MultiplexerOptions options, EngineOptions engine, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var logger = _logger = (ILogger?)loggerFactory?.CreateLogger("Headgate.Multiplexer") ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        var configuration = options.Freeze();
        _options = options;
        _configuration = configuration with
        {
            TotalLimits = [.. configuration.TotalLimits, Limit.Parse($"{options.MaxConcurrency} concurrent")],
            Concurrency = options.Concurrency ?? options.MaxConcurrency,
        };
        _engineOptions = engine with
        {
            Concurrency = _configuration.Concurrency,
            Keys = options.KeysOf,
            KeysEvery = options.KeysEvery,
            Token = options.Token,
            Notice = text => Log.Notice(logger, text),
            Decompression = System.Net.DecompressionMethods.All,
            Ended = attempt => _jobs?.Counts.CountEnded(attempt),
        };
    }

    /// <summary>A job was taken.</summary>
    public event EventHandler<Job>? RequestSubmitted;

    /// <summary>A job has ended with an answer, be it a good one (<see cref="Job.Ok"/>) or not.</summary>
    public event EventHandler<Job>? RequestCompleted;

    /// <summary>A job has ended without a usable answer.</summary>
    public event EventHandler<Job>? RequestFailed;

    /// <summary>An attempt of a job has failed (<see cref="Job.LastError"/>), and another one will be made.</summary>
    public event EventHandler<Job>? RequestRetry;

    /// <summary>A job has ended by its timeout or deadline.</summary>
    public event EventHandler<Job>? RequestTimeout;

    /// <summary>A limit of the server has refused a job, which now waits for the end of the pause.</summary>
    public event EventHandler<Job>? RequestRateLimited;

    /// <summary>A job waits behind the breaker of its API, which is open, or ends because it stays open: once for each job.</summary>
    public event EventHandler<Job>? RequestCircuitOpen;

    /// <summary>A job was cancelled.</summary>
    public event EventHandler<Job>? RequestCancelled;

    /// <summary>How many jobs wait in gates; the others wait before them.</summary>
    internal int GateWaiting => Jobs.Engine.Dispatcher.Waiting;

    private MultiplexerJobs Jobs => Volatile.Read(ref _jobs) ?? throw new InvalidOperationException($"the multiplexer was not started: await {nameof(StartAsync)} first");

    /// <summary>Starts it: from here on jobs are taken.</summary>
    /// <param name="cancellationToken">Gives up before anything was started.</param>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    /// <exception cref="IOException">
    /// What was sent before (<see cref="HeadgateOptions.StatePath"/>) or the file of the jobs cannot be read, or another process holds it.
    /// </exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _isStarted, 1) != 0)
            throw new InvalidOperationException("the multiplexer was started before, and cannot be started again");
        try
        {
            await BeginAsync().ConfigureAwait(false);
        }
        catch
        {
            // Whoever holds the state may be gone the next time.
            Volatile.Write(ref _isStarted, 0);
            throw;
        }
    }

    private async Task BeginAsync()
    {
        var room = new JobRoom(_options.MaxQueueSize, LookAhead, _options.MaxConcurrency + MostBegun);
        MultiplexerJobs jobs = _options.File is { } file
            ? MultiplexerFile.Open(file, _options, _configuration, _engineOptions, room with { AtHand = JobFeed.Usual }, Tell)
            : InMemory(room);
        jobs.Engine.Proxies.Begin();
        _startedAt = jobs.Engine.Clock.Now;
        // What an earlier process has left is told of from the first moment.
        Volatile.Write(ref _jobs, jobs);
        try
        {
            await jobs.StartAsync().ConfigureAwait(false);
        }
        catch
        {
            Volatile.Write(ref _jobs, null);
            jobs.Close();
            await jobs.StopAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private MultiplexerJobsInMemory InMemory(JobRoom room)
    {
        var state = _options.StatePath is { } path ? StateDirectory.Open(path) : null;
        var engine = new Engine(_configuration, state is null ? _engineOptions : _engineOptions with { Journal = clock => new SendJournal(clock, state) });
        if (state is not null)
            engine.SyncEachSecond(failure => Log.Notice(_logger, failure.Message));
        var finished = new FinishedJobs(_options.KeepFinished, Clock.Nanoseconds(_options.KeepFinishedFor), _options.KeepFinishedBytes);
        return new MultiplexerJobsInMemory(engine, room, finished, Tell);
    }

    /// <summary>Submits a request.</summary>
    /// <param name="request">What to send. Not to be changed any more.</param>
    /// <param name="cancellationToken">Gives up before the job was taken; it does not cancel the job.</param>
    /// <returns>The id of the job: that of the request, or a new one.</returns>
    /// <exception cref="HeadgateException">
    /// It was refused: with <see cref="FailureClass.RateLimit"/> because <see cref="MultiplexerOptions.MaxQueueSize"/> jobs wait already, with
    /// <see cref="FailureClass.Invalid"/> because it cannot be sent as it is, or there is a job of its id.
    /// </exception>
    /// <exception cref="InvalidOperationException">The multiplexer was not started, or is being stopped.</exception>
    /// <exception cref="IOException">The file of the jobs cannot be written, a full disk for example: it was not taken.</exception>
    public Task<string> SubmitAsync(JobRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        return Jobs.SubmitAsync(request);
    }

    /// <summary>Submits many requests; each is taken or refused by itself.</summary>
    /// <param name="requests">What to send, in the order in which they are queued.</param>
    /// <param name="cancellationToken">Stops the submission; the verdicts then are of those that were submitted before.</param>
    /// <returns>A verdict for each, in their order.</returns>
    /// <exception cref="InvalidOperationException">The multiplexer was not started, or was being stopped before the first was submitted.</exception>
    public Task<IReadOnlyList<JobVerdict>> SubmitManyAsync(IEnumerable<JobRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Jobs.SubmitManyAsync(requests, cancellationToken);
    }

    /// <summary>A job by its id, whether it has ended or not; null if there is none of that id, or it ended and was forgotten.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">The multiplexer was not started.</exception>
    public Task<Job?> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        cancellationToken.ThrowIfCancellationRequested();
        return Jobs.FindAsync(id);
    }

    /// <summary>Cancels a job wherever it stands, waiting or in flight, and comes back when it has ended.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellationToken">Gives up waiting for its end; the job is cancelled all the same.</param>
    /// <returns>Whether it ended as cancelled; false if it ended otherwise, or is not known.</returns>
    /// <exception cref="InvalidOperationException">The multiplexer was not started.</exception>
    public Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        return Jobs.CancelAsync(id).WaitAsync(cancellationToken);
    }

    /// <summary>Waits until jobs have ended, but no longer than a given time.</summary>
    /// <param name="ids">Their ids.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; the jobs go on.</param>
    /// <returns>The jobs in the order of the ids. Those that have not ended by then are among them, as they stand.</returns>
    /// <exception cref="KeyNotFoundException">A job is not known, or ended and was forgotten; nothing was waited for.</exception>
    /// <exception cref="InvalidOperationException">The multiplexer was not started.</exception>
    public Task<IReadOnlyList<Job>> WaitAsync(IEnumerable<string> ids, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return Jobs.WaitAsync([.. ids], timeout, cancellationToken);
    }

    /// <summary>What was done so far, and how things stand.</summary>
    /// <exception cref="InvalidOperationException">The multiplexer was not started.</exception>
    public MultiplexerStatistics GetStatistics()
    {
        var (jobs, counts) = (Jobs, Jobs.Counts);
        var ended = counts.Ended;
        return new MultiplexerStatistics
        {
            Submitted = jobs.Submitted,
            Rejected = counts.Rejected,
            Pending = counts[JobStatus.Pending],
            Queued = jobs.Queued,
            Processing = counts[JobStatus.Processing],
            Retrying = counts[JobStatus.Retrying],
            RateLimited = counts[JobStatus.RateLimited],
            Completed = counts[JobStatus.Completed],
            Ok = counts.Ok,
            Failed = counts[JobStatus.Failed],
            TimedOut = counts[JobStatus.Timeout],
            Cancelled = counts[JobStatus.Cancelled],
            Retries = counts.Retries,
            Refusals = counts.Refusals,
            AverageLatency = ended == 0 ? TimeSpan.Zero : counts.Latency / ended,
            PeakConcurrency = counts.Peak,
            Uptime = Clock.Span(jobs.Engine.Clock.Now - _startedAt),
        };
    }

    /// <summary>
    /// Stops it: no job is taken any more, those that were taken may go on for a time, waiting ones too, and what has not ended then is cancelled;
    /// in a file it is left for the next start. Jobs can still be asked for. A second call waits for the first.
    /// </summary>
    /// <param name="drain">How long they may go on; zero, the default, for not at all (what is in flight is cut off), <see cref="Timeout.InfiniteTimeSpan"/> until all have ended.</param>
    /// <param name="cancellationToken">Ends the drain early.</param>
    /// <returns>The jobs that were cancelled: what was not done. None where they are kept in a file.</returns>
    public Task<IReadOnlyList<Job>> StopAsync(TimeSpan drain = default, CancellationToken cancellationToken = default)
    {
        if (drain < TimeSpan.Zero && drain != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(drain), drain, "give zero or more");
        lock (_lock)
            return _stopping ??= Volatile.Read(ref _jobs) is { } jobs ? StopAsync(jobs, drain, cancellationToken) : Task.FromResult<IReadOnlyList<Job>>([]);
    }

    /// <summary>Stops it at once: as <see cref="StopAsync(TimeSpan, CancellationToken)"/> without a drain.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private static async Task<IReadOnlyList<Job>> StopAsync(MultiplexerJobs jobs, TimeSpan drain, CancellationToken cancellation)
    {
        jobs.Close();
        // Whoever calls this holds a lock, and jobs end below.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return await jobs.StopAsync(drain, cancellation).ConfigureAwait(false);
    }

    private static MultiplexerOptions Configured(Action<MultiplexerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new MultiplexerOptions();
        configure(options);
        return options;
    }

    private void Tell(JobEvent what, Job job)
    {
        var handlers = what switch
        {
            JobEvent.Submitted => RequestSubmitted,
            JobEvent.Completed => RequestCompleted,
            JobEvent.Failed => RequestFailed,
            JobEvent.Retry => RequestRetry,
            JobEvent.Timeout => RequestTimeout,
            JobEvent.RateLimited => RequestRateLimited,
            JobEvent.CircuitOpen => RequestCircuitOpen,
            _ => RequestCancelled,
        };
        if (handlers is null)
            return;
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
            try
            {
                handler(this, job);
            }
            catch (Exception failure)
            {
                Log.HandlerFailed(_logger, what, job.Id, failure);
            }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{text}")]
        public static partial void Notice(ILogger logger, string text);

        [LoggerMessage(2, LogLevel.Error, "a handler of the event {what} has failed for job {id}")]
        public static partial void HandlerFailed(ILogger logger, JobEvent what, string id, Exception failure);
    }
}
