using Headgate.App.Simulator.Models;

namespace Headgate.App.Simulator;

/// <summary>One whom limits are counted for, with its counts.</summary>
/// <param name="Number">From 1, in the order of first arrival.</param>
/// <param name="Name">As shown.</param>
/// <param name="Fingerprint">Of a key's value; null for others.</param>
/// <param name="Tallies">One for each limit, in their order.</param>
internal sealed record Scope(int Number, string Name, string? Fingerprint, LimitTally[] Tallies)
{
    public long Arrivals { get; set; }

    public long Refused { get; set; }
}

/// <summary>What one limit counted for one scope.</summary>
/// <param name="Accepted">What was let in: this one decides.</param>
/// <param name="Offered">All that came: this one only judges.</param>
internal sealed record LimitTally(ServerModel Accepted, ServerModel Offered)
{
    public long Refused { get; set; }
}
