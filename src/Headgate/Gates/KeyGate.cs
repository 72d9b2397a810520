using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>
/// The gate of a key that is awake, because somebody waits there or may give something back; or the bench for those that are at rest, laid
/// down as a few integers. Owned by the lock of its dispatcher.
/// </summary>
internal sealed class KeyGate(KeyPlan plan, Gate gate, Scope scope)
{
    /// <summary>A key of which more than this is known stays awake, so that it need not be copied each time.</summary>
    private const int MostAtRest = 256;

    /// <summary>At rest, what comes before the states: the plan, when nothing will be left of it, how many were let go and refused.</summary>
    private const int Head = 4;

    public Gate Gate => gate;

    public KeyPlan Plan { get; private set; } = plan;

    /// <summary>When somebody last had to wait, or got something that can be given back.</summary>
    public long NeededAt { get; set; }

    public static int PlanOf(long[] rest) => (int)rest[0];

    /// <summary>When nothing of what was let go counts any more.</summary>
    public static long IdleAt(long[] rest) => rest[1];

    public static void CountRefusal(long[] rest) => rest[3]++;

    /// <summary>Whether it was made far larger than it is now.</summary>
    public static bool IsLoose(long[] rest) => rest.Length > 4 * Head + 2 * (rest[0] >> 32);

    /// <summary>Takes up a key of the same plan.</summary>
    public void Load(long[] rest)
    {
        (gate.Granted, gate.Refused) = (rest[2], rest[3]);
        var tape = Tape.Reading(rest.AsSpan(Head));
        foreach (var limit in scope.Checkpoints)
            limit.State.Pass(ref tape);
    }

    /// <summary>Lays down what is known of the key, where it lay before if there is room; null if it is too much.</summary>
    public long[]? Save(long[]? rest, KeyPlan plan)
    {
        Span<long> scratch = stackalloc long[rest is null ? MostAtRest : 0];
        var length = Write(rest is null ? scratch : rest.AsSpan(Head));
        if (length > MostAtRest)
            return null;
        if (rest is null)
        {
            rest = new long[Head + length];
            scratch[..length].CopyTo(rest.AsSpan(Head));
        }
        else if (length > rest.Length - Head)
        {
            rest = new long[Head + length + length / 4];
            Write(rest.AsSpan(Head));
        }
        var idleAt = long.MinValue;
        foreach (var limit in scope.Checkpoints)
            idleAt = Math.Max(idleAt, limit.State.IdleAt);
        (rest[0], rest[1], rest[2], rest[3]) = (((long)length << 32) | (uint)plan.Id, idleAt, gate.Granted, gate.Refused);
        return rest;
    }

    /// <summary>Whether the key is as one never used.</summary>
    public bool IsIdle(long now) => scope.IsIdle(now);

    /// <summary>Whether the key can be laid down: nobody has waited for a while, and nobody has anything to give back.</summary>
    public bool CanRest(long now)
    {
        if (gate.Waiting > 0 || NeededAt > now - Time.Clock.Second || (gate.Leases > 0 && gate.LastUsed > now - gate.MaxHold))
            return false;
        foreach (var limit in scope.Checkpoints)
        {
            limit.State.IsIdle(now);
            if (limit.State.IdleAt == LimitState.Never)
                return false;
        }
        return true;
    }

    /// <summary>Follows to other limits, taken as of the time of the change.</summary>
    public void MoveTo(KeyPlan next, long at)
    {
        scope.Change(next.Limits, at);
        Plan = next;
    }

    private int Write(Span<long> into)
    {
        var tape = Tape.Writing(into);
        foreach (var limit in scope.Checkpoints)
            limit.State.Pass(ref tape);
        return tape.Length;
    }
}
