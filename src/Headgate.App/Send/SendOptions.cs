using Headgate.App.Runs;
using Headgate.Jobs;

namespace Headgate.App.Send;

/// <summary>What <c>send</c> was asked to do.</summary>
internal sealed record SendOptions
{
    public required JobRequest Request { get; init; }

    public required EngineSettings Engine { get; init; }

    /// <summary>Tells step by step what happens.</summary>
    public bool Explain { get; init; }

    /// <summary>The result as a line of <c>run</c>, instead of the body.</summary>
    public bool Json { get; init; }
}
