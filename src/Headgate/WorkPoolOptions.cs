namespace Headgate;

/// <summary>How much work a <see cref="WorkPool"/> does at once, and how fast. Read once, when the pool is made.</summary>
public sealed class WorkPoolOptions
{
    /// <summary>
    /// Limits that hold together, written as in <see cref="Limits.Limit"/>: <c>["30/s", "400/min", "90000 tokens/min"]</c>. None by default.
    /// </summary>
    public IReadOnlyList<string> Limits { get; set; } = [];

    /// <summary>How many pieces of work are under way at once, from 1 to 1,000,000. 100 by default.</summary>
    public int MaxConcurrency { get; set; } = 100;

    /// <summary>Where time comes from. <see cref="TimeProvider.System"/> by default; a <see cref="Time.VirtualTime"/> in tests.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>What the pauses between attempts are drawn from. Not thread-safe, so used under a lock.</summary>
    internal Random Random { get; set; } = new();

    /// <exception cref="ArgumentException">Something is out of its range; the message names everything that is.</exception>
    internal void Validate(string parameter)
    {
        List<string> wrong = [];
        if (Limits is null)
            wrong.Add($"{nameof(Limits)} is null: give an empty list for none");
        if (MaxConcurrency is < 1 or > 1_000_000)
            wrong.Add($"{nameof(MaxConcurrency)} is {MaxConcurrency}: give 1 to 1,000,000");
        if (TimeProvider is null)
            wrong.Add($"{nameof(TimeProvider)} is null");
        if (wrong.Count > 0)
            throw new ArgumentException(string.Join("; ", wrong), parameter);
    }
}
