using Microsoft.Win32.SafeHandles;

namespace Headgate.App.Service;

/// <summary>
/// Bytes from one who writes to one who reads, in their order. Writing never waits for the reader: what he has not taken goes into a file when
/// it is more than a little. Thread-safe, for one of each.
/// </summary>
internal sealed class SpillBuffer : IDisposable
{
    private const int MostInMemory = 1 << 20;
    private const int PieceSize = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _pieces = new();
    private int _inMemory;
    private SafeFileHandle? _file;
    private long _written; // in the file
    private long _taken; // of the file
    private bool _isComplete;
    private TaskCompletionSource _news = Signal();

    /// <summary>Whether anything went into a file.</summary>
    public bool HasSpilled => _file is not null;

    /// <exception cref="IOException">There is no room on the disk.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        // Nothing is what stands for the end.
        if (bytes.IsEmpty)
            return;
        lock (_lock)
        {
            // Behind what lies in the file comes what follows it.
            if (_written == _taken && _inMemory + bytes.Length <= MostInMemory)
            {
                _pieces.Enqueue(bytes.ToArray());
                _inMemory += bytes.Length;
            }
            else
                SpillNeedsLock(bytes);
            _news.TrySetResult();
        }
    }

    /// <summary>Nothing more will come.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            _news.TrySetResult();
        }
    }

    /// <summary>The next bytes, as soon as there are any; none at the end.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (TakeNeedsLock() is { } piece)
                    return piece;
                if (_isComplete)
                    return default;
                if (_news.Task.IsCompleted)
                    _news = Signal();
                news = _news.Task;
            }
            await news.WaitAsync(cancellation);
        }
    }

    public void Dispose() => _file?.Dispose();

    private byte[]? TakeNeedsLock()
    {
        if (_pieces.TryDequeue(out var piece))
        {
            _inMemory -= piece.Length;
            return piece;
        }
        if (_written == _taken)
            return null;
        var read = new byte[Math.Min(PieceSize, _written - _taken)];
        var count = RandomAccess.Read(_file!, read, _taken);
        _taken += count;
        if (_taken == _written)
        {
            RandomAccess.SetLength(_file!, 0);
            (_taken, _written) = (0, 0);
        }
        return read[..count];
    }

    private void SpillNeedsLock(ReadOnlySpan<byte> bytes)
    {
        // Nobody else may read it, and when this process ends it is gone.
        _file ??= File.OpenHandle(Path.Combine(Path.GetTempPath(), $"headgate-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        RandomAccess.Write(_file, bytes, _written);
        _written += bytes.Length;
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
