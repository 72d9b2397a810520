using System.Diagnostics.CodeAnalysis;

namespace Headgate;

/// <summary>What became of one item of <see cref="WorkPool.RunAsync{TItem, T}(IEnumerable{TItem}, Func{TItem, CancellationToken, ValueTask{T}}, WorkOptions?, CancellationToken)"/>. Immutable.</summary>
/// <typeparam name="TItem">What the work was done for.</typeparam>
/// <typeparam name="T">What it gives.</typeparam>
public sealed record WorkResult<TItem, T>
{
    internal WorkResult(TItem item, T? value, Exception? error) => (Item, Value, Error) = (item, value, error);

    /// <summary>The item.</summary>
    public TItem Item { get; }

    /// <summary>What the work gave; the default value if it failed.</summary>
    public T? Value { get; }

    /// <summary>Why it failed at last; null if it did not.</summary>
    public Exception? Error { get; }

    /// <summary>Whether it went well.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Ok => Error is null;

    /// <summary>How often it was begun.</summary>
    public int Attempts { get; internal init; }

    /// <summary>How long it waited for limits and a free place, all attempts together.</summary>
    public TimeSpan Wait { get; internal init; }

    /// <summary>How long its attempts took, all together.</summary>
    public TimeSpan Duration { get; internal init; }
}
