using Headgate.Gates;

namespace Headgate;

/// <summary>Connections that others have taken the place of: they are closed when what went over them has ended. Owned by the lock of the dispatcher.</summary>
internal sealed class LeftConnections : IDisposable
{
    private volatile List<(IDisposable Connections, Upstream Api, long Since)> _left = [];

    /// <summary>Some were left.</summary>
    public void AddNeedsLock(IDisposable connections, Upstream api, long now) => _left = [.. _left, (connections, api, now)];

    /// <summary>Closes those over which nothing goes any more. By whoever does not have the lock.</summary>
    public void Close(Dispatcher dispatcher)
    {
        if (_left.Count > 0)
            dispatcher.Change(this, static (_, left, _) => left.UnusedNeedsLock()).ForEach(static connections => connections.Dispose());
    }

    private List<IDisposable> UnusedNeedsLock()
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
