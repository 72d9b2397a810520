using System.Net.Sockets;

namespace Headgate.Connections;

/// <summary>How many connections to an API were made, and what became of them. Thread-safe.</summary>
internal sealed class ConnectionCounts
{
    private long _made;
    private long _closed;
    private long _failed;

    public long Made => Volatile.Read(ref _made);

    public long Closed => Volatile.Read(ref _closed);

    /// <summary>That could not be made.</summary>
    public long Failed => Volatile.Read(ref _failed);

    public long Open => Math.Max(0, Made - Closed);

    public void CountFailed() => Interlocked.Increment(ref _failed);

    /// <summary>One was made; it is told when it is closed.</summary>
    public void Watch(Stream connection)
    {
        if (connection is not Connection ours)
            return;
        Interlocked.Increment(ref _made);
        ours.Watch(this);
    }

    public void CountClosed() => Interlocked.Increment(ref _closed);
}

/// <summary>A connection that tells when it is closed.</summary>
internal sealed class Connection(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private ConnectionCounts? _counts;

    public void Watch(ConnectionCounts counts) => _counts = counts;

    protected override void Dispose(bool disposing)
    {
        // It may be disposed as often as anybody likes.
        Interlocked.Exchange(ref _counts, null)?.CountClosed();
        base.Dispose(disposing);
    }
}
