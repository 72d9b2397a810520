using System.Collections.Concurrent;

namespace Headgate.Caching;

/// <summary>Whose the answers are that were stored since the start, in words without a secret, for those who look. Bounded. Thread-safe.</summary>
internal sealed class CacheOwners
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<UInt128, string> _words = new();

    /// <summary>An answer of somebody is stored.</summary>
    public void Add(UInt128 credentials, Func<string> word)
    {
        if (!_words.ContainsKey(credentials) && _words.Count < Most)
            _words.TryAdd(credentials, word());
    }

    /// <summary>Whose; null if nobody knows any more.</summary>
    public string? Of(UInt128 credentials) => _words.GetValueOrDefault(credentials);
}
