namespace Headgate;

/// <summary>What a <see cref="WorkPool"/> has done since it was made, and how things stand. Immutable.</summary>
public sealed record WorkPoolStatistics
{
    /// <summary>How many pieces of work were submitted.</summary>
    public long Total { get; internal init; }

    /// <summary>How many went well.</summary>
    public long Completed { get; internal init; }

    /// <summary>How many failed at last.</summary>
    public long Failed { get; internal init; }

    /// <summary>How many were cancelled.</summary>
    public long Cancelled { get; internal init; }

    /// <summary>How often one was tried again.</summary>
    public long Retries { get; internal init; }

    /// <summary>How many are under way.</summary>
    public long Active { get; internal init; }

    /// <summary>How many wait: for a limit, a free place or their next attempt.</summary>
    public long Waiting => Total - Completed - Failed - Cancelled - Active;

    /// <summary>How long those that have ended had waited for limits and a free place, all together.</summary>
    public TimeSpan TotalWait { get; internal init; }

    /// <summary>The same on average; zero while none has ended.</summary>
    public TimeSpan AverageWait => Ended == 0 ? TimeSpan.Zero : TotalWait / Ended;

    /// <summary>From the first submission to the last end, or until now while there is work.</summary>
    public TimeSpan Duration { get; internal init; }

    /// <summary>How many have ended in a second, on average over <see cref="Duration"/>.</summary>
    public double TasksPerSecond => Duration > TimeSpan.Zero ? Ended / Duration.TotalSeconds : 0;

    private long Ended => Completed + Failed + Cancelled;
}
