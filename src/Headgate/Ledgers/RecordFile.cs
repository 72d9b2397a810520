using Microsoft.Win32.SafeHandles;

namespace Headgate.Ledgers;

/// <summary>
/// The writing end of a file of JSON lines. What must outlive this process goes through write(2) before the call returns
/// (0.6 µs; nothing has to be flushed for that); what may be lost waits for it, at most 100 ms or 64 KiB. Thread-safe.
/// </summary>
/// <remarks>
/// What could not be written is not there: the call throws, and what came of it is cut off before the next. A full disk goes on when there is room.
/// A file that was taken away is final: every later call throws the same, since a send without its record would be a breach.
/// </remarks>
internal sealed class RecordFile : IDisposable
{
    private const int LargestPending = 64 * 1024;
    private static readonly TimeSpan LongestPending = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();

    /// <summary>Held by what may take long (sync, replace, close), so that they do not meet; taken before the other lock.</summary>
    private readonly Lock _upkeep = new();
    private readonly ITimer _timer;
    private byte[] _pending = new byte[1024];
    private SafeFileHandle _file;
    private long _written;
    private int _pendingLength;
    private bool _isTimerSet;
    private bool _isClosed;

    /// <summary>There may be a part of a record behind what was written.</summary>
    private bool _isTorn;
    private LedgerException? _failure;

