using Headgate.App.Input;
using Headgate.Ledgers;
using Microsoft.Win32.SafeHandles;

namespace Headgate.App.Results;

/// <summary>Where lines go. Not thread-safe, but for <see cref="Sync"/>.</summary>
internal interface IByteSink : IDisposable
{
    /// <summary>Hands bytes to the system: when this returns they survive the death of this process.</summary>
    /// <exception cref="ResultWriteException">They could not be written.</exception>
    void Write(ReadOnlySpan<byte> lines);

    /// <summary>Has what was written survive a loss of power. May run beside <see cref="Write"/>.</summary>
    /// <exception cref="ResultWriteException">The disk refused.</exception>
    void Sync();
}

/// <summary>A file that is written at its end.</summary>
internal sealed class FileSink : IByteSink
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly bool _isSeekable;
    private readonly FileStream? _pipe; // what has no places to write at is written as it goes
    private long _length; // up to here the file has whole lines

    /// <exception cref="ResultWriteException">The file cannot be opened or made.</exception>
    public FileSink(string path)
    {
        _path = path;
        try
        {
            _handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            (_isSeekable, _length) = RegularFile.Is(path) ? LengthOf(_handle) : (false, 0);
            _pipe = _isSeekable ? null : new FileStream(_handle, FileAccess.Write, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ResultWriteException(path, failure);
        }
    }

    public void Write(ReadOnlySpan<byte> lines)
    {
        try
        {
            if (_pipe is null)
                RandomAccess.Write(_handle, lines, _length);
            else
                _pipe.Write(lines);
            _length += lines.Length;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            CutBack();
            throw new ResultWriteException(_path, failure);
        }
    }

    public void Sync()
    {
        try
        {
            ThrowIfGone();
            RandomAccess.FlushToDisk(_handle);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ResultWriteException(_path, failure);
        }
    }

    public void Dispose() => _handle.Dispose();

    // A file that was deleted takes every write, and nobody would ever read it. A device (/dev/null) has no length on either side.
    private void ThrowIfGone()
    {
        if (!_isSeekable)
            return;
        var written = RandomAccess.GetLength(_handle);
        if (LockedFile.LengthAt(_path) is not { } found || found < written)
            throw new IOException("it was deleted or replaced while it was being written; put it back, or begin anew with --fresh");
    }

    // A full disk takes part of the lines. Their writers are told that they failed, so they may not stand there either.
    private void CutBack()
    {
        try
        {
            if (_isSeekable)
                RandomAccess.SetLength(_handle, _length);
        }
        catch (IOException)
        {
            // The failure that is reported is the one before; the torn line is cut off when the file is read again.
        }
    }

    private static (bool IsSeekable, long Length) LengthOf(SafeFileHandle handle)
    {
        try
        {
            return (true, RandomAccess.GetLength(handle));
        }
        catch (NotSupportedException)
        {
            return (false, 0); // a pipe or a terminal: -o /dev/stdout
        }
    }
}

/// <summary>A stream, such as standard output.</summary>
internal sealed class StreamSink(string name, Stream stream) : IByteSink
{
    /// <summary>
    /// Standard output. The stream of the runtime would say nothing when its reader has gone, and every result after that would be lost
    /// unseen; so a pipe is written to as a file. A file has no reader, and a place of its own in it would not move that of whoever shares
    /// the file: what is written there next would come to lie upon the results.
    /// </summary>
    public static StreamSink StandardOutput()
    {
        const string Name = "standard output";
        if (OperatingSystem.IsWindows())
            return new StreamSink(Name, Console.OpenStandardOutput());
        var direct = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return new StreamSink(Name, direct.CanSeek ? Console.OpenStandardOutput() : direct);
    }

    public void Write(ReadOnlySpan<byte> lines)
    {
        try
        {
            stream.Write(lines);
            stream.Flush();
        }
        catch (IOException failure)
        {
            throw new ResultWriteException(name, failure);
        }
    }

    public void Sync() { }

    public void Dispose() => stream.Dispose();
}
