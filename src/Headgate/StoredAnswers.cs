using System.Collections.Concurrent;
using Headgate.Caching;
using Headgate.Configuration;

namespace Headgate;

/// <summary>The answers of all APIs that are kept, and those that are on their way there. Thread-safe.</summary>
/// <param name="usual">Which answers are kept, of APIs that say nothing of it.</param>
/// <param name="limit">The most that they take, in bytes.</param>
/// <param name="archive">What keeps them behind memory; null for nothing.</param>
/// <param name="time">The clock.</param>
internal sealed class StoredAnswers(CacheConfiguration usual, long limit, ICacheArchive? archive, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, bool> _told = [];
    private volatile bool _isUsed;

    public CacheConfiguration Usual => usual;

    public AnswerCache Answers { get; } = new(limit, archive);

    /// <summary>Whose they are.</summary>
    public CacheOwners Owners { get; } = new();

    /// <summary>What is being asked for, that others may wait for.</summary>
    public Flights Flights { get; } = new(time);

    /// <summary>The room for bodies that are on their way.</summary>
    public CollectingRoom Collecting { get; } = new(limit);

    /// <summary>The most that they take, in bytes.</summary>
    public long Limit => limit;

    /// <summary>Whether any API may have some.</summary>
    public bool AreUsed => _isUsed;

    /// <summary>Whether nobody has been told that yet: an API is opened again and again.</summary>
    public bool IsNews(string text) => _told.TryAdd(text, true);

    /// <summary>Whether there may be some of an API that keeps none now.</summary>
    public bool MayRemain => _isUsed || archive is not null;

    /// <summary>What holds from now on. Once answers are kept their requests are looked after.</summary>
    public void Follow(HeadgateConfiguration configuration)
    {
        if (Keeps(configuration.Defaults) || configuration.Upstreams.Any(api => Keeps(api.Policy)))
            _isUsed = true;
    }

    private bool Keeps(UpstreamPolicy policy) => (policy.Cache ?? usual).Mode != CacheMode.Off;
}
