using System.Text;

namespace Headgate.App.Formats;

/// <summary>Writes a text as one word of a POSIX shell, on one line. Pure.</summary>
internal static class ShellQuote
{
    public static string Of(string text)
    {
        if (text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-._~:/@%+=,".Contains(c)))
            return text;
        return text.Any(char.IsControl) ? Escaped(text) : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary><c>$'…'</c>, where control characters have names.</summary>
    private static string Escaped(string text)
    {
        var quoted = new StringBuilder("$'");
        foreach (var c in text)
            quoted.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\'' => "\\'",
                '\\' => "\\\\",
                _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        return quoted.Append('\'').ToString();
    }
}
