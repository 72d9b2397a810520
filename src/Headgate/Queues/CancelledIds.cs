namespace Headgate.Queues;

/// <summary>Jobs that somebody is about to cancel, each as often as that was asked for. To be used under <see cref="Lock"/>.</summary>
internal sealed class CancelledIds
{
    private readonly Dictionary<string, int> _ids = [];

    public Lock Lock { get; } = new();

    public bool Contains(string id) => _ids.ContainsKey(id);

    public void Add(string id) => _ids[id] = _ids.GetValueOrDefault(id) + 1;

    public void Remove(string id)
    {
        if (--_ids[id] == 0)
            _ids.Remove(id);
    }
}
