using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate;

/// <summary>What requests to an API cost, in the units that its limits count and in those that they declare. Thread-safe.</summary>
/// <param name="notice">Told of units that no limit counts.</param>
internal sealed class DeclaredCosts(Action<string> notice)
{
    /// <summary>No more are remembered: units are named by whoever asks.</summary>
    private const int MostUnits = 100;

    /// <summary>Those that requests declared and no limit counts: each is told once.</summary>
    private readonly HashSet<string> _uncounted = [];

    /// <summary>What a request costs that declares nothing.</summary>
    private volatile Cost _estimate = Cost.One;

    /// <summary>What the limits count; null where they may yet be learned.</summary>
    private volatile HashSet<string>? _units;

    /// <summary>The limits have changed, or the estimates.</summary>
    /// <param name="api">The API.</param>
    /// <param name="limits">All that a request to it can count in.</param>
    public void Count(UpstreamConfiguration api, IEnumerable<Limit> limits)
    {
        _estimate = api.Costs.Count == 0 ? Cost.One : Cost.Of(1, Estimates(api));
        _units = api.Policy.Learns ? null : [.. limits.Select(limit => limit.Unit), .. api.Costs.Select(cost => cost.Unit)];
    }

    /// <summary>What a request costs: 1 request, and what it declares, or else the API's estimates.</summary>
    /// <exception cref="HeadgateException">It declares a unit that is one of those that are counted but for a slip of the finger.</exception>
    public Cost Of(Exchange exchange, UpstreamConfiguration api)
    {
        if (exchange.Terms.DeclaredCost is not { } declared)
            return _estimate;
        if (_units is { } counted)
            LookForSlips(declared, counted, exchange, api.Name);
        if (api.Costs.Count == 0)
            return Cost.Of(1, declared);
        var costs = Estimates(api);
        foreach (var (unit, amount) in declared)
            costs[unit] = amount;
        return Cost.Of(1, costs);
    }

    private static Dictionary<string, long> Estimates(UpstreamConfiguration api) => api.Costs.ToDictionary(cost => cost.Unit, cost => cost.Estimate);

    /// <summary>A unit that no limit counts is more likely misspelt than meant. Where it is clear what was meant nothing is sent, since it would count for nothing.</summary>
    private void LookForSlips(IReadOnlyDictionary<string, long> declared, HashSet<string> counted, Exchange exchange, string api)
    {
        foreach (var unit in declared.Keys)
            if (!counted.Contains(unit))
            {
                if (NearestName.Find(unit, counted) is { } meant && !declared.ContainsKey(meant))
                {
                    (exchange.Failure, exchange.Detail) = (FailureClass.Invalid, $"it declares a cost in \"{Excerpt.Of(unit)}\", which no limit of {api} counts; did you mean \"{meant}\"?");
                    throw new HeadgateException(FailureClass.Invalid, exchange.Detail) { Upstream = api };
                }
                TellUncounted(unit, api);
            }
    }

    private void TellUncounted(string unit, string api)
    {
        bool isNew;
        lock (_uncounted)
            isNew = _uncounted.Count < MostUnits && _uncounted.Add(unit);
        if (isNew)
            notice($"requests to {api} declare a cost in {Excerpt.Of(unit)}, which none of its limits counts");
    }
}
