using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>What a number of <see cref="Worst"/> is of.</summary>
internal enum Measure
{
    /// <summary>So much within one window.</summary>
    Window,

    /// <summary>So full a bucket.</summary>
    Level,

    /// <summary>So many at once.</summary>
    AtOnce,

    /// <summary>So short a gap, in milliseconds; the least is allowed, not the most.</summary>
    Gap,
}

/// <summary>The moment at which a limit was nearest to being exceeded, or exceeded most, by the worst placement of arrivals.</summary>
internal sealed record Worst
{
    public required Limit Limit { get; init; }

    public required Measure Measure { get; init; }

    public required decimal Amount { get; init; }

    public required decimal Allowed { get; init; }

    public required bool IsBreach { get; init; }

    /// <summary>The stretch of the time line within which the attempts involved may have arrived.</summary>
    public required long FromUs { get; init; }

    public required long ToUs { get; init; }

    /// <summary>Use of the limit: 1 is all of it.</summary>
    public double Use => Measure == Measure.Gap
        ? Amount <= 0 ? double.PositiveInfinity : (double)Allowed / (double)Amount
        : (double)Amount / (double)Allowed;

    /// <summary>The worse of two; a breach before anything else.</summary>
    public static Worst? Of(Worst? left, Worst? right)
    {
        if (left is null || right is null)
            return left ?? right;
        if (left.IsBreach != right.IsBreach)
            return left.IsBreach ? left : right;
        return right.Use > left.Use ? right : left;
    }
}
