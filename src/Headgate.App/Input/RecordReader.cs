using System.Buffers;

namespace Headgate.App.Input;

/// <summary>
/// Cuts a stream into records: lines, or for CSV runs of lines that no quote holds together. Reads ahead in one buffer, which grows
/// only for a record that is longer than it.
/// </summary>
/// <remarks>Not thread-safe. <see cref="Current"/> is gone at the next call.</remarks>
internal sealed class RecordReader(Stream stream, int maxLength, bool quoted = false, int bufferSize = 256 * 1024) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bufferSize);
    private int _start; // of the record
    private int _scanned; // up to here no end of the record was found
    private int _end; // of what was read
    private bool _insideQuotes;
    private int _closedAt; // where in the record the last quote closed
    private bool _atEnd;
    private bool _isReading;
    private bool _skipping; // the rest of a record that is too long
    private int _breaks; // line breaks in the record

    /// <summary>The record without its line end.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>The line where the record begins, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>The byte where the record begins, from 0.</summary>
    public long Offset { get; private set; }

    /// <summary>The record is longer than allowed: <see cref="Current"/> has its beginning only.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>The record ends with a line end, not with the end of the file.</summary>
    public bool IsEnded { get; private set; }

    private long _nextLine = 1;
    private long _nextOffset;

    /// <summary>Goes to the next record; false at the end.</summary>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellation)
    {
        Begin();
        while (true)
        {
            if (FindEnd())
                return true;
            if (_end - _start > maxLength)
                CutOff();
            if (_atEnd)
                return TakeRest();
            await FillAsync(cancellation);
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0 && !_isReading)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Begin()
    {
        (Line, Offset) = (_nextLine, _nextOffset);
        (IsTooLong, _insideQuotes, _skipping, _breaks) = (false, false, false, 0);
        (_scanned, _closedAt) = (_start, -2);
    }

    private bool FindEnd()
    {
        while (_scanned < _end)
        {
            var rest = _buffer.AsSpan(_scanned, _end - _scanned);
            var found = quoted && !_skipping ? rest.IndexOfAny((byte)'\n', (byte)'"') : rest.IndexOf((byte)'\n');
            if (found < 0)
                break;
            _scanned += found + 1;
            if (rest[found] == '"')
            {
                PassQuote(_scanned - 1 - _start);
                continue;
            }
            _breaks++;
            if (_insideQuotes && !_skipping)
                continue;
            Take(_scanned - 1, isEnded: true);
            return true;
        }
        _scanned = _end;
        return false;
    }

    // A quote opens at the beginning of a cell only, so that a stray one spoils its own line and not all that follow. A doubled
    // one inside closes and opens again.
    private void PassQuote(int at)
    {
        if (_insideQuotes)
            (_insideQuotes, _closedAt) = (false, at);
        else
            _insideQuotes = at == 0 || _buffer[_start + at - 1] == ',' || _closedAt == at - 1;
    }

    private bool TakeRest()
    {
        if (_start == _end && !_skipping)
            return false;
        _scanned = _end;
        Take(_end, isEnded: false);
        return true;
    }

    private void Take(int end, bool isEnded)
    {
        if (!_skipping)
        {
            var length = end - _start;
            if (length > 0 && _buffer[end - 1] == '\r')
                length--;
            if (length > maxLength)
                (IsTooLong, length) = (true, maxLength);
            Current = _buffer.AsMemory(_start, length);
        }
        _nextOffset += _scanned - _start;
        _nextLine += _breaks;
        _start = _scanned;
        IsEnded = isEnded;
    }

    // Keeps the beginning for the message and lets the rest go by unread.
    private void CutOff()
    {
        if (!_skipping)
        {
            (_skipping, IsTooLong) = (true, true);
            Current = _buffer.AsSpan(_start, Math.Min(256, maxLength)).ToArray();
        }
        _nextOffset += _end - _start;
        _start = _scanned = _end = 0;
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_scanned, _end, _start) = (_scanned - _start, _end - _start, 0);
        }
        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        // A read from a terminal or a pipe cannot be called off: we leave it behind, and its buffer with it.
        _isReading = true;
        var read = stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        var count = read.IsCompleted ? await read : await read.AsTask().WaitAsync(cancellation);
        _isReading = false;
        _end += count;
        _atEnd = count == 0;
    }
}
