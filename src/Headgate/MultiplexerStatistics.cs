namespace Headgate;

/// <summary>What a <see cref="Multiplexer"/> has done since it was started, and how things stand. Immutable.</summary>
public sealed record MultiplexerStatistics
{
    /// <summary>How many jobs were taken.</summary>
    public long Submitted { get; internal init; }

    /// <summary>How many were refused when they were submitted.</summary>
    public long Rejected { get; internal init; }

    /// <summary>How many wait for their time. Jobs in a file do so there, and are among <see cref="Queued"/>.</summary>
    public long Pending { get; internal init; }

    /// <summary>How many wait for their turn; of jobs in a file those that wait for their time are among them.</summary>
    public long Queued { get; internal init; }

    /// <summary>How many are under way.</summary>
    public long Processing { get; internal init; }

    /// <summary>How many wait to be tried again.</summary>
    public long Retrying { get; internal init; }

    /// <summary>How many were refused by a limit of the server and wait for the end of the pause it asked for.</summary>
    public long RateLimited { get; internal init; }

    /// <summary>How many ended with an answer.</summary>
    public long Completed { get; internal init; }

    /// <summary>How many of <see cref="Completed"/> ended with an answer of 2xx, or with one that was expected.</summary>
    public long Ok { get; internal init; }

    /// <summary>How many ended without a usable answer.</summary>
    public long Failed { get; internal init; }

    /// <summary>How many ended by their timeout or deadline.</summary>
    public long TimedOut { get; internal init; }

    /// <summary>How many were cancelled.</summary>
    public long Cancelled { get; internal init; }

    /// <summary>How many have ended, in whatever way.</summary>
    public long Ended => Completed + Failed + TimedOut + Cancelled;

    /// <summary>How often a job was tried again.</summary>
    public long Retries { get; internal init; }

    /// <summary>How often a limit of a server refused one.</summary>
    public long Refusals { get; internal init; }

    /// <summary>The part of those that ended that are <see cref="Ok"/>, from 0 to 1; 1 while none has ended.</summary>
    public double SuccessRate => Ended == 0 ? 1 : (double)Ok / Ended;

    /// <summary>From submission to end, on average over those that have ended; zero while none has.</summary>
    public TimeSpan AverageLatency { get; internal init; }

    /// <summary>The most requests that were in flight at once.</summary>
    public long PeakConcurrency { get; internal init; }

    /// <summary>Since when it runs.</summary>
    public TimeSpan Uptime { get; internal init; }

    /// <summary>How many have ended in a second, on average since it was started.</summary>
    public double RequestsPerSecond => Uptime > TimeSpan.Zero ? Ended / Uptime.TotalSeconds : 0;
}
