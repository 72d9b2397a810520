using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>Which of the limits that were there each new one takes over from: the same one, else the one that knows what it looks back on. Pure.</summary>
internal static class Heirs
{
    /// <summary>A predecessor for each state, of which none has two heirs; null where none is left that counted the same.</summary>
    public static Checkpoint?[] Of(IReadOnlyList<LimitState> states, IReadOnlyList<Checkpoint> past)
    {
        var heirs = new Checkpoint?[states.Count];
        var free = past.ToList();
        for (var index = 0; index < heirs.Length; index++)
            Take(index, free.Find(checkpoint => checkpoint.State.Limit == states[index].Limit));
        // Who looks back farthest chooses first: it has fewest who could tell.
        foreach (var index in Enumerable.Range(0, heirs.Length).Where(index => heirs[index] is null).OrderByDescending(index => states[index].Reach).ToList())
            Take(index, Nearest(states[index], free));
        return heirs;

        void Take(int index, Checkpoint? heir)
        {
            heirs[index] = heir;
            if (heir is not null)
                free.Remove(heir);
        }
    }

    /// <summary>The one that counted the same, and looks back as far or a little farther; if none does, the one that looks back farthest. Null for none.</summary>
    public static Checkpoint? Nearest(LimitState state, IEnumerable<Checkpoint> among)
    {
        Checkpoint? nearest = null;
        foreach (var checkpoint in among.Where(checkpoint => state.CanInherit(checkpoint.State)))
            if (nearest is null || IsNearer(checkpoint.State, nearest.State, state.Reach))
                nearest = checkpoint;
        return nearest;
    }

    /// <summary>Whether a limit that follows another can know from it exactly what came before; else more is assumed, and nothing earlier.</summary>
    public static bool Knows(LimitState old, LimitState next) =>
        old.Limit.Algorithm == LimitAlgorithm.Concurrent
        || (old.Limit.Algorithm == next.Limit.Algorithm && old.Limit.Period == next.Limit.Period && old.Limit.IsMonthly == next.Limit.IsMonthly)
        || (IsLog(old) && IsLog(next) && old.Reach >= next.Reach);

    private static bool IsLog(LimitState state) => state.Limit.Algorithm is LimitAlgorithm.Sliding or LimitAlgorithm.Fixed;

    private static bool IsNearer(LimitState one, LimitState other, long reach) =>
        one.Reach >= reach ? other.Reach < reach || one.Reach < other.Reach : other.Reach < reach && one.Reach > other.Reach;
}
