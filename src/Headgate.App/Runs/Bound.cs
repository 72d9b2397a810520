using Headgate.Gates;
using Headgate.Keys;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// The best possible: when the same attempts, each as long as it was, would have ended through the same arithmetic with no time lost in
/// between. Pauses the server asked for are part of it. Thread-safe while it collects.
/// </summary>
internal sealed class Bound(Clock clock)
{
    private readonly Lock _lock = new();
    private readonly List<SentOnce> _sent = [];
    private readonly List<(Scope Scope, long At, long Until)> _holds = [];

    /// <summary>An attempt has ended.</summary>
    public void Add(Attempt attempt)
    {
        // Where nothing limits there is no bound, and a million attempts need not be remembered.
        if (!attempt.WasSent || !IsLimited(attempt))
            return;
        var exchange = attempt.Exchange;
        var sent = new SentOnce
        {
            Api = attempt.Upstream,
            Key = attempt.Permit.Key,
            Cost = attempt.Permit.Cost,
            Line = (uint)exchange.Line,
            SentAt = attempt.SentAt,
            AnswerUs = (int)((attempt.AnsweredAt - attempt.SentAt) / Clock.Microsecond),
            EndUs = (int)((attempt.EndedAt - attempt.SentAt) / Clock.Microsecond),
            AfterUs = attempt.Previous is { } previous ? (int)((attempt.Permit.EnqueuedAt - previous.EndedAt) / Clock.Microsecond) : -1,
            Earliest = exchange.Earliest,
            IsLost = attempt.IsLost,
        };
        lock (_lock)
            _sent.Add(sent);
    }

    /// <summary>The server asked a scope to pause until a time.</summary>
    public void Hold(Scope scope, long until)
    {
        lock (_lock)
            _holds.Add((scope, clock.Now, until));
    }

    /// <summary>The span from the first permit asked for to the end of the last attempt, at best, in nanoseconds; null if no limit was in the way.</summary>
    /// <param name="engine">Its APIs, with the limits they have now.</param>
    /// <param name="startedAt">When the first permit was asked for.</param>
    /// <param name="withDurations">As they were, or (nominal) none.</param>
    public long? Of(Engine engine, long startedAt, bool withDurations)
    {
        lock (_lock)
        {
            if (_sent.Count == 0)
                return null;
            _sent.Sort(static (a, b) => a.SentAt.CompareTo(b.SentAt));
            return new Replay(engine, startedAt, withDurations).Run(_sent, _holds);
        }
    }

    /// <summary>For how long anything was held by the server, in nanoseconds.</summary>
    /// <param name="until">What lies behind this does not count.</param>
    public long Held(long until)
    {
        lock (_lock)
        {
            var (sum, covered) = (0L, long.MinValue);
            foreach (var (_, from, to) in _holds.OrderBy(hold => hold.At))
            {
                sum += Math.Max(0, Math.Min(to, until) - Math.Max(from, covered));
                covered = Math.Max(covered, to);
            }
            return sum;
        }
    }

    private static bool IsLimited(Attempt attempt)
    {
        foreach (var checkpoint in attempt.Permit.Taken)
            if (!checkpoint.State.CountsAttempts)
                return true;
        foreach (var checkpoint in attempt.Permit.TakenOfKey)
            if (!checkpoint.State.CountsAttempts)
                return true;
        return false;
    }
}

/// <summary>An attempt as it was.</summary>
internal readonly record struct SentOnce
{
    public required Upstream Api { get; init; }

    public PoolKey? Key { get; init; }

    public required Cost Cost { get; init; }

    public long SentAt { get; init; }

    /// <summary>It could not be sent before: its line said so; monotonic nanoseconds, 0 for no such time.</summary>
    public long Earliest { get; init; }

    public uint Line { get; init; }

    /// <summary>From its first byte to the headers.</summary>
    public int AnswerUs { get; init; }

    /// <summary>From its first byte to the end of the answer.</summary>
    public int EndUs { get; init; }

    /// <summary>From the end of the attempt before it until it asked for its permit; below zero for the first of its line.</summary>
    public int AfterUs { get; init; }

    public bool IsLost { get; init; }
}
