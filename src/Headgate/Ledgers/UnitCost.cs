using Headgate.Limits;

namespace Headgate.Ledgers;

/// <summary>So much of one unit. An attempt costs one request and whatever else it names; a list that is null or empty is one request.</summary>
/// <param name="Unit">What is counted, as in <see cref="Limit.Unit"/>.</param>
/// <param name="Amount">How much of it; not negative.</param>
internal readonly record struct UnitCost(string Unit, long Amount)
{
    /// <summary>What a list costs in a unit: what it says, else one of requests and none of anything else.</summary>
    public static long In(string unit, UnitCost[]? costs)
    {
        foreach (var cost in costs ?? [])
            if (cost.Unit == unit)
                return cost.Amount;
        return unit == Limit.Requests ? 1 : 0;
    }

    /// <summary>The declared costs with those in their place that turned out otherwise.</summary>
    public static UnitCost[]? Settled(UnitCost[]? declared, UnitCost[]? actual)
    {
        if (actual is null || declared is null)
            return actual ?? declared;
        var settled = new List<UnitCost>(actual);
        foreach (var cost in declared)
            if (!actual.Any(a => a.Unit == cost.Unit))
                settled.Add(cost);
        return [.. settled];
    }

    /// <summary>Whether a list says no more than one request.</summary>
    public static bool IsOneRequest(UnitCost[]? costs)
    {
        foreach (var cost in costs ?? [])
            if (cost.Amount != (cost.Unit == Limit.Requests ? 1 : 0))
                return false;
        return true;
    }

    /// <summary>The sum, unit by unit.</summary>
    public static UnitCost[]? Sum(UnitCost[]? left, UnitCost[]? right)
    {
        var sum = new Dictionary<string, long> { [Limit.Requests] = In(Limit.Requests, left) + In(Limit.Requests, right) };
        foreach (var cost in (UnitCost[])[.. left ?? [], .. right ?? []])
            if (cost.Unit != Limit.Requests)
                sum[cost.Unit] = sum.GetValueOrDefault(cost.Unit) + cost.Amount;
        return [.. sum.Select(u => new UnitCost(u.Key, u.Value))];
    }
}
