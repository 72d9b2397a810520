using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>What the service has sent since its start, API by API, and what became of its jobs, queue by queue. Thread-safe.</summary>
internal sealed class Traffic
{
    /// <summary>So many names are told apart, of APIs that nobody configured and of queues; the rest is one.</summary>
    private const int MostNames = 1000;

    private readonly ConcurrentDictionary<string, ApiTraffic> _apis = new();
    private readonly ConcurrentDictionary<string, QueueTraffic> _queues = new();

    private long _refused;

    /// <summary>Attempts that a limit of an API refused.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>What was sent to each API, by its name.</summary>
    public IReadOnlyList<KeyValuePair<string, Latencies>> Apis => [.. _apis.OrderBy(api => api.Key, StringComparer.Ordinal).Select(api => KeyValuePair.Create(api.Key, api.Value.Read()))];

    /// <summary>What became of the jobs of each queue, by its name.</summary>
    public IReadOnlyList<KeyValuePair<string, QueueTraffic>> Queues => [.. _queues.OrderBy(queue => queue.Key, StringComparer.Ordinal)];

    /// <summary>An attempt has ended.</summary>
    public void Ended(Attempt attempt)
    {
        // A key that is not accepted is refused, too, but by no limit.
        if (attempt is { WasSent: true, WasRefused: true, Failure: not FailureClass.Auth })
            Interlocked.Increment(ref _refused);
        if (attempt.WasSent)
            Of(_apis, attempt.Upstream.Name).Ended(attempt.EndedAt - attempt.SentAt);
    }

    /// <summary>Jobs are there that were accepted before the start.</summary>
    /// <param name="lane">Their lane, whose last line is the queue.</param>
    public void Begin(LaneCount lane) => OfQueue(lane.Lane.Split('\n') is [.., { Length: > 0 } queue] ? queue : null).AddAtStart(lane.Jobs);

    /// <summary>A job was taken from its queue.</summary>
    public void Taken(StoredJob job) => OfQueue(job.Queue).CountTaken();

    /// <summary>Something became of a job.</summary>
    public void Tell(JobEvent what, Job job) => OfQueue(job.Queue).Count(what, job);

    private QueueTraffic OfQueue(string? name) => Of(_queues, name ?? JobQueues.Default);

    private static T Of<T>(ConcurrentDictionary<string, T> all, string name) where T : new() =>
        all.TryGetValue(name, out var known) ? known : all.GetOrAdd(all.Count < MostNames ? name : "other", static _ => new T());
}

/// <summary>What was sent to one API. Thread-safe.</summary>
internal sealed class ApiTraffic
{
    /// <summary>Median and percentiles are those of so many attempts.</summary>
    private const int Window = 1024;

    private readonly Lock _lock = new();
    private long[] _latest = new long[16];
    private long _sends;
    private Int128 _took;

    /// <summary>An attempt has ended that took so long, nanoseconds from its first byte to the end of its answer.</summary>
    public void Ended(long took)
    {
        lock (_lock)
        {
            // Most APIs of a crawl are asked once or twice.
            if (_sends == _latest.Length && _latest.Length < Window)
                Array.Resize(ref _latest, Window);
            _latest[_sends++ % _latest.Length] = took;
            _took += took;
        }
    }

    /// <summary>How many attempts have ended, and how long they took.</summary>
    public Latencies Read()
    {
        lock (_lock)
        {
            var latest = _latest.AsSpan(0, (int)Math.Min(_sends, _latest.Length)).ToArray();
            Array.Sort(latest);
            return new Latencies(_sends, Clock.Span((long)Int128.Min(_took, long.MaxValue)), At(latest, 50), At(latest, 95));
        }
    }

    /// <summary>The smallest that so many of a hundred do not exceed.</summary>
    private static TimeSpan At(long[] sorted, int percent) => sorted.Length == 0 ? TimeSpan.Zero : Clock.Span(sorted[(sorted.Length * percent + 99) / 100 - 1]);
}

/// <summary>How long attempts took.</summary>
/// <param name="Count">How many have ended.</param>
/// <param name="Total">All together.</param>
/// <param name="Median">Of the last 1,024.</param>
/// <param name="P95">Of the last 1,024.</param>
internal readonly record struct Latencies(long Count, TimeSpan Total, TimeSpan Median, TimeSpan P95)
{
    public double Average => Count == 0 ? 0 : Math.Round(Total.TotalSeconds / Count, 6);
}

/// <summary>What became of the jobs of one queue. Thread-safe.</summary>
internal sealed class QueueTraffic
{
    private readonly long[] _events = new long[Enum.GetValues<JobEvent>().Length];
    private long _atStart;
    private long _taken;
    private long _worked;

    /// <summary>How often something became of one of its jobs.</summary>
    public long this[JobEvent what] => Volatile.Read(ref _events[(int)what]);

    /// <summary>How many of its jobs were taken from it; one that went back, as often as it was.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>From the first byte of each job that has ended to its end, pauses between attempts too.</summary>
    public TimeSpan Worked => new(Volatile.Read(ref _worked));

    /// <summary>Failed, or too late: each is a dead letter then.</summary>
    public long Failed => this[JobEvent.Failed] + this[JobEvent.Timeout];

    /// <summary>How many of its jobs have not ended.</summary>
    public long Open => Math.Max(0, Volatile.Read(ref _atStart) + this[JobEvent.Submitted] - this[JobEvent.Completed] - Failed - this[JobEvent.Cancelled]);

    public void AddAtStart(long jobs) => Interlocked.Add(ref _atStart, jobs);

    public void CountTaken() => Interlocked.Increment(ref _taken);

    public void Count(JobEvent what, Job job)
    {
        Interlocked.Increment(ref _events[(int)what]);
        if (job is { HasEnded: true, StartedAt: { } began, CompletedAt: { } ended } && what is JobEvent.Completed or JobEvent.Failed or JobEvent.Timeout or JobEvent.Cancelled)
            Interlocked.Add(ref _worked, Math.Max(0, (ended - began).Ticks));
    }
}
