using System.Globalization;
using System.Text;

namespace Headgate.App.Send;

/// <summary>
/// Splits a pasted command into words as a POSIX shell does: quotes of all three kinds, backslashes, lines that go on, variables. What only a
/// running shell can do (pipes, redirections, substitution of commands) is refused with its position, rather than sent as if it were text.
/// </summary>
/// <param name="text">The command.</param>
/// <param name="variable">Gives the value of a variable; null if it is not set.</param>
internal sealed class ShellWords(string text, Func<string, string?> variable)
{
    private readonly List<ShellWord> _words = [];
    private readonly StringBuilder _word = new();
    private bool _hasWord; // "" is a word too
    private int _at;
    private int _begin; // of the word

    /// <summary>The words.</summary>
    /// <exception cref="ShellTextException">A quote is not closed, or something needs a shell: the message says what and where.</exception>
    public static IReadOnlyList<ShellWord> Split(string text, Func<string, string?> variable) => new ShellWords(text, variable).Split();

    private List<ShellWord> Split()
    {
        while (_at < text.Length)
        {
            if (!_hasWord && _word.Length == 0)
                _begin = _at;
            var c = text[_at++];
            switch (c)
            {
                case ' ' or '\t' or '\n' or '\r':
                    EndWord();
                    break;
                case '\'':
                    TakeSingle();
                    break;
                case '"':
                    TakeDouble();
                    break;
                case '\\':
                    TakeBackslash();
                    break;
                case '$':
                    TakeDollar(isQuoted: false);
                    break;
                case '|' or '&' or ';' or '<' or '>' or '(' or ')' or '`':
                    throw Wrong(_at, $"\"{c}\" outside quotes is for a shell: paste the curl command alone, with its URL in quotes");
                default:
                    Take(c);
                    break;
            }
        }
        EndWord();
        return _words;
    }

    private void TakeSingle()
    {
        var end = text.IndexOf('\'', _at);
        if (end < 0)
            throw NotClosed(_at, '\'');
        _word.Append(text, _at, end - _at);
        (_at, _hasWord) = (end + 1, true);
    }

    private void TakeDouble()
    {
        var open = _at;
        _hasWord = true;
        while (_at < text.Length)
        {
            var c = text[_at++];
            if (c == '"')
                return;
            if (c == '`')
                throw Wrong(_at, "a command between ` is for a shell: put its output in its place");
            if (c == '$')
                TakeDollar(isQuoted: true);
            // Before anything else a backslash inside double quotes is itself.
            else if (c == '\\' && _at < text.Length && text[_at] is '"' or '\\' or '$' or '`' or '\n')
            {
                if (text[_at++] is not '\n' and var escaped)
                    Take(escaped);
            }
            else
                Take(c);
        }
        throw NotClosed(open, '"');
    }

    private void TakeBackslash()
    {
        if (_at == text.Length)
            return;
        // A line that goes on, also where it came from Windows.
        if (text[_at] == '\r' && _at + 1 < text.Length && text[_at + 1] == '\n')
            _at += 2;
        else if (text[_at] == '\n')
            _at++;
        else
            Take(text[_at++]);
    }

    private void TakeDollar(bool isQuoted)
    {
        var start = _at;
        var next = start < text.Length ? text[start] : '\0';
        if (next == '\'' && !isQuoted)
            TakeEscaped();
        else if (next == '(')
            throw Wrong(start, "a command in $( ) is for a shell: put its output in its place");
        else if (next == '{' || next == '_' || char.IsAsciiLetter(next))
            TakeVariable(start, isBraced: next == '{');
        else
            Take('$');
    }

    private void TakeVariable(int start, bool isBraced)
    {
        var (first, end) = (isBraced ? start + 1 : start, isBraced ? start + 1 : start);
        while (end < text.Length && (text[end] == '_' || char.IsAsciiLetterOrDigit(text[end])))
            end++;
        if (isBraced && (end == first || end == text.Length || text[end] != '}'))
            throw Wrong(start, "of ${ } only ${NAME} is understood");
        var name = text[first..end];
        _word.Append(variable(name) ?? throw Wrong(start, $"the variable {Excerpt.Of(name)} is not set: export it, or put its value in its place"));
        (_at, _hasWord) = (isBraced ? end + 1 : end, true);
    }

