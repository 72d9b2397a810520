using System.Buffers;
using System.Globalization;
using System.Text;

namespace Headgate.Connections;

/// <summary>How the head of an interim answer is found and read. Pure.</summary>
internal static class InterimHead
{
    /// <summary>How a status line of HTTP/1 begins up to its status; the digit of its version may be any.</summary>
    private const string Beginning = "HTTP/1.? ";

    private const int StatusLength = 3;

    private const int SwitchingProtocols = 101;

    private static readonly SearchValues<byte> OfTokens = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Whether bytes are how an interim answer begins.</summary>
    /// <returns>Null while they are too few to tell.</returns>
    public static bool? Begins(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < Math.Min(bytes.Length, Beginning.Length); at++)
            if (Beginning[at] == '?' ? !char.IsAsciiDigit((char)bytes[at]) : bytes[at] != Beginning[at])
                return false;
        for (var at = Beginning.Length; at < Math.Min(bytes.Length, Beginning.Length + StatusLength); at++)
            if (!char.IsAsciiDigit((char)bytes[at]) || (at == Beginning.Length && bytes[at] != '1'))
                return false;
        return bytes.Length < Beginning.Length + StatusLength ? null : StatusOf(bytes) != SwitchingProtocols;
    }

    /// <summary>Where a head ends: behind its empty line; -1 if that has not come.</summary>
    /// <param name="bytes">From its first byte.</param>
    /// <param name="searched">So many of them have been looked through already.</param>
    public static int EndOf(ReadOnlySpan<byte> bytes, int searched)
    {
        // The line end before may belong to an empty line of which the rest comes now.
        for (var at = Math.Max(0, searched - 2); bytes[at..].IndexOf((byte)'\n') is >= 0 and var found;)
        {
            at += found + 1;
            var rest = bytes[at..];
            if (rest.StartsWith("\n"u8))
                return at + 1;
            if (rest.StartsWith("\r\n"u8))
                return at + 2;
        }
        return -1;
    }

    /// <summary>Reads a whole head. A line that is no field is left out.</summary>
    public static InterimAnswer Read(ReadOnlySpan<byte> head)
    {
        var fields = new List<KeyValuePair<string, string>>();
        var lines = head[(head.IndexOf((byte)'\n') + 1)..];
        var reason = Text(head[(Beginning.Length + StatusLength)..^lines.Length]);
        while (lines.IndexOf((byte)'\n') is >= 0 and var end)
        {
            var line = lines[..end];
            lines = lines[(end + 1)..];
            if (line.IndexOf((byte)':') is > 0 and var colon && !line[..colon].ContainsAnyExcept(OfTokens))
                fields.Add(new(Text(line[..colon]), Text(line[(colon + 1)..])));
        }
        return new InterimAnswer(StatusOf(head), reason, fields);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes.Trim(" \t\r\n"u8));

    private static int StatusOf(ReadOnlySpan<byte> head) => int.Parse(head.Slice(Beginning.Length, StatusLength), CultureInfo.InvariantCulture);
}
