using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Retries;

namespace Headgate.App.Runs;

internal enum ProgressMode
{
    Auto,
    Plain,
    Json,
    Off,
}

/// <summary>When too many have failed: a number, or a part of those finished (of at least 100).</summary>
internal readonly record struct MaxFailures(long? Count, Percentage? Part)
{
    /// <summary>Whether a run that goes on is to stop: the first few that fail do not make a percentage.</summary>
    public bool IsReached(long failed, long finished) => (finished >= 100 || Part is null) && IsExceeded(failed, finished);

    /// <summary>Whether more have failed than may; for a run that is over, however short it was.</summary>
    public bool IsExceeded(long failed, long finished) => failed > Count || (Part is { } part && failed > part.Of(finished));

    public override string ToString() => Part is { } part ? $"{part}" : $"{Count}";
}

/// <summary>What <c>run</c> was asked to do.</summary>
internal sealed record RunOptions
{
    /// <summary>The file of requests, or <c>-</c>.</summary>
    public required string Input { get; init; }

    /// <summary>The file of results; null for standard output.</summary>
    public string? Results { get; init; }

    public required EngineSettings Engine { get; init; }

    public bool Ordered { get; init; }

    public string? FailedTo { get; init; }

    public string? BodyDirectory { get; init; }

    /// <summary>Forgets results, never sends.</summary>
    public bool Fresh { get; init; }

    public bool RetryFailed { get; init; }

    /// <summary>Sends again what may have been sent, even where that could do harm.</summary>
    public bool ResendMaybe { get; init; }

    public bool SkipBad { get; init; }

    public IReadOnlyList<int> OkStatuses { get; init; } = [];

    public MaxFailures MaxFailures { get; init; }

    public Moment? Deadline { get; init; }

    public bool DryRun { get; init; }

    public ProgressMode Progress { get; init; }

    public bool Json { get; init; }

    public string LedgerPath => Results + ".ledger";

    /// <summary>Whether a request that an earlier run may have sent can be sent again without harm, or is to be all the same.</summary>
    public bool MayResend(JobRequest request) => ResendMaybe || request.IsRepeatable;
}
