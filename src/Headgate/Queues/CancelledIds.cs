namespace Headgate.Queues;

/// <summary>
/// Jobs that somebody is about to end where they wait, each as often as that was asked for, and those that have ended since whoever takes them from
/// the queue began to look whether they have. To be used under <see cref="Lock"/>.
/// </summary>
internal sealed class CancelledIds
{
    private readonly Dictionary<string, int> _ids = [];
    private readonly HashSet<string> _taken = [];
    private readonly HashSet<string> _endedSince = [];

    public Lock Lock { get; } = new();

    /// <summary>Jobs are taken from the queue: what they are is read after this.</summary>
    public void Take(IEnumerable<string> ids) => _taken.UnionWith(ids);

    /// <summary>Whether a job that was taken may begin: nobody ends it, or has ended it since.</summary>
    public bool MayBegin(string id) => !_ids.ContainsKey(id) && !_endedSince.Contains(id);

    /// <summary>Those that were taken have begun, or went back.</summary>
    public void Release(IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            _taken.Remove(id);
            _endedSince.Remove(id);
        }
    }

    public void Add(string id) => _ids[id] = _ids.GetValueOrDefault(id) + 1;

    public void Remove(string id)
    {
        if (--_ids[id] == 0)
            _ids.Remove(id);
        if (_taken.Contains(id))
            _endedSince.Add(id);
    }
}
