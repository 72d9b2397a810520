namespace Headgate.Caching;

/// <summary>How it ended that one asked for many.</summary>
internal enum FlightEnd
{
    /// <summary>The answer is stored: look again.</summary>
    Kept,

    /// <summary>The answer is for nobody else, or there is none: each asks for itself.</summary>
    Alone,

    /// <summary>Whoever asked has gone, or its answer was chosen by what this one does not say: look again whom to wait for.</summary>
    Gone,
}

/// <summary>How a request is sent that others may wait for.</summary>
/// <param name="Priority">How urgent it is.</param>
/// <param name="IsDirect">Somebody waits for its answer.</param>
/// <param name="Queue">The named queue in whose limits it counts.</param>
/// <param name="Country">The country in whose limits it counts.</param>
internal readonly record struct FlightTerms(RequestPriority Priority, bool IsDirect, string? Queue, string? Country)
{
    /// <summary>Whether another one waits no longer for this than it would by itself: it is no more urgent, passes the same limits, and does not wait for what takes its time.</summary>
    public bool AreGoodFor(in FlightTerms other) => Priority <= other.Priority && (IsDirect || !other.IsDirect) && Queue == other.Queue && Country == other.Country;
}

/// <summary>One request on its way whose answer others wait for, who would send the same. Thread-safe.</summary>
/// <param name="terms">How it is sent.</param>
/// <param name="time">The clock.</param>
internal sealed class Flight(FlightTerms terms, TimeProvider time)
{
    /// <summary>So long a body may take that others wait for: its reader may be slow, or have stopped.</summary>
    public static readonly TimeSpan LongestBody = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<FlightEnd?> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<FlightEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Selecting? _selecting;

    /// <summary>When its body began, in stamps of the clock; of use once there is a <see cref="_selecting"/>.</summary>
    private long _sharedAt;
    private int _followers;

    /// <summary>Whether anybody has waited for it.</summary>
    public bool HadFollowers => Volatile.Read(ref _followers) > 0;

    /// <summary>By which fields its answer was chosen; null until its head has told that.</summary>
    public IReadOnlyList<string>? Names => _selecting?.Names;

    /// <summary>Where it is found among those of its URL: <see cref="Flights"/> alone reads and writes it, under its lock.</summary>
    public string Variant { get; set; } = "";

    /// <summary>Whether one of the same variant may wait for it: not if its body has taken too long already.</summary>
    public bool IsFor(in FlightTerms other) => terms.AreGoodFor(other) && (_selecting is null || BodyLeft > TimeSpan.Zero);

    /// <summary>Its answer will be stored, for those who would have been given the same: <see cref="Flights.Share"/>.</summary>
    public void Share(Selecting selecting)
    {
        _sharedAt = time.GetTimestamp();
        _selecting = selecting;
        _head.TrySetResult(null);
    }

    /// <summary>It is over; the first who says so is right.</summary>
    public void End(FlightEnd end)
    {
        _end.TrySetResult(end);
        _head.TrySetResult(end);
    }

    /// <summary>Waits for its end, or until it is clear that there is nothing to wait for.</summary>
    /// <param name="request">Who waits.</param>
    /// <param name="longest">How long at most.</param>
    /// <param name="cancellation">Whoever waits has gone.</param>
    public async ValueTask<FlightEnd> FollowAsync(CacheRequest request, TimeSpan longest, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _followers);
        var begun = time.GetTimestamp();
        try
        {
            if (await _head.Task.WaitAsync(longest, time, cancellation).ConfigureAwait(false) is { } ended)
                return ended;
            if (_selecting?.Matches(request.Fields, null) == false)
                return FlightEnd.Gone;
            var (left, body) = (longest == Timeout.InfiniteTimeSpan ? LongestBody : longest - time.GetElapsedTime(begun), BodyLeft);
            left = left < body ? left : body;
            return left <= TimeSpan.Zero ? FlightEnd.Alone : await _end.Task.WaitAsync(left, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return FlightEnd.Alone;
        }
    }

    /// <summary>How long its body may yet take, once it has begun.</summary>
    private TimeSpan BodyLeft => LongestBody - time.GetElapsedTime(_sharedAt);
}
