using System.Text;

namespace Headgate.Caching;

/// <summary>Text within double quotes, where a backslash stands before what would end it.</summary>
internal static class QuotedText
{
    public static string Unescaped(ReadOnlySpan<char> inside)
    {
        var plain = new StringBuilder(inside.Length);
        for (var i = 0; i < inside.Length; i++)
            plain.Append(inside[i] == '\\' && i + 1 < inside.Length ? inside[++i] : inside[i]);
        return plain.ToString();
    }

    /// <summary>A string of a structured field (RFC 9651 §4.1.6); what cannot stand in one becomes a question mark.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c) : quoted.Append(c is < ' ' or > '~' ? '?' : c);
        return quoted.Append('"').ToString();
    }
}
