using System.Text.Json;
using Headgate.Configuration;
using Headgate.Gates;

namespace Headgate;

/// <summary>Reads what a request really cost from its answer, by the JSON pointers of the configuration (RFC 6901). Pure.</summary>
internal static class ActualCost
{
    /// <summary>The declared cost, with every unit that has a pointer at what the answer says; null if it says nothing of any.</summary>
    /// <param name="body">The body of the answer.</param>
    /// <param name="declared">What was held.</param>
    /// <param name="costs">The units of the API.</param>
    public static Cost? Read(ReadOnlyMemory<byte> body, Cost declared, IReadOnlyList<CostConfiguration> costs)
    {
        if (body.IsEmpty || costs.All(cost => cost.Actual is null))
            return null;
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            // Not JSON: what was declared stands.
            return null;
        }
        using (json)
        {
            var actual = new Dictionary<string, long>();
            foreach (var (unit, amount) in declared.Others)
                actual[unit] = amount;
            var isTold = false;
            foreach (var cost in costs)
                if (cost.Actual is { } pointer && JsonPointer.Find(json.RootElement, pointer) is { ValueKind: JsonValueKind.Number } number && AmountOf(number) is { } amount)
                    (actual[cost.Unit], isTold) = (amount, true);
            return isTold ? Cost.Of(declared.Requests, actual) : null;
        }
    }

    // A fraction counts as one more: round against ourselves. What is negative is no cost.
    private static long? AmountOf(JsonElement number)
    {
        if (number.TryGetInt64(out var whole))
            return whole >= 0 ? whole : null;
        return number.TryGetDouble(out var real) && real is >= 0 and <= 1e12 ? (long)Math.Ceiling(real) : null;
    }
}
