using System.Net;
using Headgate.App.Simulator.Models;
using Headgate.Limits;

namespace Headgate.App.Simulator;

/// <summary>What the simulated API enforces and how it behaves. Without any: it answers everything at once.</summary>
internal sealed record SimulatorOptions
{
    /// <summary>What is enforced, all together: a request that any of them refuses is counted by none of them.</summary>
    public IReadOnlyList<Limit> Limits { get; init; } = [];

    /// <summary>Who has limits of their own.</summary>
    public ScopeKind Per { get; init; } = ScopeKind.Key;

    /// <summary>Counts all limits with a period in another way than they declare.</summary>
    public ModelChoice Model { get; init; } = ModelChoice.Declared;

    /// <summary>How long a request travels: it counts as arrived only then, and does so even if its sender is gone.</summary>
    public UplinkDelay Uplink { get; init; } = UplinkDelay.None;

    /// <summary>How long an accepted request takes from its arrival to its answer. Refusals are answered at once.</summary>
    public LatencyShape Latency { get; init; } = LatencyShape.None;

    /// <summary>What goes wrong with accepted, counted requests.</summary>
    public FaultShares Errors { get; init; } = FaultShares.None;

    /// <summary>Whose headers the answers carry.</summary>
    public AnswerStyle Style { get; init; } = AnswerStyle.Plain;

    /// <summary>From which all chance follows.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Speak HTTP/2 with prior knowledge (h2c) instead of HTTP/1.1: one cleartext port cannot do both.</summary>
    public bool Http2 { get; init; }

    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);
}

internal enum ScopeKind
{
    /// <summary>Each key: the credentials of Authorization, X-Api-Key, or <c>api_key</c> of the query. All requests without one share limits.</summary>
    Key,

    /// <summary>Each client address.</summary>
    Ip,

    /// <summary>Everything together.</summary>
    All,
}

/// <summary>Whose headers and refusals are imitated.</summary>
internal enum AnswerStyle
{
    /// <summary>429 with Retry-After in whole seconds, rounded up.</summary>
    Plain,

    /// <summary>A bare 429.</summary>
    None,
    GitHub,
    OpenAI,
    Shopify,
    Ietf,
}
