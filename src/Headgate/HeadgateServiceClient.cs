using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Remote;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headgate;

/// <summary>
/// Hands requests to a service (<c>headgate serve</c>) and asks for their results, with the members of <see cref="Multiplexer"/>. The jobs are the
/// service's: they outlive this client, and others can ask for them.
/// </summary>
/// <remarks>
/// <para>All members are thread-safe.</para>
/// <para>A service that is being started anew is waited for (<see cref="HeadgateServiceClientOptions.Patience"/>). One that says that it has no room
/// (429, 503, 507) is asked again, in its own time, until the caller's token ends that. A submission whose answer was lost is told again under the
/// same <c>Idempotency-Key</c>, so that nothing is done twice.</para>
/// <para>Handlers of events are called one after another, in the order in which things happened, outside every lock; the events are those of all
/// jobs that the token may see, whoever submitted them. What a handler throws is logged, and changes nothing.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var service = new HeadgateServiceClient(new Uri("http://127.0.0.1:8015"));
/// await service.StartAsync();
/// var id = await service.SubmitAsync(new JobRequest("https://httpbin.org/get") { Priority = RequestPriority.High });
/// foreach (var job in await service.WaitAsync([id], TimeSpan.FromMinutes(5)))
///     Console.WriteLine($"{job.Status} {job.Result?.StatusCode}");
/// </code>
/// </example>
public sealed partial class HeadgateServiceClient : IAsyncDisposable
{
    /// <summary>Jobs that are asked for with one call.</summary>
    private const int Together = 1000;

    /// <summary>Who stands between may take a call that is silent for a minute for dead.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(45);

    private readonly ServiceCalls _calls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EventHandler<Job>?[] _handlers = new EventHandler<Job>?[JobEventNames.All.Count];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private ServiceListener? _listener;
    private bool _isStarted;
    private Task? _stopped;

    /// <summary>A client of a service; <see cref="StartAsync"/> starts it.</summary>
    /// <param name="address">Where the service is: an http or https URL without user name, password and query; it may have a path where something stands before the service.</param>
    /// <param name="options">How it is called; read once.</param>
    /// <param name="time">Where time comes from; that of the system by default.</param>
    /// <param name="loggerFactory">Where is logged what a user should know of; nowhere by default.</param>
    /// <exception cref="ArgumentException">The address or an option is not valid; the message says why.</exception>
    /// <exception cref="HeadgateException">The file of the token cannot be read.</exception>
    public HeadgateServiceClient(Uri address, HeadgateServiceClientOptions? options = null, TimeProvider? time = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        _time = time ?? TimeProvider.System;
        _logger = (ILogger?)loggerFactory?.CreateLogger("Headgate.HeadgateServiceClient") ?? NullLogger.Instance;
        _calls = new ServiceCalls(ServiceAddress.Check(address), ServiceAddress.Check(options ?? new HeadgateServiceClientOptions()), _time, new Random());
    }

