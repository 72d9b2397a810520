using System.Text;
using System.Text.RegularExpressions;

namespace Headgate.App.Formats;

/// <summary>A variable of a file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, perhaps a secret.</param>
/// <param name="Place">Where its name stands.</param>
/// <param name="ValuePlace">Where its value stands.</param>
internal sealed record EnvironmentVariable(string Name, string Value, TextPlace Place, TextPlace ValuePlace)
{
    // Records write all they have.
    public override string ToString() => Name;
}

/// <summary>
/// A file of variables, such as <c>.env</c>: a line is <c>NAME=value</c>, after <c>export</c> if you like; <c>#</c> begins a comment at the
/// beginning of a line and behind a space. A value in single quotes is taken as it is; in double quotes <c>\n \r \t \" \\ \$</c> stand for what
/// they usually do; both may go on over lines. Nothing is put in for <c>$NAME</c>. No message shows a value.
/// </summary>
internal sealed partial class EnvironmentFile
{
    private const int MostErrors = 20;

    private readonly string _text;
    private readonly List<EnvironmentVariable> _variables = [];
    private readonly List<(TextPlace Place, string Message)> _errors = [];
    private int _at;
    private int _line = 1;
    private int _lineStart;

    private EnvironmentFile(string text) => _text = text;

    /// <summary>The variables in their order.</summary>
    public IReadOnlyList<EnvironmentVariable> Variables => _variables;

    /// <summary>What is wrong with it; none of it is to be used then.</summary>
    public IReadOnlyList<(TextPlace Place, string Message)> Errors => _errors;

    /// <summary>Reads a text.</summary>
    public static EnvironmentFile Read(string text)
    {
        var file = new EnvironmentFile(text);
        while (file._at < text.Length && file._errors.Count < MostErrors)
            file.ReadLine();
        return file;
    }

    /// <summary>Whether a line sets a variable, rather than being a key that ends in =.</summary>
    public static bool Sets(string line) => Assignment().Match(line) is { Success: true } match && line.AsSpan(match.Length).Trim().TrimStart('=') is not [];

    private char Current => _at < _text.Length ? _text[_at] : '\n';

    private TextPlace Here => new TextPlace(_line, 1, 0).After(Encoding.UTF8.GetBytes(_text[_lineStart.._at]));

    private void ReadLine()
    {
        SkipSpaces();
        if (Current is not ('#' or '\n' or '\r'))
            ReadVariable();
        while (Current != '\n')
            _at++;
        PassLineEnd();
    }

    private void ReadVariable()
    {
        var (place, name) = (Here, ReadName());
        if (name == "export" && Current is ' ' or '\t')
        {
            SkipSpaces();
            (place, name) = (Here, ReadName());
        }
        SkipSpaces();
        // What stands there may be a secret without its name.
        if (Current != '=')
            _errors.Add((Here, "\"=\" is missing; a line is NAME=value, or a comment that begins with #"));
        else if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            _errors.Add((place, "a line is NAME=value, or a comment that begins with #; a name is of letters, digits and underscores"));
        else
        {
            _at++;
            SkipSpaces();
            var valuePlace = Here;
            if ((Current is '"' or '\'' ? ReadQuoted() : ReadPlain()) is { } value)
                _variables.Add(new EnvironmentVariable(name, value, place, valuePlace));
        }
    }

    private string ReadName()
    {
        var from = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '_' or '.' or '-')
            _at++;
        return _text[from.._at];
    }

    /// <summary>Up to a comment, or the end of the line.</summary>
    private string ReadPlain()
    {
        var from = _at;
        while (Current != '\n' && !(Current == '#' && _text[_at - 1] is ' ' or '\t' or '='))
            _at++;
        return _text[from.._at].TrimEnd(' ', '\t', '\r');
    }

    private string? ReadQuoted()
    {
        var (place, quote, value) = (Here, Current, new StringBuilder());
        for (_at++; _at < _text.Length && Current != quote; _at++)
            if (quote == '"' && Current == '\\' && _at + 1 < _text.Length && Escaped(_text[_at + 1]) is { } meant)
            {
                value.Append(meant);
                _at++;
            }
            else
            {
                value.Append(Current);
                if (Current == '\n')
                    (_line, _lineStart) = (_line + 1, _at + 1);
            }
        if (_at >= _text.Length)
        {
            _errors.Add((place, $"the quote {quote} that begins here is not closed"));
            return null;
        }
        _at++;
        SkipSpaces();
        if (Current is '\n' or '\r' or '#')
            return value.ToString();
        _errors.Add((Here, "there is something behind the closing quote; put all of the value into the quotes"));
        return null;
    }

    private static char? Escaped(char letter) => letter switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '"' or '\\' or '$' => letter,
        _ => null,
    };

    private void PassLineEnd()
    {
        _at++;
        (_line, _lineStart) = (_line + 1, _at);
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t')
            _at++;
    }

    [GeneratedRegex(@"^\s*(?:export\s+)?(?<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignment();
}
