namespace Headgate.Ledgers;

/// <summary>
/// A send of an earlier process, in the present process's monotonic nanoseconds. There are two placements: one that is proven, and one that
/// believes the wall clock; they differ only for sends of another boot, and the second counts only once the clock is confirmed.
/// </summary>
internal readonly record struct PastSend
{
    /// <summary>Not sent before this, as far as is proven; for another boot the moment of our boot.</summary>
    public required long SentNs { get; init; }

    /// <summary>Arrived at the latest at this, as far as is proven; may lie in the future.</summary>
    public required long LateNs { get; init; }

    /// <summary>As <see cref="SentNs"/>, if the wall clocks were right then and now. Below zero before our boot.</summary>
    public required long WallSentNs { get; init; }

    /// <summary>As <see cref="LateNs"/>, if the wall clocks were right then and now.</summary>
    public required long WallLateNs { get; init; }

    /// <summary>Whether no answer was recorded: it counts as arriving at the restart plus <c>straggle</c>.</summary>
    public bool IsUnanswered { get; init; }

    /// <summary>The number of the attempt, where it may be one of this process; else 0.</summary>
    public long Number { get; init; }

    /// <summary>What it cost, as far as is known; null is one request.</summary>
    public UnitCost[]? Costs { get; init; }
}

/// <summary>What a scope's files tell of the sends before this process.</summary>
internal sealed record ScopePast
{
    public static ScopePast None { get; } = new();

    /// <summary>The sends, in order of <see cref="PastSend.LateNs"/>.</summary>
    public IReadOnlyList<PastSend> Sends { get; init; } = [];

    /// <summary>Records are missing: every limit counts as full at this moment. Null if all is whole.</summary>
    public long? FullAtNs { get; init; }

    /// <summary>
    /// What arrived before this was dropped as too old; null if everything ever sent is here. A limit that remembers longer than it has a window
    /// (a bucket) must count as full at this moment.
    /// </summary>
    public long? KnownSinceNs { get; init; }

    /// <summary>Whether some sends are of another boot, so that the two placements differ.</summary>
    public bool IsOfOtherBoot { get; init; }

    /// <summary>Without those attempts, which are known otherwise.</summary>
    public ScopePast Without(IReadOnlySet<long> numbers) => numbers.Count == 0 ? this : this with { Sends = [.. Sends.Where(send => send.Number == 0 || !numbers.Contains(send.Number))] };

    /// <summary>Together with what is known from elsewhere: of sends, or that some are missing.</summary>
    public ScopePast With(ScopePast other) => other.Sends.Count == 0 && other.FullAtNs is null ? this : this with
    {
        Sends = [.. Sends.Concat(other.Sends).OrderBy(send => send.LateNs)],
        FullAtNs = other.FullAtNs > FullAtNs || FullAtNs is null ? other.FullAtNs : FullAtNs,
        IsOfOtherBoot = IsOfOtherBoot || other.IsOfOtherBoot,
    };
}
