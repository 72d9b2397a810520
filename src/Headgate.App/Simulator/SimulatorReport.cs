using System.Text.Json.Serialization;

namespace Headgate.App.Simulator;

/// <summary>What <c>GET /__report</c> says.</summary>
/// <param name="Arrivals">Requests that arrived; those of <c>/__…</c> are not counted anywhere.</param>
/// <param name="Accepted">Those that all limits let in.</param>
/// <param name="Refused">Those that a limit refused.</param>
/// <param name="Answered">Answers handed to the network, refusals among them.</param>
/// <param name="Abandoned">Requests whose client was gone when the answer was ready.</param>
/// <param name="InFlight">Accepted, not answered yet.</param>
/// <param name="MaxInFlight">The most there ever were of these.</param>
/// <param name="FirstArrival">UTC; null before the first.</param>
/// <param name="LastArrival">UTC; null before the first.</param>
/// <param name="SpanSeconds">From the first arrival to the last.</param>
/// <param name="Rate">Arrivals per second over that span; 0 for fewer than two.</param>
/// <param name="Statuses">Arrivals by the status decided on; <c>none</c> for those that get no answer.</param>
/// <param name="Errors">Faults of <c>--errors</c> by kind.</param>
/// <param name="Methods">Arrivals by method.</param>
/// <param name="Limits">One entry for each limit, in their order.</param>
/// <param name="Items">What became of the items that requests named with <c>X-Item</c> or <c>?item=</c>.</param>
/// <param name="Keys">Those whom limits are counted for, at most 1,000, in the order of their first arrival.</param>
/// <param name="KeyCount">How many there are in all.</param>
/// <param name="Seed">From which all chance followed.</param>
/// <param name="Failures">The first ten failures of the simulator itself; with any, nothing here can be trusted.</param>
internal sealed record SimulatorReport(
    long Arrivals,
    long Accepted,
    long Refused,
    long Answered,
    long Abandoned,
    long InFlight,
    long MaxInFlight,
    DateTimeOffset? FirstArrival,
    DateTimeOffset? LastArrival,
    double SpanSeconds,
    double Rate,
    IReadOnlyDictionary<string, long> Statuses,
    IReadOnlyDictionary<string, long> Errors,
    IReadOnlyDictionary<string, long> Methods,
    IReadOnlyList<LimitReport> Limits,
    ItemReport Items,
    IReadOnlyList<ScopeReport> Keys,
    int KeyCount,
    int Seed,
    IReadOnlyList<string> Failures);

/// <summary>What one limit saw, over all it is counted for.</summary>
/// <param name="Limit">The limit as declared.</param>
/// <param name="Model">How it was counted.</param>
/// <param name="Scope">Whom it is counted for: <c>key</c>, <c>ip</c> or <c>all</c>.</param>
/// <param name="Allowed">The most in a window, the room of a bucket, the places; for spaced: the gap in ms.</param>
/// <param name="WorstWindow">The most accepted in any window (highest level, most places; for spaced: the smallest gap in ms); null if nothing was counted.</param>
/// <param name="WorstPercent">The same as a share of what is allowed.</param>
/// <param name="OfferedWorstWindow">The most that arrived in any window, refused or not.</param>
/// <param name="OfferedWorstPercent">The same as a share of what is allowed: above 100 the client broke the limit.</param>
/// <param name="WorstKey">For whom the worst was offered.</param>
/// <param name="Refused">Requests this limit had no room for.</param>
internal sealed record LimitReport(
    string Limit,
    string Model,
    string Scope,
    double Allowed,
    double? WorstWindow,
    double WorstPercent,
    double? OfferedWorstWindow,
    double OfferedWorstPercent,
    string? WorstKey,
    long Refused);

/// <summary>What became of the items.</summary>
/// <param name="Distinct">Different items that arrived.</param>
/// <param name="Succeeded">Those answered 2xx at least once.</param>
/// <param name="Lost">Those that arrived and were never answered 2xx.</param>
/// <param name="Doubled">Those answered 2xx more than once.</param>
/// <param name="DoubledItems">The first 100 of these.</param>
/// <param name="LostItems">The first 100 of those lost.</param>
/// <param name="IsTruncated">Whether there were more than can be told apart (five million).</param>
internal sealed record ItemReport(int Distinct, int Succeeded, int Lost, int Doubled, IReadOnlyList<string> DoubledItems, IReadOnlyList<string> LostItems, bool IsTruncated);

/// <summary>One whom limits are counted for.</summary>
/// <param name="Key">Its name: <c>key-1</c>… in the order of arrival, the address, <c>all</c>, or <c>(no key)</c>.</param>
/// <param name="Fingerprint">The first eight hex digits of the SHA-256 of a key's value; null for others. The value itself is never shown.</param>
/// <param name="Arrivals">Requests of it that arrived.</param>
/// <param name="Refused">Those that a limit refused.</param>
internal sealed record ScopeReport(string Key, string? Fingerprint, long Arrivals, long Refused);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SimulatorReport))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ReportJson : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Arrival))]
internal sealed partial class ArrivalJson : JsonSerializerContext;
