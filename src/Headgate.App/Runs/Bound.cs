using Headgate.Gates;
using Headgate.Keys;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// The best possible: when the same attempts, each as long as it was, would have ended through the same arithmetic with no time lost in
/// between. Pauses the server asked for are part of it. Thread-safe while it collects.
/// </summary>
internal sealed class Bound
{
    private readonly Lock _lock = new();
    private readonly List<SentOnce> _sent = [];
    private readonly List<Lesson> _lessons = [];

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
            Gate = attempt.Permit.Lane.Gate,
            Key = attempt.Permit.Key,
            Exit = attempt.Permit.Proxy?.Scope,
            Cost = attempt.Permit.Cost,
            Line = (uint)exchange.Terms.Line,
            SentAt = attempt.SentAt,
            AnswerUs = (attempt.AnsweredAt - attempt.SentAt) / Clock.Microsecond,
            EndUs = (attempt.EndedAt - attempt.SentAt) / Clock.Microsecond,
            AfterUs = attempt is { IsHedge: false, Previous: { } previous } ? (attempt.Permit.EnqueuedAt - previous.EndedAt) / Clock.Microsecond : -1,
            Earliest = exchange.Terms.Earliest,
            IsLost = attempt.IsLost,
        };
        lock (_lock)
            _sent.Add(sent);
    }

    /// <summary>Something was learned of a server.</summary>
    public void Add(Lesson lesson)
    {
        lock (_lock)
            _lessons.Add(lesson);
    }

    /// <summary>The span from the first permit asked for to the end of the last attempt, at best, in nanoseconds; null if no limit was in the way.</summary>
    /// <param name="engine">Its APIs.</param>
    /// <param name="startedAt">When the first permit was asked for.</param>
    /// <param name="kind">What is taken from the run as it was.</param>
    public long? Of(Engine engine, long startedAt, BoundKind kind)
    {
        lock (_lock)
        {
            if (_sent.Count == 0)
                return null;
            _sent.Sort(static (a, b) => a.SentAt.CompareTo(b.SentAt));
            return new Replay(engine, startedAt, kind, _lessons).Run(_sent);
        }
    }

    /// <summary>For how long anything was held by the server, in nanoseconds.</summary>
    /// <param name="until">What lies behind this does not count.</param>
    public long Held(long until)
    {
        lock (_lock)
        {
            var (sum, covered) = (0L, long.MinValue);
            foreach (var hold in _lessons.Where(lesson => lesson.HeldUntil is not null).OrderBy(lesson => lesson.At))
            {
                sum += Math.Max(0, Math.Min(hold.HeldUntil!.Value, until) - Math.Max(hold.At, covered));
                covered = Math.Max(covered, hold.HeldUntil.Value);
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
        foreach (var checkpoint in attempt.Permit.TakenOfProxy)
            if (!checkpoint.State.CountsAttempts)
                return true;
        return false;
    }
}

/// <summary>Which of the best possible is meant.</summary>
internal enum BoundKind
{
    /// <summary>Attempts as long as they were, arriving when they could have.</summary>
    Real,

    /// <summary>Attempts as long as they were, arriving when they were sent: what knowing nothing of the way costs.</summary>
    Timeless,

    /// <summary>Attempts that take no time.</summary>
    Nominal,
}

/// <summary>An attempt as it was.</summary>
internal readonly record struct SentOnce
{
    public required Upstream Api { get; init; }

    /// <summary>Which of its gates it passed.</summary>
    public required Gate Gate { get; init; }

    public PoolKey? Key { get; init; }

    /// <summary>The limits of the proxy it went through; null for none.</summary>
    public Scope? Exit { get; init; }

    public required Cost Cost { get; init; }

    public long SentAt { get; init; }

    /// <summary>It could not be sent before: its line said so; monotonic nanoseconds, 0 for no such time.</summary>
    public long Earliest { get; init; }

    public uint Line { get; init; }

    /// <summary>From its first byte to the headers.</summary>
    public long AnswerUs { get; init; }

    /// <summary>From its first byte to the end of the answer.</summary>
    public long EndUs { get; init; }

    /// <summary>From the end of the attempt before it until it asked for its permit; below zero for the first of its line.</summary>
    public long AfterUs { get; init; }

    public bool IsLost { get; init; }
}
