using System.Collections.Concurrent;

namespace Headgate.App.Results;

/// <summary>Lets results go in the order in which their lines were announced. What comes early waits in memory.</summary>
/// <remarks><see cref="Announce"/> may be called while another thread calls the rest.</remarks>
internal sealed class ResultOrder<T>
{
    private readonly ConcurrentQueue<long> _announced = new();
    private readonly Dictionary<long, T> _held = [];

    /// <summary>A line that will have a result; before that result comes.</summary>
    public void Announce(long line) => _announced.Enqueue(line);

    /// <summary>Takes a result and gives out those whose turn it is now.</summary>
    public void Release(long line, T result, List<T> ready)
    {
        if (!_held.TryAdd(line, result))
            ready.Add(result); // a second result of a line has no turn of its own
        while (_announced.TryPeek(out var next) && _held.Remove(next, out var due))
        {
            ready.Add(due);
            _announced.TryDequeue(out _);
        }
    }

    /// <summary>Gives out what still waits for lines that will have no result any more, by line.</summary>
    public void ReleaseAll(List<T> ready)
    {
        ready.AddRange(_held.OrderBy(pair => pair.Key).Select(pair => pair.Value));
        _held.Clear();
    }
}
