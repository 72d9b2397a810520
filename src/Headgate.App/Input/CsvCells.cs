using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>Cuts a record of a table into its cells, without copying those that have no doubled quotes.</summary>
/// <remarks>Not thread-safe; one record at a time.</remarks>
internal sealed class CsvCells
{
    private readonly List<(int Start, int Length, bool IsQuoted)> _cells = [];
    private byte[] _scratch = [];

    public int Count => _cells.Count;

    /// <summary>The byte of the record where a cell begins, with its quote.</summary>
    public int Start(int index) => _cells[index].Start;

    /// <exception cref="RequestFaultException">The record breaks the rules of RFC 4180, or is not UTF-8.</exception>
    public void Split(ReadOnlySpan<byte> record)
    {
        _cells.Clear();
        if (!System.Text.Unicode.Utf8.IsValid(record))
            throw new RequestFaultException("the record is not UTF-8", 0);
        for (var start = 0; ; start += _cells[^1].Length + 1)
        {
            var rest = record[start..];
            var isQuoted = rest is [(byte)'"', ..];
            var length = isQuoted ? QuotedLength(rest, start) : PlainLength(rest, start);
            _cells.Add((start, length, isQuoted));
            if (start + length >= record.Length)
                return;
        }
    }

    /// <summary>The value of a cell, without its quotes. Gone at the next call.</summary>
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> record, int index)
    {
        var (start, length, isQuoted) = _cells[index];
        if (!isQuoted)
            return record.Slice(start, length);
        var inner = record.Slice(start + 1, length - 2);
        return inner.Contains((byte)'"') ? Undouble(inner) : inner;
    }

    private static int PlainLength(ReadOnlySpan<byte> rest, int start)
    {
        var end = rest.IndexOfAny((byte)',', (byte)'"');
        if (end >= 0 && rest[end] == '"')
            throw new RequestFaultException("a quote inside a value: put the whole value into quotes and double those inside it", start + end);
        return end < 0 ? rest.Length : end;
    }

    private static int QuotedLength(ReadOnlySpan<byte> rest, int start)
    {
        for (var at = 1; ; at += 2)
        {
            var quote = rest[at..].IndexOf((byte)'"');
            if (quote < 0)
                throw new RequestFaultException("the quote that is opened here is never closed", start);
            at += quote;
            if (at + 1 == rest.Length || rest[at + 1] == ',')
                return at + 1;
            if (rest[at + 1] != '"')
                throw new RequestFaultException("text after the closing quote: double the quotes inside a value", start + at + 1);
        }
    }

    private ReadOnlySpan<byte> Undouble(ReadOnlySpan<byte> inner)
    {
        if (_scratch.Length < inner.Length)
            _scratch = new byte[Math.Max(inner.Length, _scratch.Length * 2)];
        var length = 0;
        for (var i = 0; i < inner.Length; i++)
        {
            _scratch[length++] = inner[i];
            i += inner[i] == '"' ? 1 : 0;
        }
        return _scratch.AsSpan(0, length);
    }
}
