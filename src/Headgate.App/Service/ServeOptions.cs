using Headgate.App.Distribution;
using Headgate.App.Runs;
using Headgate.Configuration;

namespace Headgate.App.Service;

/// <summary>What <c>headgate serve</c> was asked to do.</summary>
internal sealed record ServeOptions
{
    public required EngineSettings Engine { get; init; }

    /// <summary>How it is reached, and whom it sends for.</summary>
    public ServeConfiguration Serve => Engine.Configuration.Serve;

    /// <summary>The file or variable that said where it listens, before what is said of that; empty where the command line or nobody did.</summary>
    public string ListenOrigin => Engine.OriginOf("/serve/listen") is { Source: ValueSource.File or ValueSource.Environment } origin ? $"{origin}: " : "";

    /// <summary>How it keeps its jobs.</summary>
    public JobsConfiguration Jobs => Engine.Configuration.Jobs;

    /// <summary>Jobs are kept in memory only, and end with the process.</summary>
    public bool KeepsNothing => Jobs.Store.Kind == JobPlaceKind.Memory;

    /// <summary>Callers may send to private addresses, too.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>It may listen beyond loopback although no token is needed.</summary>
    public bool AllowsAnyone { get; init; }

    /// <summary>The key distributor, which simulates calls.</summary>
    public required DistributorOptions Distributor { get; init; }
}