    /// <summary>Starts it: asks the service, once, whether it is there and knows the token; if there are handlers of events, it listens from here on.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HeadgateException">The service cannot be reached, is none, or does not know the token.</exception>
    /// <exception cref="InvalidOperationException">It was stopped.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        RefuseStopped();
        // A token that may only submit may not look: it is known all the same.
        await _calls.SendAsync(new ServiceCall(HttpMethod.Get, "health") { Expected = [403], IsPatient = false }, ServiceWords.ReadHealthAsync, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _isStarted = true;
            ListenIfWantedNeedsLock();
        }
        await HeardAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Submits a request.</summary>
    /// <param name="request">What to send. Not to be changed any more.</param>
    /// <param name="cancellationToken">Gives up; the job may have been taken then.</param>
    /// <returns>The id of the job.</returns>
    /// <exception cref="HeadgateException">
    /// It was refused, with <see cref="FailureClass.Invalid"/> because it cannot be sent as it is or with <see cref="FailureClass.Auth"/> because the token
    /// may not; or the service cannot be reached (<see cref="FailureClass.Network"/>; the job may have been taken then, if it says <see cref="HeadgateException.MaybeSent"/>).
    /// </exception>
    /// <exception cref="InvalidOperationException">The client was not started, or is being stopped.</exception>
    public async Task<string> SubmitAsync(JobRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var both = Running(cancellationToken);
        await HeardAsync(both.Token).ConfigureAwait(false);
        var call = new ServiceCall(HttpMethod.Post, "api/v1/request") { Body = JobRequestWriter.ToBytes(request), IdempotencyKey = Guid.NewGuid().ToString("N") };
        return await SendAsync(call, ServiceWords.ReadIdAsync, both, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Submits many requests, in parts of at most 1,000; each is taken or refused by itself.</summary>
    /// <param name="requests">What to send, in the order in which they are queued.</param>
    /// <param name="cancellationToken">Stops the submission; the verdicts then are of those that were submitted before, and of those that may have been.</param>
    /// <returns>A verdict for each, in their order. If the service goes away after it has taken some, the verdicts of the others say so.</returns>
    /// <exception cref="HeadgateException">As <see cref="SubmitAsync"/>, before the service has taken any.</exception>
    /// <exception cref="InvalidOperationException">The client was not started, or is being stopped.</exception>
    public async Task<IReadOnlyList<JobVerdict>> SubmitManyAsync(IEnumerable<JobRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using var both = Running(cancellationToken);
        await HeardAsync(both.Token).ConfigureAwait(false);
        var submission = new Submission((body, key, count) => SendAsync(
            new ServiceCall(HttpMethod.Post, "api/v1/requests/bulk") { Body = body, IdempotencyKey = key }, (answer, ct) => ServiceWords.ReadVerdictsAsync(answer, count, ct), both, cancellationToken));
        foreach (var request in requests)
        {
            if (cancellationToken.IsCancellationRequested)
                break;
            await submission.AddAsync(request).ConfigureAwait(false);
        }
        await submission.SendAsync().ConfigureAwait(false);
        return submission.Verdicts;
    }

    /// <summary>A job by its id as it stands now, whether it has ended or not; null if the service knows none of that id, or has forgotten it.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HeadgateException">The service refuses, or cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">The client was not started, or was stopped.</exception>
    public async Task<Job?> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        using var both = Running(cancellationToken);
        return (await FindAsync([id], TimeSpan.Zero, true, both, cancellationToken).ConfigureAwait(false)).Jobs.GetValueOrDefault(id);
    }

    /// <summary>Cancels a job wherever it stands, waiting or in flight, and comes back when it has ended.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellationToken">Gives up; the job may be cancelled all the same.</param>
    /// <returns>Whether it ended as cancelled; false if it ended otherwise, or is not known.</returns>
    /// <exception cref="HeadgateException">The service refuses, or cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">The client was not started, or was stopped.</exception>
    public async Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        using var both = Running(cancellationToken);
        var call = new ServiceCall(HttpMethod.Delete, $"api/v1/request/{Uri.EscapeDataString(id)}") { Expected = [400, 404] };
        var status = await SendAsync(call, (answer, _) => Task.FromResult((int)answer.StatusCode), both, cancellationToken).ConfigureAwait(false);
        // It may have ended before, and as cancelled: by this very call, whose answer was lost.
        return status switch
        {
            404 => false,
            400 => await GetAsync(id, cancellationToken).ConfigureAwait(false) is { Status: JobStatus.Cancelled },
            _ => true,
        };
    }

