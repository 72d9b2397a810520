namespace Headgate;

/// <summary>How a <see cref="GateLimiter{TKey}"/> behaves beside the limits of its keys. Read once, when the limiter is made.</summary>
/// <typeparam name="TKey">What tells one key from another.</typeparam>
public sealed class GateLimiterOptions<TKey> : GateLimiterSettings
    where TKey : notnull
{
    /// <summary>Limits that hold over all keys together, beside those of each key; none by default.</summary>
    public IReadOnlyList<string> TotalLimits { get; set; } = [];

    /// <summary>How many may wait at once over all keys together, from 0, beside <see cref="GateLimiterSettings.QueueLimit"/>. <see cref="int.MaxValue"/> by default.</summary>
    public int TotalQueueLimit { get; set; } = int.MaxValue;

    /// <summary>
    /// Which keys are the same. Called under the lock of the limiter: it must be quick and must not use the limiter.
    /// <see cref="EqualityComparer{T}.Default"/> by default.
    /// </summary>
    public IEqualityComparer<TKey> Comparer { get; set; } = EqualityComparer<TKey>.Default;

    /// <summary>
    /// The limits of a key that has its own; null for a key that has not. Asked when a key comes for the first time, or again after it was
    /// forgotten; may be asked by several threads at once, and what it throws is thrown to the one who came. Not used by default. Keys
    /// whose limits are written alike share what is known of those, so few different ones cost little.
    /// </summary>
    public Func<TKey, IEnumerable<string>?>? LimitsOf { get; set; }

    private protected override void Check(List<string> wrong)
    {
        if (TotalLimits is null)
            wrong.Add($"{nameof(TotalLimits)} is null: give an empty list for none");
        if (TotalQueueLimit < 0)
            wrong.Add($"{nameof(TotalQueueLimit)} is {TotalQueueLimit}: give 0 or more");
        if (Comparer is null)
            wrong.Add($"{nameof(Comparer)} is null");
    }
}
