namespace Headgate;

/// <summary>Connections that others have taken the place of: they are closed when what went over them has ended. Owned by the lock of the dispatcher.</summary>
internal sealed class LeftConnections : IDisposable
{
    private List<(IDisposable Connections, Upstream Api, long Since)> _left = [];

    /// <summary>Some were left.</summary>
    public void AddNeedsLock(IDisposable connections, Upstream api, long now) => _left.Add((connections, api, now));

    /// <summary>Those over which nothing goes any more, to be disposed outside the lock.</summary>
    public List<IDisposable> UnusedNeedsLock()
    {
        var unused = _left.Where(static old => old.Api.UnderWay.HasEnded(upTo: old.Since)).ToList();
        _left = [.. _left.Except(unused)];
        return unused.ConvertAll(static old => old.Connections);
    }

    /// <summary>All of them, when nobody uses any.</summary>
    public void Dispose()
    {
        foreach (var (connections, _, _) in _left)
            connections.Dispose();
    }
}