    /// <summary><c>$'…'</c>: as the C language writes characters. Bytes above 127 are UTF-8.</summary>
    private void TakeEscaped()
    {
        var open = ++_at;
        _hasWord = true;
        var bytes = new List<byte>();
        while (_at < text.Length)
        {
            var c = text[_at++];
            if (c == '\'')
            {
                Flush(bytes);
                return;
            }
            if (c == '\\' && _at < text.Length)
                TakeEscape(bytes);
            else
            {
                Flush(bytes);
                Take(c);
            }
        }
        throw NotClosed(open, '\'');
    }

    private void TakeEscape(List<byte> bytes)
    {
        var place = _at;
        var c = text[_at++];
        switch (c)
        {
            case 'x':
                bytes.Add((byte)Number(16, 2, c, place));
                break;
            case >= '0' and <= '7':
                _at--;
                bytes.Add((byte)Number(8, 3, c, place));
                break;
            case 'u' or 'U':
                Flush(bytes);
                TakeCodePoint(Number(16, c == 'u' ? 4 : 8, c, place), place);
                break;
            default:
                Flush(bytes);
                TakeLetter(c);
                break;
        }
        if (bytes is [.., 0])
            throw Wrong(place, "a NUL cannot be part of a word");
    }

    private void TakeLetter(char c)
    {
        var at = "abefnrtvE\\'\"?".IndexOf(c);
        if (at >= 0)
            Take("\a\b\e\f\n\r\t\v\e\\'\"?"[at]);
        else
            _word.Append('\\').Append(c); // what is no escape stays as it is
    }

    private void TakeCodePoint(int code, int place)
    {
        // Browsers write a pair of \u for what lies above U+FFFF.
        if (code is > 0 and <= 0xFFFF)
            Take((char)code);
        else if (Rune.IsValid(code) && code != 0)
            _word.Append(new Rune(code).ToString());
        else
            throw Wrong(place, "this is no character");
    }

    private int Number(int numberBase, int mostDigits, char what, int place)
    {
        var (value, digits) = (0L, 0);
        while (digits < mostDigits && _at < text.Length && char.IsAsciiHexDigit(text[_at]) && (numberBase == 16 || text[_at] is >= '0' and <= '7'))
        {
            value = value * numberBase + int.Parse(text.AsSpan(_at++, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            digits++;
        }
        return digits > 0 && value <= int.MaxValue ? (int)value : throw Wrong(place, $"\\{what} is not followed by its number");
    }

    private void Flush(List<byte> bytes)
    {
        if (bytes.Count == 0)
            return;
        try
        {
            _word.Append(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]));
        }
        catch (DecoderFallbackException)
        {
            throw Wrong(_at, "these bytes are not UTF-8: put the data into a file and send it with --data-binary @FILE");
        }
        bytes.Clear();
    }

    private void Take(char c)
    {
        _word.Append(c);
        _hasWord = true;
    }

    private void EndWord()
    {
        if (_hasWord)
            _words.Add(new ShellWord(_word.ToString(), _begin));
        _word.Clear();
        _hasWord = false;
    }

    private static ShellTextException NotClosed(int open, char quote) => Wrong(open, $"the quote {quote} that begins here is not closed");

    private static ShellTextException Wrong(int position, string what) => new(what, position - 1);
}

/// <summary>A word of a command.</summary>
/// <param name="Text">What the shell would make of it.</param>
/// <param name="Start">Where it is written, from 0.</param>
internal readonly record struct ShellWord(string Text, int Start);

/// <summary>A command cannot be split into words.</summary>
/// <param name="what">Why.</param>
/// <param name="start">Where, from 0.</param>
internal sealed class ShellTextException(string what, int start) : FormatException($"at position {start + 1} of the command: {what}")
{
    public string What => what;

    public int Start => start;
}
