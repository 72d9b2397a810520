namespace Headgate.Ledgers;

/// <summary>
/// The lines of a file, one after the other, with number and offset, without an allocation a line. Not thread-safe.
/// </summary>
internal sealed class RecordLines(Stream file) : IDisposable
{
    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;
    private int _next;
    private int _filled;

    /// <summary>The present line, without its end.</summary>
    public ReadOnlySpan<byte> Line => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The number of the present line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Where the present line begins, in bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>Whether the present line has its end; only the last may lack it.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Goes to the next line; false after the last.</summary>
    public bool Read()
    {
        Offset += _next - _start;
        _start = _next;
        var searched = _start;
        while (true)
        {
            var found = _buffer.AsSpan(searched, _filled - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                (_end, _next, IsWhole) = (searched + found, searched + found + 1, true);
                Number++;
                return true;
            }
            var read = Fill();
            if (read == 0)
                break;
            searched = _filled - read;
        }
        (_end, _next, IsWhole) = (_filled, _filled, false);
        if (_filled == _start)
            return false;
        Number++;
        return true;
    }

    public void Dispose() => file.Dispose();

    /// <summary>Makes room, keeping the present line, and reads more; says how many bytes.</summary>
    private int Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
            (_start, _filled) = (0, _filled - _start);
        }
        if (_filled == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = file.Read(_buffer, _filled, _buffer.Length - _filled);
        _filled += read;
        return read;
    }
}
