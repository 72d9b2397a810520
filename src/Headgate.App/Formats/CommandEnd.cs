namespace Headgate.App.Formats;

/// <summary>
/// Says, line by line, where a command of a shell ends: at the end of a line that is neither within quotes nor ends with a backslash.
/// Not thread-safe.
/// </summary>
internal sealed class CommandEnd
{
    private char _quote; // ' or ", $ for $'…', or none

    /// <summary>Takes a line without its end; says whether the command ends with it.</summary>
    public bool IsAt(ReadOnlySpan<char> line)
    {
        var isDollar = false; // before this sign, and itself
        for (var at = 0; at < line.Length; at++)
        {
            var (c, wasDollar) = (line[at], isDollar);
            isDollar = c == '$' && _quote == '\0';
            if (c == '\\' && _quote != '\'')
            {
                // What it stands before is itself; at the end of the line that is the line break.
                if (++at == line.Length)
                    return false;
            }
            else if (_quote == '\0' && c is '\'' or '"')
                _quote = c == '\'' && wasDollar ? '$' : c;
            else if ((_quote == '$' && c == '\'') || (_quote == c && c is '\'' or '"'))
                _quote = '\0';
        }
        return _quote == '\0';
    }
}
