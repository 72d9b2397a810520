namespace Headgate.Quotas;

/// <summary>What is left to read of a header's value. Allocates nothing, throws nothing; numbers of any length are cut to 9·10^18.</summary>
internal ref struct TextCursor(ReadOnlySpan<char> text)
{
    private const long Most = 9_000_000_000_000_000_000;

    private ReadOnlySpan<char> _rest = text.Trim(" \t");

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly ReadOnlySpan<char> Rest => _rest;

    /// <summary>The next character; NUL at the end, which no value contains.</summary>
    public readonly char Next => _rest.IsEmpty ? '\0' : _rest[0];

    public void Skip(int count) => _rest = _rest[count..];

    public void Spaces() => _rest = _rest.TrimStart(" \t");

    public bool Take(char c)
    {
        if (Next != c || _rest.IsEmpty)
            return false;
        _rest = _rest[1..];
        return true;
    }

    /// <summary>Takes a word whatever its case.</summary>
    public bool Take(ReadOnlySpan<char> word)
    {
        if (!_rest.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            return false;
        _rest = _rest[word.Length..];
        return true;
    }

    /// <summary>Takes exactly so many digits; -1 if they are not there.</summary>
    public int Digits(int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            if (i >= _rest.Length || !char.IsAsciiDigit(_rest[i]))
                return -1;
            value = value * 10 + (_rest[i] - '0');
        }
        _rest = _rest[count..];
        return value;
    }

    /// <summary>Takes <c>12</c>, <c>12.5</c>, <c>.5</c> or <c>12.</c>; the fraction in billionths, rounded up, and how many digits it had.</summary>
    public bool Number(out long whole, out long billionths, out int decimals)
    {
        (whole, billionths, decimals) = (0, 0, 0);
        var digits = 0;
        for (; char.IsAsciiDigit(Next); digits++)
        {
            whole = whole >= Most / 10 ? Most : whole * 10 + (Next - '0');
            Skip(1);
        }
        if (Next != '.' || (digits == 0 && (_rest.Length < 2 || !char.IsAsciiDigit(_rest[1]))))
            return digits > 0;
        Skip(1);
        var more = false;
        for (var unit = 100_000_000L; char.IsAsciiDigit(Next); unit /= 10, decimals++)
        {
            billionths += (Next - '0') * unit;
            more |= unit == 0 && Next != '0';
            Skip(1);
        }
        billionths += more ? 1 : 0;
        return true;
    }
}
