using System.Text;

namespace Headgate.Configuration;

/// <summary>Paths that are one to a server although they are written differently. Pure.</summary>
internal static class UrlPath
{
    /// <summary>What else may stand in a segment.</summary>
    private const string Segments = "-._~!$&'()+,;=:@";

    /// <summary>
    /// A path as it is compared: whatever may stand in a segment as it is (RFC 3986 §3.3) as itself, all else encoded, with capitals (§6.2.2).
    /// Callers whose paths are passed on as they came may write <c>/%761</c> for <c>/v1</c>: its limits are the same. Servers may tell <c>%3A</c>
    /// from <c>:</c>, but hardly any does, and a limit that counts both is kept either way.
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
            if (char.IsAsciiLetterOrDigit(letter) || Segments.Contains(letter))
                plain.Append(letter);
            else
                plain.Append('%').Append(char.ToUpperInvariant(path[at + 1])).Append(char.ToUpperInvariant(path[at + 2]));
            at += 2;
        }
        return plain.ToString();
    }

    /// <summary>What somebody wrote by hand as it goes out: letters that no URL has are encoded.</summary>
    public static string Encoded(string written) =>
        Ascii.IsValid(written) ? written : string.Concat(written.EnumerateRunes().Select(rune => rune.IsAscii ? rune.ToString() : Uri.EscapeDataString(rune.ToString())));

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
