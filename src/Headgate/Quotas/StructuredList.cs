using System.Buffers;

namespace Headgate.Quotas;

/// <summary>The types of RFC 9651 §3.3 that fields about limits and caches use.</summary>
internal enum StructuredType
{
    Integer,
    Decimal,
    String,
    Token,
    Bytes,
    Boolean,

    /// <summary>A list within brackets (§3.1.1).</summary>
    InnerList,
}

/// <summary>A bare item.</summary>
/// <param name="type">What it is.</param>
/// <param name="text">Its text, of a string without the quotes and as it is escaped, of bytes in base64, of a list without its brackets.</param>
/// <param name="number">Of an integer or a decimal its whole part; of a boolean 0 or 1.</param>
internal readonly ref struct StructuredItem(StructuredType type, ReadOnlySpan<char> text, long number)
{
    public StructuredType Type => type;

    public ReadOnlySpan<char> Text { get; } = text;

    public long Number => number;

    public bool IsName => type is StructuredType.String or StructuredType.Token;
}

/// <summary>
/// Reads a list of items with parameters (RFC 9651 §3.1, §4.2.1), or a dictionary of such (§3.2), one piece after the other. One that is malformed
/// anywhere must be ignored as a whole: ask <see cref="IsWellFormed"/> or <see cref="IsDictionary"/> first. Allocates nothing, throws nothing.
/// </summary>
internal ref struct StructuredList(ReadOnlySpan<char> text)
{
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~:/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("_-.*0123456789abcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> Base64Characters = SearchValues.Create("+/=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private TextCursor _rest = new(text);
    private bool _isBroken;
    private bool _isLater;

    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        var list = new StructuredList(text);
        while (list.NextItem(out _) && list.PassParameters())
        {
        }
        return !list._isBroken && list._isLater;
    }

    /// <summary>Whether it is a dictionary with something in it.</summary>
    public static bool IsDictionary(ReadOnlySpan<char> text)
    {
        var list = new StructuredList(text);
        while (list.NextMember(out _, out _) && list.PassParameters())
        {
        }
        return !list._isBroken && list._isLater;
    }

    /// <summary>The next item; what was not read of the parameters of the last one is passed over.</summary>
    public bool NextItem(out StructuredItem item)
    {
        item = default;
        return IsThereMore(',') && ReadBare(out item);
    }

    /// <summary>The next item of a list that stood within brackets.</summary>
    public bool NextInnerItem(out StructuredItem item)
    {
        item = default;
        return IsThereMore(' ') && ReadBare(out item);
    }

    /// <summary>The next member of a dictionary; one without a value is true. Of a key that stands twice the last counts.</summary>
    public bool NextMember(out ReadOnlySpan<char> key, out StructuredItem item)
    {
        key = default;
        item = new StructuredItem(StructuredType.Boolean, default, 1);
        return IsThereMore(',') && ReadKey(out key) && (!_rest.Take('=') || (_rest.Next == '(' ? ReadInnerList(out item) : ReadBare(out item)));
    }

    /// <summary>The next parameter of the item; one without a value is true.</summary>
    public bool NextParameter(out ReadOnlySpan<char> key, out StructuredItem value)
    {
        key = default;
        value = new StructuredItem(StructuredType.Boolean, default, 1);
        if (_isBroken || !_rest.Take(';'))
            return false;
        _rest.Spaces();
        if (ReadKey(out key) && _rest.Take('='))
            ReadBare(out value);
        return !_isBroken;
    }

    private bool IsThereMore(char separator)
    {
        PassParameters();
        var hasSpace = _rest.Next == ' ';
        _rest.Spaces();
        if (_isBroken || _rest.IsAtEnd)
            return false;
        if (_isLater && separator != ' ')
        {
            _isBroken = !_rest.Take(separator);
            _rest.Spaces();
        }
        else if (_isLater)
            _isBroken = !hasSpace;
        _isLater = true;
        return !_isBroken;
    }

    private bool ReadKey(out ReadOnlySpan<char> key)
    {
        key = Run(KeyCharacters);
        _isBroken |= key.IsEmpty || (!char.IsAsciiLetterLower(key[0]) && key[0] != '*');
        return !_isBroken;
    }

    private bool ReadInnerList(out StructuredItem item)
    {
        item = default;
        _rest.Skip(1);
        var start = _rest.Rest;
        var inner = this;
        inner._isLater = false;
        while (!inner._rest.Rest.TrimStart(' ').StartsWith(')'))
            if (!inner.NextInnerItem(out _) || !inner.PassParameters())
                return !(_isBroken = true);
        inner._rest.Spaces();
        var length = start.Length - inner._rest.Rest.Length;
        item = new StructuredItem(StructuredType.InnerList, start[..length], 0);
        _rest.Skip(length + 1);
        return true;
    }

    private bool PassParameters()
    {
        while (NextParameter(out _, out _))
        {
        }
        return !_isBroken;
    }

    private bool ReadBare(out StructuredItem item)
    {
        var first = _rest.Next;
        var isRead = first == '"' ? ReadString(out item)
            : first == ':' ? ReadBytes(out item)
            : first == '?' ? ReadBoolean(out item)
            : first == '-' || char.IsAsciiDigit(first) ? ReadNumber(out item)
            : ReadToken(out item);
        _isBroken |= !isRead;
        return !_isBroken;
    }

    private bool ReadString(out StructuredItem item)
    {
        item = default;
        var inside = _rest.Rest[1..];
        for (var i = 0; i < inside.Length; i++)
            if (inside[i] == '"')
            {
                item = new StructuredItem(StructuredType.String, inside[..i], 0);
                _rest.Skip(i + 2);
                return true;
            }
            else if (inside[i] is < ' ' or > '~' || (inside[i] == '\\' && (++i == inside.Length || inside[i] is not ('"' or '\\'))))
                return false;
        return false;
    }

    private bool ReadBytes(out StructuredItem item)
    {
        _rest.Skip(1);
        item = new StructuredItem(StructuredType.Bytes, Run(Base64Characters), 0);
        return _rest.Take(':');
    }

    private bool ReadBoolean(out StructuredItem item)
    {
        _rest.Skip(1);
        item = new StructuredItem(StructuredType.Boolean, default, _rest.Next == '1' ? 1 : 0);
        return _rest.Take('0') || _rest.Take('1');
    }

    // At most 15 digits, or 12 and a fraction of 3.
    private bool ReadNumber(out StructuredItem item)
    {
        var all = _rest.Rest;
        var isNegative = _rest.Take('-');
        var start = _rest.Rest;
        item = default;
        if (!char.IsAsciiDigit(_rest.Next) || !_rest.Number(out var whole, out _, out var decimals))
            return false;
        var length = start.Length - _rest.Rest.Length;
        var hasPoint = start[..length].Contains('.');
        item = new StructuredItem(hasPoint ? StructuredType.Decimal : StructuredType.Integer, all[..(all.Length - _rest.Rest.Length)], isNegative ? -whole : whole);
        return hasPoint ? decimals is >= 1 and <= 3 && length - decimals - 1 <= 12 : length <= 15;
    }

    private bool ReadToken(out StructuredItem item)
    {
        var isToken = char.IsAsciiLetter(_rest.Next) || _rest.Next == '*';
        item = new StructuredItem(StructuredType.Token, Run(TokenCharacters), 0);
        return isToken;
    }

    private ReadOnlySpan<char> Run(SearchValues<char> characters)
    {
        var rest = _rest.Rest;
        var end = rest.IndexOfAnyExcept(characters);
        var run = end < 0 ? rest : rest[..end];
        _rest.Skip(run.Length);
        return run;
    }
}
