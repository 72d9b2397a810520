using System.Runtime.InteropServices;
using Headgate.Limits;

namespace Headgate.App.Simulator;

/// <summary>What a request says of itself, as far as the judge needs it.</summary>
/// <param name="identity">The key or address whose limits hold; empty if it names none.</param>
/// <param name="item">The item it is about, if it says so.</param>
internal readonly ref struct Plea(string method, string path, ReadOnlySpan<char> identity, string? item, RequestCost cost, Route route)
{
    public string Method => method;

    public string Path => path;

    public ReadOnlySpan<char> Identity { get; } = identity;

    public string? Item => item;

    public RequestCost Cost { get; } = cost;

    public Route Route { get; } = route;
}

/// <summary>What was decided at a request's arrival. It must be ended once with <see cref="Judge.End"/>.</summary>
/// <param name="Number">The number of the arrival, from 1.</param>
/// <param name="Chronicle">Where it is recorded; another one after a reset.</param>
/// <param name="At">When it arrived.</param>
/// <param name="Scope">Whose limits held.</param>
/// <param name="Cost">What it cost.</param>
/// <param name="Route">What it asked for.</param>
/// <param name="RefusedBy">The limit that refused it for longest; null if it was accepted.</param>
/// <param name="Wait">For a refused one: how long until it would be let in; <see cref="Models.ServerModel.Never"/> if never.</param>
/// <param name="Fault">For an accepted one: what goes wrong.</param>
/// <param name="Latency">For an accepted one: how long until its answer.</param>
/// <param name="Quotas">Where each limit stands now, if the style of the answers tells it.</param>
internal sealed record Verdict(
    long Number,
    Chronicle Chronicle,
    long At,
    Scope Scope,
    RequestCost Cost,
    Route Route,
    Limit? RefusedBy,
    long Wait,
    Fault Fault,
    TimeSpan Latency,
    Quota[]? Quotas)
{
    public bool IsAccepted => RefusedBy is null;

    /// <summary>What goes wrong instead of an answer, by chance or because the path asks for it.</summary>
    public FaultKind FaultKind => !IsAccepted ? FaultKind.None : Fault.Kind != FaultKind.None ? Fault.Kind : Route.Fault;

    /// <summary>How long until the answer.</summary>
    public TimeSpan Delay => IsAccepted && Route.Kind == RouteKind.Delay ? Latency + TimeSpan.FromMilliseconds(Route.Number) : Latency;
}

/// <summary>Where a limit stands.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Room">How much there is in all.</param>
/// <param name="Used">How much of it is taken.</param>
/// <param name="FreeIn">Ticks until all of it is free, if nothing more comes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Quota(Limit Limit, long Room, long Used, long FreeIn)
{
    public long Remaining => Math.Max(0, Room - Used);
}
