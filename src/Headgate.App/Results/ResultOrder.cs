using System.Collections.Concurrent;

namespace Headgate.App.Results;

/// <summary>Lets results go in the order in which their lines were announced. What comes early waits in memory.</summary>
/// <remarks><see cref="Announce"/> may be called while another thread calls the rest.</remarks>
internal sealed class ResultOrder<T>
{
    private readonly ConcurrentQueue<long> _announced = new();
    private readonly Dictionary<long, T> _held = [];
    private readonly HashSet<long> _withdrawn = [];

    /// <summary>A line that will have a result; before that result comes.</summary>
    public void Announce(long line) => _announced.Enqueue(line);

    /// <summary>Takes a result and gives out those whose turn it is now.</summary>
    public void Release(long line, T result, List<T> ready)
    {
        if (!_held.TryAdd(line, result))
            ready.Add(result); // a second result of a line has no turn of its own
        Advance(ready);
    }

    /// <summary>A line that was announced will have no result: those behind it need not wait for it.</summary>
    public void Withdraw(long line, List<T> ready)
    {
        _withdrawn.Add(line);
        Advance(ready);
    }

    private void Advance(List<T> ready)
    {
        while (_announced.TryPeek(out var next))
        {
            if (_held.Remove(next, out var due))
                ready.Add(due);
            else if (!_withdrawn.Remove(next))
                return;
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
