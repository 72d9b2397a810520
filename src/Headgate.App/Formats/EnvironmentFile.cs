using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Headgate.App.Formats;

/// <summary>
/// The variables of a file such as <c>.env</c>: <c>NAME=value</c>, perhaps behind <c>export</c>, the value perhaps in quotes; <c>#</c> begins a
/// comment at the beginning of a line and behind a space.
/// </summary>
internal sealed partial class EnvironmentFile(string text)
{
    private int _at;

    /// <summary>Whether a line sets a variable, rather than being a key that ends in =.</summary>
    public static bool Sets(string line) => Assignment().Match(line) is { Success: true } match && line.AsSpan(match.Length).Trim().TrimStart('=') is not [];

    /// <summary>The variables in their order, those that are empty left out.</summary>
    /// <exception cref="SecretsException">A line is none, or a quote is not closed.</exception>
    public static IEnumerable<FoundKey> Read(string text)
    {
        var file = new EnvironmentFile(text);
        while (file.Next() is { } variable)
            if (variable.Value.Length > 0)
                yield return variable;
    }

    private FoundKey? Next()
    {
        while (_at < text.Length)
        {
            var line = text.AsSpan(_at, LineEnd() - _at);
            if (line.Trim() is [] or ['#', ..])
            {
                _at = Math.Min(LineEnd() + 1, text.Length);
                continue;
            }
            var match = Assignment().Match(line.ToString());
            if (!match.Success)
                throw new SecretsException("a line is NAME=value, or a comment that begins with #", PlaceOf(_at));
            _at += match.Length;
            while (_at < text.Length && text[_at] is ' ' or '\t')
                _at++;
            var place = PlaceOf(_at);
            var value = _at < text.Length && text[_at] is '"' or '\'' ? Quoted() : Plain();
            _at = Math.Min(LineEnd() + 1, text.Length);
            return new FoundKey(match.Groups["name"].Value, value, place) { IsSurely = false };
        }
        return null;
    }

    private string Plain()
    {
        var value = text[_at..LineEnd()];
        var comment = value.StartsWith('#') ? 0 : value.IndexOf(" #", StringComparison.Ordinal);
        return (comment < 0 ? value : value[..comment]).Trim();
    }

    /// <summary>Within double quotes a backslash escapes; within single ones it is itself. Both may go on over lines.</summary>
    private string Quoted()
    {
        var (open, quote, value) = (_at, text[_at++], new StringBuilder());
        for (; _at < text.Length && text[_at] != quote; _at++)
            if (quote == '"' && text[_at] == '\\' && _at + 1 < text.Length)
                value.Append(text[++_at] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other });
            else
                value.Append(text[_at]);
        if (_at == text.Length)
            throw new SecretsException($"the quote {quote} that begins here is not closed", PlaceOf(open));
        _at++;
        return value.ToString();
    }

    private int LineEnd() => text.IndexOf('\n', _at) is >= 0 and var end ? end : text.Length;

    private TextPlace PlaceOf(int at) => TextPlace.Beginning.After(Encoding.UTF8.GetBytes(text[..at]));

    [GeneratedRegex(@"^\s*(?:export\s+)?(?<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignment();
}
