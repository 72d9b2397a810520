namespace Headgate.Caching;

/// <summary>Reads what a <see cref="CompactWriter"/> has written, whatever it really is.</summary>
/// <exception cref="InvalidDataException">Of all members: it is something else, or not all of it.</exception>
internal ref struct CompactReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public long Number()
    {
        var number = Bits();
        return (long)(number >> 1) ^ -(long)(number & 1);
    }

    /// <summary>A number of things that are to come, each of a byte at least.</summary>
    public int Count() => Number() is >= 0 and var count && count <= _left.Length ? (int)count : throw Wrong();

    public string? Text()
    {
        var length = Number();
        if (length == -1)
            return null;
        if (length < 0 || length > _left.Length)
            throw Wrong();
        var letters = new char[length];
        foreach (ref var letter in letters.AsSpan())
            letter = Bits() is <= char.MaxValue and var bits ? (char)bits : throw Wrong();
        return new string(letters);
    }

    public string?[] Texts()
    {
        var texts = new string?[Count()];
        foreach (ref var text in texts.AsSpan())
            text = Text();
        return texts;
    }

    public ReadOnlySpan<byte> Raw(int count)
    {
        if (count > _left.Length)
            throw Wrong();
        var raw = _left[..count];
        _left = _left[count..];
        return raw;
    }

    private ulong Bits()
    {
        var bits = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_left.IsEmpty)
                throw Wrong();
            var next = _left[0];
            _left = _left[1..];
            bits |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return bits;
        }
        throw Wrong();
    }

    private static InvalidDataException Wrong() => new("it does not read as what was written");
}
