namespace Headgate.Limits;

/// <summary>
/// A row of integers on which a state is laid down, and from which it is taken up again. A state names what it remembers once, for both ways.
/// </summary>
internal ref struct Tape
{
    private readonly Span<long> _cells;
    private int _length;

    private Tape(Span<long> cells, bool isReading)
    {
        _cells = cells;
        IsReading = isReading;
    }

    public bool IsReading { get; }

    /// <summary>How many integers have passed; more than there is room for if not all of them could be written.</summary>
    public readonly int Length => _length;

    public static Tape Reading(Span<long> from) => new(from, isReading: true);

    public static Tape Writing(Span<long> into) => new(into, isReading: false);

    public void Pass(ref long value)
    {
        var at = _length++;
        if (IsReading)
            value = _cells[at];
        else if (at < _cells.Length)
            _cells[at] = value;
    }

    public void Pass(ref Int128 value)
    {
        var (high, low) = ((long)(value >> 64), unchecked((long)(ulong)value));
        Pass(ref high);
        Pass(ref low);
        value = new Int128(unchecked((ulong)high), unchecked((ulong)low));
    }

    public void Pass(Span<long> values)
    {
        var at = _length;
        _length += values.Length;
        if (IsReading)
            _cells[at.._length].CopyTo(values);
        else if (_length <= _cells.Length)
            values.CopyTo(_cells[at..]);
    }
}
