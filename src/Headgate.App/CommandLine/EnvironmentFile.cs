using System.Text;
using Headgate.Configuration;

namespace Headgate.App.CommandLine;

/// <summary>
/// A file of variables, as many programs keep one beside them: a line is <c>NAME=value</c>, after <c>export</c> if you like; <c>#</c> begins a
/// comment. A value in single quotes is taken as it is; in double quotes <c>\n \r \t \" \\ \$</c> stand for what they usually do; both may go on over
/// lines. Nothing is put in for <c>$NAME</c>. No message shows a value.
/// </summary>
internal sealed class EnvironmentFile
{
    private const int LargestFile = 1 << 20;
    private const int MostErrors = 20;

    private readonly string _path;
    private readonly string _text;
    private readonly List<ConfigurationError> _errors = [];
    private readonly List<FileVariable> _variables = [];
    private int _at;
    private int _line = 1;
    private int _lineStart;

    private EnvironmentFile(string text, string path) => (_text, _path) = (text, path);

    /// <summary>Sets the variables of a file for this process, but for those that it has already.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, or something in it is no variable.</exception>
    public static void Load(string path)
    {
        string text;
        try
        {
            text = BoundedFile.ReadAllText(path, LargestFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException(new ValueOrigin(ValueSource.Flag, "--env-file"), $"{path} cannot be read: {failure.Message}");
        }
        foreach (var (name, value) in Read(text, path))
            if (Environment.GetEnvironmentVariable(name) is null)
                Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>The variables of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Where it came from, for messages.</param>
    /// <exception cref="ConfigurationException">Something in it is no variable: all errors together, with line and column.</exception>
    public static IReadOnlyDictionary<string, string> Read(string text, string path) => ReadPlaces(text, path).ToDictionary(variable => variable.Name, variable => variable.Value);

    /// <summary>The variables of a text in their order, each with the place of its value.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<FileVariable> ReadPlaces(string text, string path)
    {
        var file = new EnvironmentFile(text, path);
        while (file._at < text.Length && file._errors.Count < MostErrors)
            file.ReadLine();
        return file._errors.Count == 0 ? file._variables : throw new ConfigurationException(file._errors);
    }

    private char Current => _at < _text.Length ? _text[_at] : '\n';

    private void ReadLine()
    {
        SkipSpaces();
        if (Current is not ('#' or '\n' or '\r'))
            ReadVariable();
        while (_at < _text.Length && Current != '\n')
            _at++;
        PassLineEnd();
    }

    private void ReadVariable()
    {
        var name = ReadName();
        if (name == "export" && Current is ' ' or '\t')
        {
            SkipSpaces();
            name = ReadName();
        }
        var (line, column) = (_line, _at - name.Length - _lineStart + 1);
        SkipSpaces();
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            Wrong(line, column, "a line is NAME=value, or a comment behind #; a name is of letters, digits and underscores");
            return;
        }
        if (Current != '=')
        {
            // What stands there may be a secret without its name.
            Wrong(_line, _at - _lineStart + 1, "\"=\" is missing; a line is NAME=value, or a comment behind #");
            return;
        }
        _at++;
        SkipSpaces();
        var place = _at - _lineStart + 1;
        if ((Current is '"' or '\'' ? ReadQuoted() : ReadPlain()) is not { } value)
            return;
        if (value.Contains('\0', StringComparison.Ordinal))
            Wrong(line, column, $"the value of {Excerpt.Of(name)} has a null character in it");
        else if (_variables.Find(variable => variable.Name == name) is { } first)
            Wrong(line, column, $"{Excerpt.Of(name)} is given twice; the first is in line {first.Line}: keep one of them");
        else
            _variables.Add(new FileVariable(name, value, line, place));
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
        while (_at < _text.Length && Current is not '\n' && !(Current == '#' && (_at == from || _text[_at - 1] is ' ' or '\t')))
            _at++;
        return _text[from.._at].TrimEnd(' ', '\t', '\r');
    }

    private string? ReadQuoted()
    {
        var (line, column, quote) = (_line, _at - _lineStart + 1, Current);
        var value = new StringBuilder();
        for (_at++; _at < _text.Length && Current != quote; _at++)
            if (Current == '\n')
            {
                value.Append('\n');
                (_line, _lineStart) = (_line + 1, _at + 1);
            }
            else if (quote == '"' && Current == '\\' && _at + 1 < _text.Length && Escaped(_text[_at + 1]) is { } meant)
            {
                value.Append(meant);
                _at++;
            }
            else
                value.Append(Current);
        if (_at >= _text.Length)
        {
            Wrong(line, column, $"the quote {quote} is not closed");
            return null;
        }
        _at++;
        SkipSpaces();
        if (Current is '\n' or '\r' or '#')
            return value.ToString();
        Wrong(_line, _at - _lineStart + 1, "there is something behind the closing quote; put all of the value into the quotes");
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

    private void Wrong(int line, int column, string message) => _errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.File, _path, line, column), "", message));
}

/// <summary>A variable of a file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, which may be a secret.</param>
/// <param name="Line">The line of its name, from 1.</param>
/// <param name="Column">The column of its value, from 1.</param>
internal sealed record FileVariable(string Name, string Value, int Line, int Column)
{
    // Records write all they have.
    public override string ToString() => Name;
}
