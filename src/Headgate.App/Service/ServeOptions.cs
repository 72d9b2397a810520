using System.Net;
using Headgate.App.Runs;

namespace Headgate.App.Service;

/// <summary>What <c>headgate serve</c> was asked to do.</summary>
internal sealed record ServeOptions
{
    public const int UsualPort = 8015;

    /// <summary>Where the API listens: addresses of this machine.</summary>
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>Where jobs, what was sent, and what is remembered of limits are kept.</summary>
    public required string Data { get; init; }

    public required EngineSettings Engine { get; init; }

    /// <summary>Jobs are kept in memory only, and end with the process.</summary>
    public bool KeepsNothing { get; init; }

    /// <summary>Callers may send to private addresses, too.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>Beyond so many jobs that have not ended, none is accepted.</summary>
    public long MostOpen { get; init; } = 1_000_000;

    /// <summary>The API that all paths belong to that are not the service's own; null for none.</summary>
    public string? Root { get; init; }

    /// <summary>How long jobs that have ended are kept.</summary>
    public TimeSpan KeepsEnded { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a call to the gateway waits for its turn; then it is answered 429.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long requests in flight may take when it stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(25);
}
