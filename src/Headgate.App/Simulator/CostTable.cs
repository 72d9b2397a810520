using System.Globalization;
using Headgate.Limits;

namespace Headgate.App.Simulator;

/// <summary>What a request costs.</summary>
/// <param name="ByLimit">The cost for each limit, in their order.</param>
/// <param name="Tokens">What it declared as tokens, which its answer reports as used; null if nothing.</param>
internal readonly record struct RequestCost(long[] ByLimit, long? Tokens = null);

/// <summary>
/// Reads <c>X-Cost: tokens=120,points=5</c>. Undeclared, a request costs one request and nothing of any other unit.
/// </summary>
internal sealed class CostTable(IReadOnlyList<Limit> limits)
{
    /// <summary>The largest cost of one request in any unit.</summary>
    private const long Largest = 1_000_000_000_000;

    private readonly RequestCost _undeclared = new([.. limits.Select(limit => limit.Unit == Limit.Requests ? 1L : 0L)]);

    public RequestCost Undeclared => _undeclared;

    public bool TryRead(string header, out RequestCost cost)
    {
        var byLimit = (long[])_undeclared.ByLimit.Clone();
        long? tokens = null;
        cost = _undeclared;
        foreach (var part in header.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !long.TryParse(part.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) || amount > Largest)
                return false;
            var unit = part[..equals];
            for (var i = 0; i < limits.Count; i++)
                if (limits[i].Unit == unit)
                    byLimit[i] = amount;
            if (unit == "tokens")
                tokens = amount;
        }
        cost = new(byLimit, tokens);
        return true;
    }
}
