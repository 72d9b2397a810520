namespace Headgate.Caching;

/// <summary>
/// The members of a comma-separated list, over all lines of its name, trimmed; empty ones are passed over (RFC 9110 §5.6.1). A comma within quotes
/// belongs to its member. Allocates nothing.
/// </summary>
internal ref struct ListMembers(FieldList fields, string name)
{
    private ReadOnlySpan<char> _rest = default;
    private int _next = 0;

    public ReadOnlySpan<char> Current { get; private set; } = default;

    public readonly ListMembers GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            while (_rest.IsEmpty)
            {
                if (_next == fields.Count)
                    return false;
                var field = fields[_next++];
                if (field.Is(name))
                    _rest = field.Value;
            }
            var end = EndOfMember(_rest);
            Current = _rest[..end].Trim(" \t");
            _rest = end == _rest.Length ? default : _rest[(end + 1)..];
            if (!Current.IsEmpty)
                return true;
        }
    }

    private static int EndOfMember(ReadOnlySpan<char> text)
    {
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
            if (text[i] == '"')
                isQuoted = !isQuoted;
            else if (text[i] == '\\' && isQuoted)
                i++;
            else if (text[i] == ',' && !isQuoted)
                return i;
        return text.Length;
    }
}
