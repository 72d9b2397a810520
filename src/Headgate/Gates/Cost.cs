using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>What one attempt costs: requests, and whatever other units it declares. Immutable; equality is by value.</summary>
internal sealed class Cost : IEquatable<Cost>
{
    /// <summary>One request and nothing else.</summary>
    public static readonly Cost One = new(1, []);

    private readonly (string Unit, long Amount)[] _others;

    private Cost(long requests, (string, long)[] others) => (Requests, _others) = (requests, others);

    public long Requests { get; }

    /// <summary>The units other than requests, in the order of their names.</summary>
    public ReadOnlySpan<(string Unit, long Amount)> Others => _others;

    public bool IsOne => Requests == 1 && _others.Length == 0;

    /// <summary>The cost of so many requests and the declared amounts of other units; a declared <c>requests</c> replaces the first.</summary>
    public static Cost Of(long requests, IEnumerable<KeyValuePair<string, long>>? declared = null)
    {
        var others = new List<(string Unit, long Amount)>();
        foreach (var (unit, amount) in declared ?? [])
        {
            ArgumentOutOfRangeException.ThrowIfNegative(amount, unit);
            if (unit == Limit.Requests)
                requests = amount;
            else if (amount > 0)
                others.Add((unit, amount));
        }
        if (requests == 1 && others.Count == 0)
            return One;
        others.Sort((a, b) => string.CompareOrdinal(a.Unit, b.Unit));
        return new Cost(requests, [.. others]);
    }

    public long In(string unit)
    {
        if (ReferenceEquals(unit, Limit.Requests) || unit == Limit.Requests)
            return Requests;
        foreach (var (name, amount) in _others)
            if (name == unit)
                return amount;
        return 0;
    }

    public bool Equals(Cost? other) => ReferenceEquals(this, other) || (other is not null && Requests == other.Requests && _others.AsSpan().SequenceEqual(other._others));

    public override bool Equals(object? obj) => Equals(obj as Cost);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Requests);
        foreach (var other in _others)
            hash.Add(other);
        return hash.ToHashCode();
    }
}
