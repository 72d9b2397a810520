namespace Headgate.App.Simulator.Models;

/// <summary>
/// One way in which a server counts. Pure: time is an argument, in ticks of 100 ns since the Unix epoch, and never goes back.
/// A model is used twice for each limit: one counts what was accepted and so decides, one counts everything offered and so judges the client.
/// </summary>
internal abstract class ServerModel
{
    /// <summary>The wait of what can never be let in: its cost is above the whole limit.</summary>
    public const long Never = long.MaxValue;

    /// <summary>How it counts, in a word.</summary>
    public abstract string Name { get; }

    /// <summary>The most there can be in a window, the room of a bucket, the places; for spaced: the gap in ms.</summary>
    public abstract double Allowed { get; }

    /// <summary>The most that was ever counted in one window (level of the bucket, places taken); for spaced: the smallest gap in ms. Null before anything was counted.</summary>
    public abstract double? Worst { get; }

    /// <summary><see cref="Worst"/> as a share of <see cref="Allowed"/>: above 100 the limit was exceeded.</summary>
    public virtual double WorstPercent => 100 * (Worst ?? 0) / Allowed;

    /// <summary>How long until this cost would be let in: 0 is now; <see cref="Never"/> if it is above the whole limit.</summary>
    public abstract long Wait(long now, long cost);

    /// <summary>Counts it, whether there is room or not.</summary>
    public abstract void Add(long now, long cost);

    /// <summary>It is no longer in flight. Only a limit of places takes notice.</summary>
    public virtual void End(long cost) { }

    /// <summary>The limit has another amount from now on; what was counted stays counted. False if this model cannot change so.</summary>
    /// <param name="to">The same limit with another amount.</param>
    /// <param name="now">From when on.</param>
    public virtual bool Change(Headgate.Limits.Limit to, long now) => false;

    /// <summary>How much of <see cref="Room"/> is taken now, rounded up.</summary>
    public abstract long Used(long now);

    /// <summary>How much there is in all, as a header would name it.</summary>
    public abstract long Room { get; }

    /// <summary>How long until all of it is free again, if nothing more comes.</summary>
    public abstract long FreeIn(long now);

    /// <summary>Division rounded up, of numbers not below zero.</summary>
    protected static long Ceiling(Int128 dividend, Int128 divisor) => (long)((dividend + divisor - 1) / divisor);
}
