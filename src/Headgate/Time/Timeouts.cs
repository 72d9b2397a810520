using System.Collections.Concurrent;

namespace Headgate.Time;

/// <summary>
/// Sources of cancellation, used again where nobody can hold on to one: with its timer and its list of those who wait for it a new one
/// costs 400 bytes an attempt (measured). Thread-safe.
/// </summary>
internal sealed class Timeouts(TimeProvider time) : IDisposable
{
    /// <summary>Enough for the attempts that begin while others end; the rest is garbage, as it would be without this.</summary>
    private const int MostKept = 256;

    private readonly ConcurrentQueue<CancellationTokenSource> _unused = new();
    private int _count;

    /// <summary>A source that was not cancelled, with no time set.</summary>
    public CancellationTokenSource Take()
    {
        if (!_unused.TryDequeue(out var source))
            return new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        Interlocked.Decrement(ref _count);
        return source;
    }

    /// <summary>Gives one back. Whoever was given its token must be done with it: a later cancellation would not be meant for them.</summary>
    public void Return(CancellationTokenSource source)
    {
        if (Volatile.Read(ref _count) >= MostKept || !source.TryReset())
        {
            source.Dispose();
            return;
        }
        Interlocked.Increment(ref _count);
        _unused.Enqueue(source);
    }

    public void Dispose()
    {
        while (_unused.TryDequeue(out var source))
            source.Dispose();
    }
}
