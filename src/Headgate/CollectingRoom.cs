namespace Headgate;

/// <summary>The memory for bodies that are read and are to be stored: many at once must not take more than what is stored. Thread-safe.</summary>
/// <param name="limit">In bytes.</param>
internal sealed class CollectingRoom(long limit)
{
    private long _taken;

    /// <summary>Takes some, if there is any.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= limit)
            return true;
        Give(bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
