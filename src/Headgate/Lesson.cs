using Headgate.Gates;
using Headgate.Limits;

namespace Headgate;

/// <summary>What was learned of a server on the way: one of a pause, another D, other limits. Immutable.</summary>
/// <param name="Scope">Whom it concerns; D concerns all scopes of the API.</param>
/// <param name="At">When, monotonic nanoseconds.</param>
internal sealed record Lesson(Scope Scope, long At)
{
    /// <summary>The server asked for a pause until then, monotonic nanoseconds.</summary>
    public long? HeldUntil { get; init; }

    /// <summary>D of bounded timing, in nanoseconds.</summary>
    public (long Before, long After)? Bound { get; init; }

    public (IReadOnlyList<Limit> Before, IReadOnlyList<Limit> After)? Limits { get; init; }
}