    /// <summary>Goes on at the end of an open file, which belongs to this object from now on.</summary>
    public RecordFile(string path, SafeFileHandle file, TimeProvider time)
    {
        Path = path;
        _file = file;
        _written = RandomAccess.GetLength(file);
        _timer = time.CreateTimer(static file => ((RecordFile)file!).FlushLate(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string Path { get; }

    /// <summary>Bytes in the file and on the way to it.</summary>
    public long Length
    {
        get
        {
            lock (_lock)
                return _written + _pendingLength;
        }
    }

    /// <summary>Adds a line.</summary>
    /// <param name="line">The record, with its line end.</param>
    /// <param name="isThrough">Whether it must have gone through write(2) when this returns.</param>
    /// <exception cref="LedgerException">The file cannot be written, now or since an earlier call.</exception>
    public void Append(ReadOnlySpan<byte> line, bool isThrough)
    {
        lock (_lock)
        {
            ThrowIfFailedNeedsLock();
            if (line.Length > LargestPending - _pendingLength)
                FlushNeedsLock();
            if (line.Length > LargestPending)
            {
                WriteNeedsLock(line);
                return;
            }
            if (line.Length > _pending.Length - _pendingLength)
                Array.Resize(ref _pending, Math.Min(LargestPending, Math.Max(2 * _pending.Length, _pendingLength + line.Length)));
            line.CopyTo(_pending.AsSpan(_pendingLength));
            _pendingLength += line.Length;
            if (isThrough)
                FlushOrForgetNeedsLock(line.Length);
            else if (!_isTimerSet)
                _isTimerSet = _timer.Change(LongestPending, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes what waits; says how long the file is now.</summary>
    /// <exception cref="LedgerException">The file cannot be written.</exception>
    public long Flush()
    {
        lock (_lock)
        {
            ThrowIfFailedNeedsLock();
            FlushNeedsLock();
            return _written;
        }
    }

    /// <summary>Writes what waits and has the system put it on disk.</summary>
    /// <exception cref="LedgerException">The file cannot be written.</exception>
    public void Sync()
    {
        lock (_upkeep)
        {
            FlushInPlace();
            try
            {
                // Outside the writers' lock: a disk may take 10 ms, and sends go on meanwhile.
                RandomAccess.FlushToDisk(_file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                lock (_lock)
                    throw FailNeedsLock(error);
            }
        }
    }

    /// <summary>
    /// Writes what waits, and looks whether the file is still where it was: one that was deleted takes every write, and nobody would ever find it,
    /// neither the records nor the lock.
    /// </summary>
    private void FlushInPlace()
    {
        lock (_lock)
        {
            ThrowIfFailedNeedsLock();
            FlushNeedsLock();
            if (LengthInPlaceNeedsLock() != _written)
                throw FailNeedsLock(new IOException("it was deleted, replaced or changed while it was being written."));
        }
    }

    private long? LengthInPlaceNeedsLock()
    {
        try
        {
            return LockedFile.LengthAt(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FailNeedsLock(error);
        }
    }

    /// <summary>
    /// Puts a new file in the place of this one, which holds what this one held up to a length; what has come since is copied over.
    /// Writers wait meanwhile.
    /// </summary>
    /// <param name="newPath">The new file, in the same folder; it is renamed.</param>
    /// <param name="upTo">The length up to which its content is in the new file.</param>
    public void Replace(string newPath, long upTo)
    {
        lock (_upkeep)
        lock (_lock)
        {
            ThrowIfFailedNeedsLock();
            FlushNeedsLock();
            try
            {
                ReplaceNeedsLock(newPath, upTo);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw FailNeedsLock(error);
            }
        }
    }

    /// <summary>Writes what waits, if it can, and closes the file. What cannot be written any more are ends of attempts, without which a reader is only stricter.</summary>
    public void Dispose()
    {
        lock (_upkeep)
        lock (_lock)
        {
            if (_isClosed)
                return;
            TryFlushNeedsLock();
            _isClosed = true;
            _timer.Dispose();
            _file.Dispose();
        }
    }

    private void ReplaceNeedsLock(string newPath, long upTo)
    {
        var tail = new byte[_written - upTo];
        RandomAccess.Read(_file, tail, upTo);
        var file = File.OpenHandle(newPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            var end = RandomAccess.GetLength(file);
            RandomAccess.Write(file, tail, end);
            // On disk before it takes the place: after a power cut a renamed file could be empty.
            RandomAccess.FlushToDisk(file);
            File.Move(newPath, Path, overwrite: true);
            (file, _file, _written) = (_file, file, end + tail.Length);
        }
        finally
        {
            file.Dispose();
        }
    }

    private void FlushLate()
    {
        lock (_lock)
        {
            _isTimerSet = false;
            if (!_isClosed)
                TryFlushNeedsLock();
        }
    }

    // The next caller is told of a failure; a timer has nobody to tell.
    private void TryFlushNeedsLock()
    {
        try
        {
            if (_failure is null)
                FlushNeedsLock();
        }
        catch (LedgerException)
        {
        }
    }

    /// <summary>Whoever is told that a record was not written does nothing of what it says: it must not come to the file later.</summary>
    private void FlushOrForgetNeedsLock(int last)
    {
        try
        {
            FlushNeedsLock();
        }
        catch
        {
            _pendingLength -= last;
            throw;
        }
    }

    private void FlushNeedsLock()
    {
        if (_isTorn)
            CutNeedsLock();
        if (_pendingLength == 0)
            return;
        WriteNeedsLock(_pending.AsSpan(0, _pendingLength));
        _pendingLength = 0;
    }

    private void WriteNeedsLock(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_file, bytes, _written);
            _written += bytes.Length;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _isTorn = true;
            throw Failed(error);
        }
    }

    private void CutNeedsLock()
    {
        try
        {
            RandomAccess.SetLength(_file, _written);
            _isTorn = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FailNeedsLock(error);
        }
    }

    private LedgerException FailNeedsLock(Exception cause) => _failure = Failed(cause);

    private LedgerException Failed(Exception cause) =>
        new($"{Path}: cannot be written: {cause.Message} Nothing more is sent, since a send that is not recorded could go over a limit unseen; make room and run the same command again", cause) { Path = Path };

    private void ThrowIfFailedNeedsLock()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_failure is { } failure)
            throw new LedgerException(failure.Message, failure.InnerException) { Path = Path };
    }
}