    /// <summary>Waits until jobs have ended, but no longer than a given time; also while the service is started anew.</summary>
    /// <param name="ids">Their ids.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; the jobs go on.</param>
    /// <returns>The jobs in the order of the ids. Those that have not ended by then are among them, as they stand.</returns>
    /// <exception cref="KeyNotFoundException">A job is not known, or was forgotten.</exception>
    /// <exception cref="HeadgateException">The service refuses, or cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">The client was not started, or was stopped.</exception>
    public async Task<IReadOnlyList<Job>> WaitAsync(IEnumerable<string> ids, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "give zero or more");
        List<string> wanted = [.. ids];
        var (jobs, since) = (new Dictionary<string, Job>(), _time.GetTimestamp());
        using var both = Running(cancellationToken);
        // Whether they are known is said before any is waited for.
        foreach (var some in wanted.Distinct().Chunk(Together))
            await AskAsync(some, TimeSpan.Zero, timeout == TimeSpan.Zero).ConfigureAwait(false);
        foreach (var some in wanted.Distinct().Where(id => jobs.GetValueOrDefault(id) is not { HasEnded: true }).Chunk(timeout == TimeSpan.Zero ? int.MaxValue : Together))
            for (string[] open = some; open.Length > 0 && timeout != TimeSpan.Zero; open = [.. open.Where(id => !jobs.ContainsKey(id))])
            {
                var left = timeout == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : timeout - _time.GetElapsedTime(since);
                await AskAsync(open, left < TimeSpan.Zero ? TimeSpan.Zero : left < LongestWait ? left : LongestWait, left <= LongestWait).ConfigureAwait(false);
            }
        return [.. wanted.Select(id => jobs[id])];

        async Task AskAsync(IReadOnlyList<string> some, TimeSpan wait, bool includeOpen)
        {
            var (told, unknown) = await FindAsync(some, wait, includeOpen, both, cancellationToken).ConfigureAwait(false);
            if (unknown.Count > 0)
                throw new KeyNotFoundException($"there is no job \"{unknown[0]}\", or it ended and was forgotten");
            foreach (var (id, job) in told)
                jobs[id] = job;
        }
    }

    /// <summary>What the service has done since it was started, and how things stand. Jobs that wait for whatever are counted as queued.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HeadgateException">The service refuses, or cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">The client was not started, or was stopped.</exception>
    public async Task<MultiplexerStatistics> GetStatisticsAsync(CancellationToken cancellationToken = default)
    {
        using var both = Running(cancellationToken);
        return await SendAsync(new ServiceCall(HttpMethod.Get, "api/v1/statistics"), ServiceWords.ReadStatisticsAsync, both, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops this client: calls that are under way end, no event is heard any more. The jobs go on, for they are the service's.</summary>
    public Task StopAsync()
    {
        lock (_lock)
            return _stopped ??= Task.Run(EndAsync);
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task EndAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_listener is { } listener)
            await listener.DisposeAsync().ConfigureAwait(false);
        _calls.Dispose();
    }

    private async Task<T> SendAsync<T>(ServiceCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationTokenSource both, CancellationToken given)
    {
        try
        {
            return await _calls.SendAsync(call, read, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException ended) when (!given.IsCancellationRequested)
        {
            throw new InvalidOperationException("the client was stopped", ended);
        }
        catch (OperationCanceledException ended)
        {
            throw new OperationCanceledException(ended.Message, ended, given);
        }
    }

    private Task<(Dictionary<string, Job> Jobs, List<string> Unknown)> FindAsync(IReadOnlyList<string> ids, TimeSpan wait, bool includeOpen, CancellationTokenSource both, CancellationToken given)
    {
        var call = new ServiceCall(HttpMethod.Post, "api/v1/requests/wait") { Body = ServiceWords.Wait(ids, wait, includeOpen), Wait = wait };
        return SendAsync(call, ServiceWords.ReadJobsAsync, both, given);
    }

    private CancellationTokenSource Running(CancellationToken given)
    {
        RefuseStopped();
        return Volatile.Read(ref _isStarted)
            ? CancellationTokenSource.CreateLinkedTokenSource(given, _stopping.Token)
            : throw new InvalidOperationException($"the client was not started: await {nameof(StartAsync)} first");
    }

    private void RefuseStopped()
    {
        if (_stopping.IsCancellationRequested)
            throw new InvalidOperationException("the client was stopped, and cannot be started again");
    }
}
