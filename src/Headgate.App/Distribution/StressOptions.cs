namespace Headgate.App.Distribution;

/// <summary>What <c>headgate stress</c> was asked to do.</summary>
internal sealed record StressOptions
{
    /// <summary>So many call at once, each once.</summary>
    public required int Callers { get; init; }

    /// <summary>How many calls each of them causes; null for what the service was set up for.</summary>
    public int? Requests { get; init; }

    /// <summary>How long each of them waits for its answer.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The service; null to start one.</summary>
    public Uri? Url { get; init; }

    /// <summary>How the one that is started is set up.</summary>
    public required DistributorOptions Distributor { get; init; }

    /// <summary>Each caller is told of.</summary>
    public bool Details { get; init; }

    public bool Json { get; init; }
}
