using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>What one attempt costs: requests, and whatever other units it declares. Immutable; equality is by value.</summary>
internal sealed class Cost : IEquatable<Cost>
{
    /// <summary>One request and nothing else.</summary>
    public static readonly Cost One = new(1, []);

    /// <summary>Waits until one request could go, and takes nothing then.</summary>
    public static readonly Cost Nothing = new(1, []);

    /// <summary>The costs of a few requests, which limiters ask for again and again.</summary>
    private static readonly Cost[] Few = [.. Enumerable.Range(0, 65).Select(requests => requests == 1 ? One : new Cost(requests, []))];

    private readonly (string Unit, long Amount)[] _others;

    private Cost(long requests, (string, long)[] others) => (Requests, _others) = (requests, others);

    public long Requests { get; }

    /// <summary>The units other than requests, in the order of their names.</summary>
    public ReadOnlySpan<(string Unit, long Amount)> Others => _others;

    public bool TakesNothing => ReferenceEquals(this, Nothing);

    public bool IsOne => Requests == 1 && _others.Length == 0;

    public static Cost Of(long requests) => requests >= 0 && requests < Few.Length ? Few[requests] : new Cost(requests, []);

    /// <summary>The cost of so many requests and the declared amounts of other units; a declared <c>requests</c> replaces the first.</summary>
    public static Cost Of(long requests, IEnumerable<KeyValuePair<string, long>>? declared)
    {
        if (declared is null)
            return Of(requests);
        var others = new List<(string Unit, long Amount)>();
        foreach (var (unit, amount) in declared)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(amount, unit);
            if (unit == Limit.Requests)
                requests = amount;
            else if (amount > 0)
                others.Add((unit, amount));
        }
        if (others.Count == 0)
            return Of(requests);
        others.Sort((a, b) => string.CompareOrdinal(a.Unit, b.Unit));
        return new Cost(requests, [.. others]);
    }

    /// <summary>The same with another amount of a unit.</summary>
    public Cost With(string unit, long amount)
    {
        var others = _others.Where(other => other.Unit != unit).ToDictionary(other => other.Unit, other => other.Amount);
        others[unit] = amount;
        return Of(Requests, others);
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

    /// <summary>All units together: a rough measure of which of two costs is the smaller.</summary>
    public long Total()
    {
        var total = Requests;
        foreach (var (_, amount) in _others)
            total += Math.Min(amount, long.MaxValue - total);
        return total;
    }

    /// <summary>Whether it costs of the same units as another, so that both need the same limits.</summary>
    public bool IsOfSameUnits(Cost other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (Requests > 0 != other.Requests > 0 || _others.Length != other._others.Length)
            return false;
        for (var index = 0; index < _others.Length; index++)
            if (_others[index].Unit != other._others[index].Unit)
                return false;
        return true;
    }

    public int HashOfUnits()
    {
        var hash = new HashCode();
        hash.Add(Requests > 0);
        foreach (var (unit, _) in _others)
            hash.Add(unit);
        return hash.ToHashCode();
    }

    public bool Equals(Cost? other) =>
        ReferenceEquals(this, other) || (other is not null && Requests == other.Requests && _others.AsSpan().SequenceEqual(other._others) && TakesNothing == other.TakesNothing);

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
