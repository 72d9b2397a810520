namespace Headgate.Caching;

/// <summary>What is kept under a key. Never changes.</summary>
internal abstract class CacheEntry
{
    /// <summary>Bytes it takes, its key not counted.</summary>
    public abstract long Size { get; }
}
