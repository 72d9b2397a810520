using System.Text;

namespace Headgate.Configuration;

/// <summary>Paths that are one to a server although they are written differently. Pure.</summary>
internal static class UrlPath
{
    /// <summary>
    /// A path as it is compared: letters, digits, <c>-</c>, <c>.</c>, <c>_</c> and <c>~</c> as themselves, whatever else is encoded with capitals
    /// (RFC 3986 §6.2.2). Callers whose paths are passed on as they came may write <c>/%761</c> for <c>/v1</c>: its limits are the same.
    /// </summary>
    public static string Plain(string path)
    {
        if (!path.Contains('%', StringComparison.Ordinal))
            return path;
        var plain = new StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            if (path[at] != '%' || at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            {
                plain.Append(path[at]);
                continue;
            }
            var letter = (char)Convert.ToByte(path.Substring(at + 1, 2), 16);
            if (char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or '~')
                plain.Append(letter);
            else
                plain.Append('%').Append(char.ToUpperInvariant(path[at + 1])).Append(char.ToUpperInvariant(path[at + 2]));
            at += 2;
        }
        return plain.ToString();
    }

    /// <summary>Where, in a path as it was written, what lies below a base path begins: as many segments into it.</summary>
    public static int Below(string written, string basePath)
    {
        var at = 0;
        foreach (var letter in basePath)
            if (letter == '/')
                at = written.AsSpan(at + 1).IndexOfAny('/', '?') is >= 0 and var next ? at + 1 + next : written.Length;
        return at;
    }
}
