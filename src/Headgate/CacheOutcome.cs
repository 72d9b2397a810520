using Headgate.Caching;

namespace Headgate;

/// <summary>What the cache had to do with an answer.</summary>
/// <param name="Word"><c>hit</c>, <c>stale</c>, <c>revalidated</c> or <c>miss</c>; null where it was none of its business.</param>
/// <param name="Status">The same in full.</param>
internal sealed record CacheOutcome(string? Word, CacheStatus Status)
{
    public const string Hit = "hit";
    public const string Stale = "stale";
    public const string Revalidated = "revalidated";
    public const string Miss = "miss";

    /// <summary>Whether the answer is one that was stored.</summary>
    public bool IsStored => Word is Hit or Stale or Revalidated;

    /// <summary>What stands in <c>Cache-Status</c>.</summary>
    public string Header => Status.Format("headgate");
}
