using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>What a run has done so far, counted as it happens. Thread-safe.</summary>
internal sealed class Tally(Clock clock)
{
    private readonly long[] _byClass = new long[Enum.GetValues<FailureClass>().Length];
    private readonly ConcurrentDictionary<string, long> _byKey = new();
    private readonly ConcurrentDictionary<string, (long Sent, long Faults)> _byProxy = new();
    private long _finished;
    private long _ok;
    private long _sent;
    private long _retries;
    private long _refusals;
    private long _resent;
    private long _cacheHits;
    private long _inFlight;

    /// <summary>The lines there are to do; null while nobody knows.</summary>
    public long? Total { get; set; }

    /// <summary>Lines that an earlier run finished.</summary>
    public long DoneBefore { get; set; }

    public long Finished => Volatile.Read(ref _finished);

    public long Ok => Volatile.Read(ref _ok);

    public long Failed => Finished - Ok;

    public long Sent => Volatile.Read(ref _sent);

    public long Retries => Volatile.Read(ref _retries);

    public long Refusals => Volatile.Read(ref _refusals);

    public long Resent => Volatile.Read(ref _resent);

    /// <summary>Lines whose answer was there already, and cost nothing.</summary>
    public long CacheHits => Volatile.Read(ref _cacheHits);

    public long InFlight => Volatile.Read(ref _inFlight);

    public Histogram Waits { get; } = new();

    public Histogram Latencies { get; } = new();

    /// <summary>When the first permit was asked for, and when the last result was on disk, in monotonic nanoseconds.</summary>
    public long StartedAt { get; private set; }

    public long EndedAt { get; private set; }

    /// <summary>When the last line was done or given up.</summary>
    public long StoppedAt { get; private set; }

    /// <summary>What holds the queue, as last seen.</summary>
    public string? WaitingFor { get; set; }

    public IEnumerable<KeyValuePair<string, long>> ByKey => _byKey.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    /// <summary>What was sent through each proxy, and how often it was at fault.</summary>
    public IEnumerable<(string Name, long Sent, long Faults)> ByProxy => _byProxy.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Sent, pair.Value.Faults));

    public IEnumerable<(FailureClass Class, long Count)> ByClass =>
        Enum.GetValues<FailureClass>().Select(failure => (failure, Volatile.Read(ref _byClass[(int)failure]))).Where(pair => pair.Item2 > 0);

    public long Of(FailureClass failure) => Volatile.Read(ref _byClass[(int)failure]);

    public void Begin()
    {
        if (StartedAt == 0)
            StartedAt = EndedAt = StoppedAt = clock.Now;
        Interlocked.Increment(ref _inFlight);
    }

    /// <summary>The line is given up without a result: it will be done by a later run.</summary>
    public void Abandon(Exchange? exchange)
    {
        Interlocked.Decrement(ref _inFlight);
        IsIncomplete = true;
        StoppedAt = clock.Now;
        Count(exchange);
    }

    /// <summary>Some lines were left to a later run.</summary>
    public bool IsIncomplete { get; set; }

    public void AttemptEnded(Attempt attempt)
    {
        if (attempt.Permit.Proxy is { } proxy)
            CountAt(proxy.Name, attempt.WasSent, attempt.Failure == FailureClass.Proxy);
        if (!attempt.WasSent)
            return;
        Interlocked.Increment(ref _sent);
        Latencies.Add(attempt.EndedAt - attempt.SentAt);
        if (attempt.Permit.Key is { } key)
            _byKey.AddOrUpdate(key.Name, 1, static (_, count) => count + 1);
    }

    private void CountAt(string proxy, bool wasSent, bool failed) =>
        _byProxy.AddOrUpdate(proxy, static (_, it) => it, static (_, before, it) => (before.Sent + it.Sent, before.Faults + it.Faults), (Sent: wasSent ? 1L : 0, Faults: failed ? 1L : 0));

    /// <summary>A result is on disk.</summary>
    public void Finish(JobOutcome outcome, Exchange? exchange, bool isResent)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref outcome.Ok ? ref _ok : ref _byClass[(int)outcome.Class]);
        Interlocked.Increment(ref _finished);
        EndedAt = StoppedAt = clock.Now;
        if (isResent)
            Interlocked.Increment(ref _resent);
        Count(exchange);
    }

    private void Count(Exchange? exchange)
    {
        if (exchange is null)
            return;
        Interlocked.Add(ref _retries, exchange.RetriesMade);
        Interlocked.Add(ref _refusals, exchange.Refusals);
        if (exchange.Cache?.Word == CacheOutcome.Hit)
            Interlocked.Increment(ref _cacheHits);
        Waits.Add(exchange.Waited);
        if (exchange.HeldBy is { } held && exchange.Waited > Clock.Millisecond)
            WaitingFor = held.Describe();
    }
}
