using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>
/// A request that was handed over to be done, and how it stands: its properties tell it at the moment they are read, and change no more
/// once the job has ended. It ends exactly once: completed, failed, timeout or cancelled.
/// </summary>
/// <remarks>All members are thread-safe. A job that a <see cref="HeadgateServiceClient"/> gives stands as it was told, and changes no more: ask again.</remarks>
public sealed class Job
{
    private readonly Acceptance _accepted;
    private readonly ResultRecord? _told;
    private TaskCompletionSource? _ended;
    private volatile ResultRecord? _end;
    private volatile Exchange? _exchange;
    private bool _isReleased;
    private int _status;

    internal Job(string id, JobRequest request, DateTimeOffset createdAt, long acceptedAt, bool isResent = false) =>
        _accepted = new Acceptance(request, id, createdAt, acceptedAt) { TooLarge = "the answer is larger than is kept (maxBody)", IsResent = isResent };

    /// <summary>A job of a service, as it is told of there.</summary>
    /// <exception cref="ArgumentException">No job can be like that: its URL, say, is none.</exception>
    private Job(ResultRecord told) : this(told.RequestId, new JobRequest(told.Url ?? throw new ArgumentException("a job without a URL"))
    {
        Id = told.Id,
        Method = told.Method ?? "GET",
        RawContext = told.Context,
        Tags = told.Tags,
    }, told.CreatedAt, 0)
    {
        if (told.Outcome.Status >= JobStatus.Completed)
            End(told);
        else
            (_told, _status) = (told, (int)told.Outcome.Status);
        Release();
    }

    /// <summary>Its name: that of the request (<see cref="JobRequest.Id"/>), or one made up when it was submitted.</summary>
    public string Id => _accepted.RequestId;

    /// <summary>What is to be sent.</summary>
    public JobRequest Request => _accepted.Request!;

    /// <summary>Where it stands.</summary>
    public JobStatus Status => _end?.Outcome.Status ?? (JobStatus)Volatile.Read(ref _status);

    /// <summary>Whether it has ended, in whatever way.</summary>
    public bool HasEnded => _end is not null;

    /// <summary>Whether it has ended with an answer of 2xx, or with one that was expected.</summary>
    public bool Ok => _end is { Outcome.Ok: true };

    /// <summary>The answer it ended with; null before, and where there was none.</summary>
    public JobResult? Result => _end?.Result;

    /// <summary>Why it did not end well; <see cref="FailureClass.None"/> before its end, and if it did.</summary>
    public FailureClass FailureClass => _end?.Outcome.Class ?? FailureClass.None;

    /// <summary>Why it did not end well, in words; null before its end, and if it did.</summary>
    public string? Error => _end is { Outcome.Class: not FailureClass.None } end ? end.Detail : null;

    /// <summary>What the last attempt that failed came to, even if a later one went well; null if none failed.</summary>
    public string? LastError => Read(end => end.LastError, way => way.LastError);

    /// <summary>How often it was sent, redirects and retries included.</summary>
    public int Attempts => Read(end => end.Attempts, way => way.Attempts);

    /// <summary>When it was submitted.</summary>
    public DateTimeOffset CreatedAt => _accepted.At;

    /// <summary>When it was sent first; null before.</summary>
    public DateTimeOffset? StartedAt => Read(end => end.StartedAt, way => way.FirstSentAt > 0 ? _accepted.At.AddTicks((way.FirstSentAt - _accepted.Mono) / 100) : null);

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? CompletedAt => _end?.CompletedAt;

    /// <summary>From its submission to its end; null before.</summary>
    public TimeSpan? Latency => _end?.Latency;

    /// <summary>How long it has waited for its turn and for its permits, all attempts together; pauses between attempts are not counted.</summary>
    public TimeSpan Wait => Read(end => end.GateWait, way => Clock.Span(way.Waited));

    /// <summary>What held it longest: a limit, a pause the server asked for, the keys; null if nothing did.</summary>
    public string? WaitingFor => Read(end => end.Holding, way => way.HeldBy?.Describe());

    /// <summary>The name of the key of its last attempt; null before its end, and without one.</summary>
    public string? Key => _end?.Key;

    /// <summary>Whether it ended without an answer although the server may have acted on it.</summary>
    public bool MaybeSent => _end is { MaybeSent: true };

    /// <summary>Ends when the job has, however it ended, and its end was told.</summary>
    internal Task Ended
    {
        get
        {
            // Made when somebody first waits: a million that nobody waits for need none.
            var ended = Volatile.Read(ref _ended);
            if (ended is null)
            {
                var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ended = Interlocked.CompareExchange(ref _ended, made, null) ?? made;
            }
            if (Volatile.Read(ref _isReleased))
                ended.TrySetResult();
            return ended.Task;
        }
    }

    internal Acceptance Accepted => _accepted;

    /// <summary>The permit that it asked for last; null before it is on the line, and when it has ended.</summary>
    internal LinePermit? Asked => _exchange?.Asked;

    /// <summary>The named queue it stands in; null for the default one.</summary>
    internal string? Queue { get; init; }

    /// <summary>The name of the API it goes to, and the submission it belongs to, where that is kept.</summary>
    internal (string? Api, string? Batch) Place { get; init; }

    /// <summary>Its attempts so far, where they are kept; replaced whole with each.</summary>
    internal IReadOnlyList<AttemptNote> History { get; set; } = [];

    /// <summary>Completes what is sent at each attempt, last of all; null for nothing.</summary>
    internal Action<HttpRequestMessage>? Sign { get; init; }

    /// <summary>What is told of it in the end; null before.</summary>
    internal ResultRecord? Record => _end;

    /// <inheritdoc cref="Job(ResultRecord)"/>
    internal static Job Told(ResultRecord record) => new(record);

    /// <summary>It is on the line from here on.</summary>
    internal void Begin(Exchange exchange) => _exchange = exchange;

    /// <summary>Changes where it stands; says where it stood. Only by who has it: the queue, then its run.</summary>
    internal JobStatus Move(JobStatus to) => (JobStatus)Interlocked.Exchange(ref _status, (int)to);

    /// <summary>Reads from its end, or from how far it has come. The way is looked at first: it goes when the end is there.</summary>
    private T? Read<T>(Func<ResultRecord, T> ofEnd, Func<Exchange, T> ofWay)
    {
        var way = _exchange;
        return (_end ?? _told) is { } told ? ofEnd(told) : way is null ? default : ofWay(way);
    }

    /// <summary>Its one end.</summary>
    internal void End(ResultRecord record) => (_end, _exchange) = (record, null);

    /// <summary>Lets those go on who wait for its end.</summary>
    internal void Release()
    {
        Volatile.Write(ref _isReleased, true);
        // Whoever asks from here on sees that, whoever asked before is seen here.
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _ended)?.TrySetResult();
    }
}
